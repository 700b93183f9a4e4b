// SPDX-License-Identifier: MIT
// The outputs of service logs for one configuration. Internal to supervisor.
#pragma once
#include <map>
#include <memory>
#include <string>

#include "xsuperd/log/output.hpp"

namespace xsuperd::supervisor {

/// Opens each log once: services with one file or one syslog facility and level share the output. A new configuration
/// gets a new object, which opens the files by name again, so that rotation by renaming works (fact B8.19).
class ServiceLogs {
 public:
  explicit ServiceLogs(log::Identity who) : who_(std::move(who)) {}
  /// The output of a service: null when it logs nothing.
  [[nodiscard]] base::Result<std::shared_ptr<log::Output>> output_for(const config::Service& service);

 private:
  log::Identity who_;
  std::map<std::string, std::shared_ptr<log::Output>> open_;
};

}  // namespace xsuperd::supervisor
