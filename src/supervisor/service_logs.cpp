// SPDX-License-Identifier: MIT
#include "supervisor/service_logs.hpp"

#include <fmt/format.h>

#include "xsuperd/supervisor/process.hpp"

namespace xsuperd::supervisor {

using Kind = config::LogTarget::Kind;

namespace {

/// Different from those of other logs.
std::string key_of(const config::EventTarget& target) {
  return fmt::format("event|{}|{}", static_cast<int>(target.kind), target.path);
}

bool asked_for(const std::optional<config::EventTarget>& target) {
  return target && target->kind != config::EventTarget::Kind::none;
}

}  // namespace

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

base::Result<std::shared_ptr<log::Output>> ServiceLogs::open(const config::EventTarget& target) const {
  if (target.kind == config::EventTarget::Kind::journal) return log::journal_output(who_);
  if (target.kind == config::EventTarget::Kind::standard_output) return log::open_event_file("/dev/stdout");
  return log::open_event_file(absolute(target.path));
}

base::Result<std::shared_ptr<log::Output>> ServiceLogs::events_for(const config::Settings& settings) {
  if (!asked_for(settings.event_log)) return std::shared_ptr<log::Output>{};
  if (auto found = open_events_of(settings)) return found;
  auto output = open(*settings.event_log);
  if (output) open_[key_of(*settings.event_log)] = *output;
  return output;
}

std::shared_ptr<log::Output> ServiceLogs::open_events_of(const config::Settings& settings) const {
  const auto found = asked_for(settings.event_log) ? open_.find(key_of(*settings.event_log)) : open_.end();
  return found == open_.end() ? nullptr : found->second;
}

}  // namespace xsuperd::supervisor
