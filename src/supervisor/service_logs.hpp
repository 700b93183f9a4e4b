// SPDX-License-Identifier: MIT
// The outputs of service logs for one configuration. Internal to supervisor.
#pragma once
#include <map>
#include <memory>
#include <string>
#include <unordered_map>

#include "xsuperd/config/model.hpp"
#include "xsuperd/log/output.hpp"

namespace xsuperd::supervisor {

using SharedService = std::shared_ptr<const config::Service>;

/// Outputs that were opened anew, by service; null for one that logs, or records, nothing. What is missing here could not be
/// opened.
struct LogsOfServices {
  using Outputs = std::unordered_map<const config::Service*, std::shared_ptr<log::Output>>;
  Outputs logs;
  Outputs event_logs;
};

/// Opens each log once: services with one file or one syslog facility and level share the output. A new configuration
/// gets a new object, which opens the files by name again, so that rotation by renaming works (fact B8.19).
class ServiceLogs {
 public:
  /// What is meant for syslog goes to `syslog_file` instead, when that is not empty, as lines of the daemon's.
  explicit ServiceLogs(log::Identity who, std::string syslog_file = {})
      : who_(std::move(who)), syslog_file_(std::move(syslog_file)) {}
  /// The output of a service: null when it logs nothing.
  [[nodiscard]] base::Result<std::shared_ptr<log::Output>> output_for(const config::Service& service);
  /// The event log that the settings, of a service or the defaults, ask for: null when they ask for none.
  [[nodiscard]] base::Result<std::shared_ptr<log::Output>> events_for(const config::Settings& settings);
  /// The same, as far as it is open already: never blocks.
  [[nodiscard]] std::shared_ptr<log::Output> open_events_of(const config::Settings& settings) const;

 private:
  [[nodiscard]] base::Result<std::shared_ptr<log::Output>> open(const config::Service& service) const;
  [[nodiscard]] base::Result<std::shared_ptr<log::Output>> open(const config::EventTarget& target) const;

  log::Identity who_;
  std::string syslog_file_;
  std::map<std::string, std::shared_ptr<log::Output>> open_;
};

}  // namespace xsuperd::supervisor
