// SPDX-License-Identifier: MIT
#include "supervisor/service_logs.hpp"

#include <fmt/format.h>

#include "xsuperd/supervisor/process.hpp"

namespace xsuperd::supervisor {

using Kind = config::LogTarget::Kind;

base::Result<std::shared_ptr<log::Output>> ServiceLogs::open(const config::Service& service) const {
  const auto& target = *service.settings.log_type;
  if (target.kind == Kind::file)
    return log::open_service_file(absolute(target.path), service.common_log ? "common" : service.id, target.soft,
                                  target.hard);
  if (!syslog_file_.empty()) return log::open_daemon_file(syslog_file_, who_);
  return log::syslog_output(who_, target.facility, target.level);
}

base::Result<std::shared_ptr<log::Output>> ServiceLogs::output_for(const config::Service& service) {
  const auto& target = service.settings.log_type;
  if (!target || target->kind == Kind::none) return std::shared_ptr<log::Output>{};
  const std::string key = target->kind == Kind::file
                              ? fmt::format("{}|{}|{}", target->path, target->soft, target->hard)
                          : syslog_file_.empty() ? fmt::format("|{}|{}", target->facility, target->level)
                                                 : std::string("|");
  if (const auto found = open_.find(key); found != open_.end()) return found->second;
  auto output = open(service);
  if (output) open_[key] = *output;
  return output;
}

}  // namespace xsuperd::supervisor
