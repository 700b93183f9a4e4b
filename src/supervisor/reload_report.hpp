// SPDX-License-Identifier: MIT
// What came of a reload, for whoever asked for it. Internal to supervisor.
#pragma once
#include <cstddef>
#include <string>
#include <vector>

#include "xsuperd/config/loader.hpp"
#include "xsuperd/log/record.hpp"

namespace xsuperd::supervisor {

struct ReloadCounts {
  std::size_t fresh = 0;    ///< services that were opened
  std::size_t old = 0;      ///< services that stay, changed or not
  std::size_t dropped = 0;  ///< services that were closed
};

struct Prepared;

struct ReloadReport {
  bool applied = false;
  std::string refused;  ///< why everything stays as it was, when it was not applied
  config::Diagnostics diagnostics;
  std::vector<config::Diagnostic> problems;  ///< logs that could not be opened; with `refused`, sockets too
  std::vector<std::string> started;   ///< ids of new services
  std::vector<std::string> stopped;   ///< ids of services that are gone
  struct Change {
    std::string id;
    bool rebind = false;  ///< another service to xinetd: its servers end, unless removed_sessions = keep
    std::vector<std::string_view> attributes;
  };
  std::vector<Change> changed;
  ReloadCounts counts;
};

/// For the event log; refers to the report.
[[nodiscard]] log::record::Reload reload_record(const ReloadReport& report);

/// What is known before anything was committed.
[[nodiscard]] ReloadReport report_of(const Prepared& prepared);

}  // namespace xsuperd::supervisor
