// SPDX-License-Identifier: MIT
// hosts.allow and hosts.deny: that no rule in them is overlooked; and what the daemon and its helper say to each other.
// The first byte says which.
#include <array>
#include <cstring>
#include <limits>

#include "fuzz/target.hpp"
#include "net/libwrap_protocol.hpp"
#include "net/libwrap_tables.hpp"

using namespace xsuperd;
using namespace xsuperd::net;
using fuzz::must;

namespace {

constexpr std::size_t line_room = 2048;  // of libwrap's buffer, with the NUL

/// Whether libwrap finds a rule in the text: it reads with fgets(3) what fits into its buffer, joins lines that a
/// backslash ends, and takes for a rule whatever neither is blank nor begins with '#' (hosts_access(5)).
bool libwrap_finds_rule(std::string_view text) {
  while (!text.empty()) {
    std::string line;
    bool ended = false;
    while (!text.empty() && !ended && line.size() < line_room - 1) {
      const std::size_t room = line_room - 1 - line.size();
      const std::size_t end = std::min(text.find('\n'), text.size() - 1) + 1;
      std::string_view got = text.substr(0, std::min(end, room));
      text.remove_prefix(got.size());
      got = got.substr(0, got.find('\0'));
      ended = got.ends_with('\n');
      const bool goes_on = got.ends_with("\\\n");
      line += goes_on ? got.substr(0, got.size() - 2) : got;
      if (goes_on) ended = false;
      if (got.empty()) break;
    }
    if (line.ends_with('\n') && line.front() != '#' && line.find_first_not_of(" \t\r\n") != line.npos) return true;
  }
  return false;
}

void check_request(std::string_view bytes, bool connection) {
  wrap::Request request{};
  std::memcpy(static_cast<void*>(&request), bytes.data(), std::min(bytes.size(), sizeof request));
  if (!wrap::valid(request, bytes.size(), connection)) return;
  must(bytes.size() <= sizeof request && request.group_count <= wrap::most_groups);
  must(std::memchr(request.daemon.data(), 0, request.daemon.size()) != nullptr);
  LibwrapQuestion question;
  question.daemon = request.daemon.data();
  question.peer = wrap::endpoint_of(request.peer);
  question.local = wrap::endpoint_of(request.local);
  question.connection = connection ? 7 : -1;
  if (request.has_user == 1)
    question.user = LibwrapUser{request.uid, request.gid, {request.groups.begin(), request.groups.begin() + request.group_count}};
  wrap::Request again{};
  must(wrap::encode(question, request.id, again));
  must(wrap::valid(again, wrap::request_size(again.group_count), connection));
  must(wrap::endpoint_of(again.peer) == base::Endpoint{question.peer.address.unmapped(), question.peer.port});
}

void check_reply(std::string_view bytes) {
  wrap::Reply reply{};
  std::memcpy(static_cast<void*>(&reply), bytes.data(), std::min(bytes.size(), sizeof reply));
  if (wrap::valid(reply, bytes.size())) must(reply.answer <= static_cast<std::uint32_t>(LibwrapAnswer::twisted));
}

/// A name and groups of any length either fit, and arrive, or are refused.
void check_question(fuzz::Source& source) {
  LibwrapQuestion question;
  question.user.emplace();
  question.user->groups.resize(source.below(2) * source.below(wrap::most_groups + 2), 100);
  question.daemon = source.text(source.below(wrap::longest_name + 3));
  const bool fits = question.user->groups.size() <= wrap::most_groups && question.daemon.size() <= wrap::longest_name &&
                    question.daemon.find('\0') == std::string::npos;
  wrap::Request request{};
  must(wrap::encode(question, 1, request) == fits);
  if (fits) must(request.daemon.data() == question.daemon);
}

}  // namespace

FUZZ_TARGET(libwrap) {
  fuzz::Source source(input);
  switch (source.byte() % 5) {
    case 0: return check_request(source.rest(), false);
    case 1: return check_request(source.rest(), true);
    case 2: return check_reply(source.rest());
    case 3: return check_question(source);
    default: break;
  }
  const std::string_view text = source.rest();
  // It may ask libwrap in vain, but never not ask.
  if (libwrap_finds_rule(text)) must(wrap::any_rule(text));
}
