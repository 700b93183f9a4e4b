// SPDX-License-Identifier: MIT
#include "ctl/records.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <string_view>

#include "ctl/table.hpp"

namespace xsuperd::ctl {

namespace {

namespace json = control::json;

/// Numbers with a fraction are seconds.
std::string number_text(const json::value& value) {
  return value.is_double() ? fmt::format("{:.6f}", value.get_double()) : json::serialize(value);
}

std::string text_of(const json::value& value) { return value.is_string() ? std::string(value.get_string()) : number_text(value); }

std::string text_at(const json::object& record, std::string_view name) {
  const json::value* found = record.if_contains(name);
  return found ? text_of(*found) : std::string();
}

/// Of "2026-12-01T11:30:11.123456Z", in local time and up to milliseconds; what is of another form as it is.
std::string time_text(const std::string& stamp) {
  std::tm utc{};
  const char* rest = ::strptime(stamp.c_str(), "%Y-%m-%dT%H:%M:%S", &utc);
  if (!rest || *rest != '.') return stamp;
  const std::time_t when = ::timegm(&utc);
  std::tm local{};
  ::localtime_r(&when, &local);
  return fmt::format("{:02}-{:02} {:02}:{:02}:{:02}{:.4}", local.tm_mon + 1, local.tm_mday, local.tm_hour, local.tm_min, local.tm_sec, rest);
}

/// "192.0.2.7:4711", "[2001:db8::7]:4711".
std::string peer_text(const json::object& record) {
  const std::string address = text_at(record, "peer"), port = text_at(record, "port");
  if (port.empty()) return address;
  return address.find(':') == address.npos ? fmt::format("{}:{}", address, port) : fmt::format("[{}]:{}", address, port);
}

constexpr std::array<std::string_view, 7> told_apart{"schema", "time", "event", "service", "id", "peer", "port"};

}  // namespace

std::string record_line(const json::object& record) {
  std::string line = fmt::format("{}  {:<7}", time_text(text_at(record, "time")), text_at(record, "event"));
  if (const std::string id = text_at(record, "id"); !id.empty()) line += "  " + id;
  if (const std::string peer = peer_text(record); !peer.empty()) line += "  from " + peer;
  std::string_view before = "  ";
  for (const auto& [name, value] : record) {
    if (std::find(told_apart.begin(), told_apart.end(), std::string_view(name)) != told_apart.end()) continue;
    line += fmt::format("{}{}={}", std::exchange(before, " "), std::string_view(name), text_of(value));
  }
  return fit_for_terminal(line);
}

std::string record_json(const json::object& record) {
  std::string text;
  for (const auto& [name, value] : record) {
    text += text.empty() ? '{' : ',';
    text += json::serialize(json::value(name)) + ":" + number_text(value);
  }
  return text.empty() ? "{}" : text + "}";
}

std::string record_lines(const std::vector<json::object>& records) {
  std::string text;
  for (const json::object& record : records) text += record_line(record) + "\n";
  return text;
}

}  // namespace xsuperd::ctl
