// SPDX-License-Identifier: MIT
// Whether all is well with a daemon, as a monitoring system wants to know. Internal to ctl; pure.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "ctl/commands.hpp"
#include "ctl/range.hpp"

namespace xsuperd::ctl {

/// The exit statuses of a monitoring plug-in.
enum class Grade : std::uint8_t { ok, warning, critical, unknown };
/// "OK", "WARNING" and so on.
[[nodiscard]] std::string_view word_of(Grade grade);

struct HealthOptions {
  Range warning = *range_of("80");   ///< per cent of a limit: of servers, of all processes, of descriptors
  Range critical = *range_of("95");
  double recent = 600;               ///< seconds for which a failure is reported
  std::vector<std::string> services; ///< ids or names; none: all, and the daemon itself
};

struct Problem {
  Grade grade = Grade::warning;
  std::string service;   ///< its id, as it came; empty: the daemon
  std::string sentence;
};

/// A number for a graph.
struct Measure {
  std::string label;
  double value = 0;
  std::string unit;      ///< "c" is a counter that only grows, "%" has the ranges of the options
  std::string greatest;  ///< or empty
};

struct Health {
  std::vector<Problem> problems;  ///< the gravest first
  std::vector<Measure> measures;
  std::string summary;            ///< what there is, for when all is well

  [[nodiscard]] Grade grade() const { return problems.empty() ? Grade::ok : problems.front().grade; }
};

/// From the answers to `status` and to `list` with `all`. What a daemon of another version does not report is not a
/// problem.
[[nodiscard]] Health health_of(const Answer& status, const Answer& list, const HealthOptions& options);
/// A health of one problem.
[[nodiscard]] Health ill(Grade grade, std::string sentence);

/// "WARNING: ...|label=value..." and a line end, fit for a terminal. Of many problems the first ten are reported.
[[nodiscard]] std::string line_of(const Health& health, const HealthOptions& options);
[[nodiscard]] json::object json_of(const Health& health);

}  // namespace xsuperd::ctl
