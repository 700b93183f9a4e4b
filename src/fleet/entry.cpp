// SPDX-License-Identifier: MIT
#include "fleet/entry.hpp"

#include <fmt/format.h>

#include <boost/json.hpp>
#include <charconv>
#include <utility>

#include "xsuperd/fleet/words.hpp"

namespace xsuperd::fleet {

namespace {

namespace json = boost::json;

/// Without an exception, and without depth: what is told is flat.
std::optional<json::object> object_of(std::string_view text) {
  if (text.size() > longest_entry) return std::nullopt;
  boost::system::error_code error;
  json::parse_options options;
  options.max_depth = 4;
  json::value value = json::parse(text, error, {}, options);
  if (error || !value.is_object()) return std::nullopt;
  return std::move(value.get_object());
}

std::string_view text_in(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  return value && value->is_string() ? std::string_view(value->get_string()) : std::string_view();
}

Entry entry_in(const json::object& object) {
  return {plain(text_in(object, "host")), plain(text_in(object, "reason"))};
}

/// Only whole numbers that a ban can last.
std::optional<std::uint64_t> seconds_in(const json::object& object) {
  const json::value* value = object.if_contains("seconds");
  if (!value) return std::nullopt;
  boost::system::error_code error;
  const auto number = value->to_number<std::uint64_t>(error);
  return error || number > most_seconds ? std::nullopt : std::optional(number);
}

std::optional<policy::Network> network_in(std::string_view text) {
  const auto peer = policy::Network::parse(text);
  return peer && peer->address.is_ip() && peer->address.scope() == 0 ? peer : std::nullopt;
}

void put(json::object& to, const Entry& entry) {
  to["host"] = plain(entry.host);
  to["reason"] = plain(entry.reason);
}

}  // namespace

std::string key_of(const policy::Network& peer) { return fmt::format("{}{}", key_begin, peer.text()); }

std::string key_of(const Count& count, std::uint64_t bucket) {
  std::string key(count.what == Count::What::sessions ? now_begin : rate_begin);
  for (const char c : count.service) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'), digit = c >= '0' && c <= '9';
    if (letter || digit || c == '_' || c == '.' || c == '-')
      key += c;
    else
      key += fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return fmt::format("{}:{}:{}", key, count.source.text(), bucket);
}

std::optional<policy::Network> peer_of(std::string_view key) {
  return key.starts_with(key_begin) ? network_in(key.substr(key_begin.size())) : std::nullopt;
}

std::string text_of(const Entry& entry) {
  json::object object;
  put(object, entry);
  return json::serialize(object);
}

std::optional<Entry> read_entry(std::string_view text) {
  const auto object = object_of(text);
  return object ? std::optional(entry_in(*object)) : std::nullopt;
}

std::string text_of(const Notice& notice) {
  json::object object;
  object["by"] = fmt::format("{:016x}", notice.by);
  object[notice.lifted ? "unban" : "ban"] = notice.peer.text();
  if (!notice.lifted) {
    object["seconds"] = notice.seconds;
    put(object, notice.entry);
  }
  return json::serialize(object);
}

std::optional<Notice> read_notice(std::string_view text) {
  const auto object = object_of(text);
  if (!object) return std::nullopt;
  Notice notice{.lifted = !object->contains("ban")};
  const std::string_view by = text_in(*object, "by");
  if (std::from_chars(by.data(), by.data() + by.size(), notice.by, 16).ec != std::errc()) notice.by = 0;
  const auto peer = network_in(text_in(*object, notice.lifted ? "unban" : "ban"));
  if (!peer) return std::nullopt;
  notice.peer = *peer;
  if (notice.lifted) return notice;
  const auto seconds = seconds_in(*object);
  if (!seconds) return std::nullopt;
  notice.seconds = *seconds;
  notice.entry = entry_in(*object);
  return notice;
}

}  // namespace xsuperd::fleet
