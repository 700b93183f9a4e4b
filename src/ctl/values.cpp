// SPDX-License-Identifier: MIT
#include "ctl/values.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <cmath>
#include <ctime>

#include "ctl/table.hpp"

namespace xsuperd::ctl {

const json::object& object_at(const json::object& object, std::string_view name) {
  static const json::object empty;
  const auto* value = object.if_contains(name);
  return value && value->is_object() ? value->get_object() : empty;
}

const json::array& array_at(const json::object& object, std::string_view name) {
  static const json::array empty;
  const auto* value = object.if_contains(name);
  return value && value->is_array() ? value->get_array() : empty;
}

std::string text_at(const json::object& object, std::string_view name) {
  const auto* value = object.if_contains(name);
  if (!value || value->is_null()) return "-";
  if (value->is_string()) return std::string(value->get_string());
  if (value->is_bool()) return value->get_bool() ? "yes" : "no";
  if (value->is_double()) return fmt::format("{:.2f}", value->get_double());
  return json::serialize(*value);
}

std::optional<double> seconds_at(const json::object& object, std::string_view name) {
  const auto* value = object.if_contains(name);
  if (!value || !value->is_number()) return std::nullopt;
  return value->to_number<double>();
}

std::string date_at(const json::object& object, std::string_view name) {
  const auto seconds = seconds_at(object, name);
  // Years that have five digits, and numbers that std::time_t cannot hold, are no dates.
  if (!seconds || !(std::abs(*seconds) < 1e11)) return "-";
  const auto when = static_cast<std::time_t>(std::floor(*seconds));
  std::tm parts{};
  ::localtime_r(&when, &parts);
  return fmt::format("{:%Y-%m-%d %H:%M:%S}", parts);
}

std::string ago_at(const json::object& object, std::string_view name, double now) {
  const auto seconds = seconds_at(object, name);
  return seconds ? duration_text(now - *seconds) : "-";
}

std::string place_text(const json::object& place) {
  return fmt::format("{}:{}", text_at(place, "file"), text_at(place, "line"));
}

}  // namespace xsuperd::ctl
