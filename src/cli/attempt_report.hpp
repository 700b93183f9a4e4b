// SPDX-License-Identifier: MIT
// What is told behind the trial of a server. Internal to cli; pure.
#pragma once
#include <string>

#include "cli/denial.hpp"
#include "cli/tracer.hpp"

namespace xsuperd::cli {

struct AttemptReport {
  std::string service, server, user;
  Denied who;
  DenialList denials;
  End end;
  bool traced = false;  ///< else nothing is known of denials
};

/// Whole lines for a person, each of them escaped.
[[nodiscard]] std::string report_text(const AttemptReport& report);
/// The same as one line of JSON.
[[nodiscard]] std::string report_json(const AttemptReport& report);

}  // namespace xsuperd::cli
