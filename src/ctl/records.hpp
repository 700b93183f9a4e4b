// SPDX-License-Identifier: MIT
// Records of an event log for a person. Internal to ctl; pure.
#pragma once
#include <string>
#include <vector>

#include "xsuperd/control/message.hpp"

namespace xsuperd::ctl {

/// "12-01 14:35:55.123  refuse  telnet  from 192.0.2.7:4711  reason=address rule=/etc/xinetd.d/telnet:7": in local time, with
/// all fields that the record has, fit for a terminal. What an older or newer daemon says besides stands there, too.
[[nodiscard]] std::string record_line(const control::json::object& record);
/// The record as it stands in an event log.
[[nodiscard]] std::string record_json(const control::json::object& record);
/// Several, each on a line of its own.
[[nodiscard]] std::string record_lines(const std::vector<control::json::object>& records);

}  // namespace xsuperd::ctl
