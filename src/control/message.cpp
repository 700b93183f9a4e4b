// SPDX-License-Identifier: MIT
#include "xsuperd/control/message.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "xsuperd/base/text.hpp"
#include "xsuperd/base/utf8.hpp"

namespace xsuperd::control {

namespace {

struct CodeWord {
  Code code;
  std::string_view text;
};
constexpr CodeWord words[]{
    {Code::bad_request, "bad_request"}, {Code::wrong_version, "wrong_version"}, {Code::unknown_command, "unknown_command"},
    {Code::not_allowed, "not_allowed"}, {Code::not_found, "not_found"},         {Code::failed, "failed"},
    {Code::refused, "refused"},         {Code::busy, "busy"},
};

constexpr std::size_t deepest = 16;

std::optional<json::object> parse_object(std::string_view text, std::string& why) {
  json::parse_options options;
  options.max_depth = deepest;
  json::error_code error;
  json::value value = json::parse(text, error, {}, options);
  if (error) {
    why = error.message();
    return std::nullopt;
  }
  if (!value.is_object()) {
    why = "it is not an object";
    return std::nullopt;
  }
  return std::move(value.get_object());
}

}  // namespace

std::string_view word_of(Code code) {
  const auto word = std::find_if(std::begin(words), std::end(words), [&](const CodeWord& w) { return w.code == code; });
  return word == std::end(words) ? "failed" : word->text;
}

std::optional<Code> code_of(std::string_view text) {
  for (const CodeWord& word : words)
    if (word.text == text) return word.code;
  return std::nullopt;
}

std::string request_text(const Request& request) {
  return json::serialize(
      json::object{{"version", protocol_version}, {"command", request.command}, {"arguments", request.arguments}});
}

std::variant<Request, Failure> parse_request(std::string_view text) {
  std::string why;
  auto object = parse_object(text, why);
  if (!object) return Failure{Code::bad_request, "the request is not valid JSON: " + why};
  const auto version = number_at(*object, "version");
  if (!version) return Failure{Code::bad_request, "the request has no version"};
  if (*version != protocol_version)
    return Failure{Code::wrong_version, fmt::format("the request uses version {} of the protocol, but only {} is "
                                                    "supported",
                                                    *version, protocol_version)};
  auto command = string_at(*object, "command");
  if (!command) return Failure{Code::bad_request, "the request has no command"};
  Request request{std::move(*command)};
  if (auto* arguments = object->if_contains("arguments")) {
    if (!arguments->is_object()) return Failure{Code::bad_request, "the arguments are not an object"};
    request.arguments = std::move(arguments->get_object());
  }
  return request;
}

std::string final_text(const Reply& reply) {
  json::object object{{"version", protocol_version}, {"ok", !reply.failure}};
  if (!reply.failure) {
    object["result"] = reply.result;
  } else {
    json::object error{{"code", word_of(reply.failure->code)}, {"sentence", json_text(reply.failure->sentence)}};
    if (!reply.failure->details.empty()) error["details"] = reply.failure->details;
    object["error"] = std::move(error);
  }
  return json::serialize(object);
}

std::string rows_text(const Rows& rows, std::size_t enough) {
  std::string text;
  while (text.size() < enough) {
    const auto row = rows();
    if (!row) break;
    text += (text.empty() ? fmt::format("{{\"version\":{},\"rows\":[", protocol_version) : ",") + json::serialize(*row);
  }
  return text.empty() ? text : text + "]}";
}

base::Result<ReplyPart> parse_reply(std::string_view text) {
  std::string why;
  auto object = parse_object(text, why);
  if (!object) return base::Error{0, "invalid reply from the daemon: " + why};
  if (number_at(*object, "version") != protocol_version)
    return base::Error{0, "the daemon uses another version of the protocol"};
  ReplyPart part;
  if (auto* rows = object->if_contains("rows"); rows && rows->is_array()) part.rows = std::move(rows->get_array());
  const auto* ok = object->if_contains("ok");
  if (!ok || !ok->is_bool()) return part;
  part.last = true;
  if (auto* result = object->if_contains("result"); result && result->is_object()) part.result = result->get_object();
  if (ok->get_bool()) return part;
  part.failure = Failure{};
  const auto* error = object->if_contains("error");
  if (!error || !error->is_object()) return part;
  part.failure->sentence = string_at(error->get_object(), "sentence").value_or("");
  part.failure->code = code_of(string_at(error->get_object(), "code").value_or("")).value_or(Code::failed);
  if (const auto* details = error->get_object().if_contains("details"); details && details->is_object())
    part.failure->details = details->get_object();
  return part;
}

std::string json_text(std::string_view bytes) {
  for (std::string_view rest = bytes; !rest.empty();) {
    const std::size_t length = base::utf8_length(rest);
    if (length == 0) return base::escaped(bytes, bytes.size() + 1);
    rest.remove_prefix(length);
  }
  return std::string(bytes);
}

std::optional<std::string> string_at(const json::object& object, std::string_view name) {
  const auto* value = object.if_contains(name);
  if (!value || !value->is_string()) return std::nullopt;
  return std::string(value->get_string());
}

std::optional<std::int64_t> number_at(const json::object& object, std::string_view name) {
  const auto* value = object.if_contains(name);
  if (!value) return std::nullopt;
  if (value->is_int64()) return value->get_int64();
  const bool fits = value->is_uint64() && value->get_uint64() <= std::numeric_limits<std::int64_t>::max();
  return fits ? std::optional(static_cast<std::int64_t>(value->get_uint64())) : std::nullopt;
}

bool true_at(const json::object& object, std::string_view name) {
  const auto* value = object.if_contains(name);
  return value && value->is_bool() && value->get_bool();
}

}  // namespace xsuperd::control
