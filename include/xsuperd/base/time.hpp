// SPDX-License-Identifier: MIT
#pragma once
#include <chrono>
#include <string>

namespace xsuperd::base {

/// Steady time, for limits, pauses and durations. Never jumps. Pure code receives it inside events.
using Moment = std::chrono::steady_clock::time_point;

/// Wall clock time, for access_times and log stamps. May jump.
using WallTime = std::chrono::system_clock::time_point;

/// A WallTime broken down in the local zone (TZ of the daemon).
struct LocalTime {
  int year = 0, month = 0, day = 0;  ///< 2026, 1..12, 1..31
  int hour = 0, minute = 0, second = 0;
};

/// Converts to local time. Thread safe; reads the zone file at most once per process.
[[nodiscard]] LocalTime local_time(WallTime when);

/// xinetd's stamp of log lines, "26/11/23@01:27:13": two-digit year, month and day without padding, time padded
/// (fact B7.2). Thread safe.
[[nodiscard]] std::string log_stamp(WallTime when);

/// As ctime(3) without its line end: "Mon Nov 23 01:27:13 2026", for state dumps (fact B8.13).
[[nodiscard]] std::string ctime_text(WallTime when);

}  // namespace xsuperd::base
