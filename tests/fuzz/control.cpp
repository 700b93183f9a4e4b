// SPDX-License-Identifier: MIT
// What clients send to the control socket. The first byte says in how large pieces the stream arrives.
#include <algorithm>

#include "fuzz/target.hpp"
#include "xsuperd/control/frame.hpp"
#include "xsuperd/control/message.hpp"

using namespace xsuperd;
using namespace xsuperd::control;
using fuzz::must;

namespace {

/// Frames must come out alike, however the stream is cut.
std::vector<std::string> bodies(std::string_view stream, std::size_t piece, std::optional<std::size_t>& too_long) {
  FrameReader reader(longest_request);
  std::vector<std::string> all;
  while (!stream.empty()) {
    reader.feed(stream.substr(0, piece));
    stream.remove_prefix(std::min(piece, stream.size()));
    while (auto body = reader.next()) {
      must(body->size() <= longest_request);
      all.push_back(std::move(*body));
    }
  }
  too_long = reader.too_long();
  must(!too_long || *too_long > longest_request);
  return all;
}

void check_failure(const Failure& failure) {
  must(!failure.sentence.empty());
  const auto part = parse_reply(final_text({{}, {}, failure}));
  must(part && part->last && part->failure);
  must(part->failure->code == failure.code && part->failure->sentence == json_text(failure.sentence));
}

/// Whether a number with a point or an exponent is in it: such a one need not be read again as it was
/// written; what is too large is written in a way that is not read at all.
bool has_double(const boost::json::value& value) {
  if (const auto* object = value.if_object())
    return std::any_of(object->begin(), object->end(), [](const auto& member) { return has_double(member.value()); });
  if (const auto* array = value.if_array()) return std::any_of(array->begin(), array->end(), has_double);
  return value.is_double();
}

void check_request(const Request& request) {
  const auto parsed = parse_request(request_text(request));
  const auto* again = std::get_if<Request>(&parsed);
  must(has_double(request.arguments) ||
       (again && again->command == request.command && again->arguments == request.arguments));
  for (const auto& member : request.arguments) {
    (void)number_at(request.arguments, member.key());
    (void)true_at(request.arguments, member.key());
    if (const auto text = string_at(request.arguments, member.key())) must(json_text(*text) == *text);
  }
}

void check(std::string_view body) {
  const auto parsed = parse_request(body);
  if (const auto* failure = std::get_if<Failure>(&parsed)) check_failure(*failure);
  if (const auto* request = std::get_if<Request>(&parsed)) check_request(*request);
}

}  // namespace

FUZZ_TARGET(control) {
  fuzz::Source source(input);
  const std::size_t piece = source.byte() + 1U;
  const std::string_view stream = source.rest();
  std::optional<std::size_t> whole_too_long, cut_too_long;
  const auto whole = bodies(stream, std::max<std::size_t>(stream.size(), 1), whole_too_long);
  must(whole == bodies(stream, piece, cut_too_long) && whole_too_long == cut_too_long);
  for (const std::string& body : whole) check(body);
  // The text by itself, for whoever finds lengths hard to guess.
  check(stream);
  FrameReader reader(longest_request);
  reader.feed(frame(stream));
  must(stream.size() > longest_request || reader.next() == stream);
  must(fuzz::harmless(json_text(stream)) || fuzz::harmless(json_text(stream)) == fuzz::harmless(stream));
}
