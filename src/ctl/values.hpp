// SPDX-License-Identifier: MIT
// Members of an answer as text. Internal to ctl; pure. What is missing, as a daemon of another version may leave it out,
// is "-".
#pragma once
#include <string>
#include <string_view>

#include "xsuperd/control/message.hpp"

namespace xsuperd::ctl {

namespace json = control::json;

[[nodiscard]] const json::object& object_at(const json::object& object, std::string_view name);
[[nodiscard]] const json::array& array_at(const json::object& object, std::string_view name);
[[nodiscard]] std::string text_at(const json::object& object, std::string_view name);
/// Seconds; nothing when it is missing or null.
[[nodiscard]] std::optional<double> seconds_at(const json::object& object, std::string_view name);
/// Local date and time; "-" also for what lies thousands of years away.
[[nodiscard]] std::string date_at(const json::object& object, std::string_view name);
/// How long before `now` it was.
[[nodiscard]] std::string ago_at(const json::object& object, std::string_view name, double now);
/// "FILE:LINE" of an object {file, line}.
[[nodiscard]] std::string place_text(const json::object& place);

}  // namespace xsuperd::ctl
