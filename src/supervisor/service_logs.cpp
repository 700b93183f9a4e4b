// SPDX-License-Identifier: MIT
#include "supervisor/service_logs.hpp"

#include <fmt/format.h>

#include "xsuperd/supervisor/process.hpp"

namespace xsuperd::supervisor {

base::Result<std::shared_ptr<log::Output>> ServiceLogs::output_for(const config::Service& service) {
  using Kind = config::LogTarget::Kind;
  const auto& target = service.settings.log_type;
  if (!target || target->kind == Kind::none) return std::shared_ptr<log::Output>{};
  const bool file = target->kind == Kind::file;
  const std::string key = file ? fmt::format("{}|{}|{}", target->path, target->soft, target->hard)
                               : fmt::format("|{}|{}", target->facility, target->level);
  if (const auto found = open_.find(key); found != open_.end()) return found->second;
  if (!file) return open_[key] = log::syslog_output(who_, target->facility, target->level);
  auto output = log::open_service_file(absolute(target->path), service.common_log ? "common" : service.id,
                                       target->soft, target->hard);
  if (output) open_[key] = *output;
  return output;
}

}  // namespace xsuperd::supervisor
