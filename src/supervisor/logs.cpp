// SPDX-License-Identifier: MIT
#include "supervisor/logs.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <new>
#include <utility>

#include "supervisor/surely.hpp"

namespace xsuperd::supervisor {

namespace {

struct Opened {
  std::unique_ptr<ServiceLogs> logs;
  LogsOfServices outputs;
  std::vector<std::string> problems;
};

std::optional<std::shared_ptr<log::Output>> found(const LogsOfServices::Outputs& all, const config::Service* service) {
  const auto one = all.find(service);
  return one == all.end() ? std::nullopt : std::optional(one->second);
}

/// On another thread than the loop's.
Opened open_all(const std::vector<SharedService>& services, const config::Config& config, const log::Identity& who,
                const std::string& syslog_file) {
  Opened opened{std::make_unique<ServiceLogs>(who, syslog_file), {}, {}};
  const auto take = [&](const auto& service, auto output, LogsOfServices::Outputs& to) {
    if (output)
      to.emplace(service.get(), std::move(*output));
    else
      opened.problems.push_back(fmt::format("{}; service {} keeps logging to the file that is open", output.error().sentence,
                                            service->id));
  };
  for (const auto& service : services) {
    take(service, opened.logs->output_for(*service), opened.outputs.logs);
    take(service, opened.logs->events_for(service->settings), opened.outputs.event_logs);
  }
  if (const auto own = opened.logs->events_for(config.defaults); !own) opened.problems.push_back(own.error().sentence);
  return opened;
}

}  // namespace

void give_logs(const Runners& to, const LogsOfServices& opened) {
  for (const auto& runner : to) {
    const config::Service* service = &runner->service();
    runner->log_to({found(opened.logs, service), found(opened.event_logs, service)});
  }
}

void write_lines(const log::DaemonLog& log, log::Level level, std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    log.write(level, text.substr(at, end - at));
    at = end + 1;
  }
}

Logs::Logs(Options options, log::Writer& writer, log::DaemonLog& ours, FileWork& files, const Roster& roster,
           const InForce& in_force, log::History& history)
    : options_(std::move(options)),
      writer_(writer),
      ours_(ours),
      files_(files),
      roster_(roster),
      in_force_(in_force),
      history_(history),
      of_services_(std::make_unique<ServiceLogs>(options_.who, options_.syslog_file)) {}

void Logs::reopen_services(Answered answered) {
  std::vector<SharedService> services = in_force_.config()->services;
  for (const auto& runner : roster_.retired()) services.push_back(runner->state().policy().shared_service());
  const auto open = [services = std::move(services), config = in_force_.config(), who = options_.who,
                     syslog_file = options_.syslog_file] { return open_all(services, *config, who, syslog_file); };
  files_.off_loop(open, [this, answered = std::move(answered)](base::Result<Opened> opened) {
    if (!opened) opened = Opened{nullptr, {}, {"the logs could not be reopened: " + opened.error().sentence}};
    give_logs(roster_.served(), opened->outputs);
    give_logs(roster_.retired(), opened->outputs);
    if (opened->logs) of_services_ = std::move(opened->logs);
    for (const std::string& problem : opened->problems) ours_.error("{}", problem);
    if (answered) answered(std::move(opened->problems));
  });
}

void Logs::open_own_events() {
  const auto opened = of_services_->events_for(in_force_.config()->defaults);
  if (!opened) ours_.error("{}; what concerns no service is not recorded", opened.error().sentence);
}

void Logs::record(const log::Event& event) const {
  const auto& config = in_force_.config();
  const auto to = config ? of_services_->open_events_of(config->defaults) : nullptr;
  try {
    const base::WallTime now = std::chrono::system_clock::now();
    writer_.write(to, log::Level::info, now, event);
    history_.add({}, now, event);
  } catch (const std::bad_alloc&) {  // a record is lost, and not what it tells of
  }
}

void Logs::reopen(Answered answered) {
  const auto services = [this, answered = std::move(answered)](std::vector<std::string> troubles) {
    reopen_services([answered, troubles = std::move(troubles)](const std::vector<std::string>& more) mutable {
      troubles.insert(troubles.end(), more.begin(), more.end());
      answered(std::move(troubles));
    });
  };
  if (!options_.reopen) return services({});
  files_.off_loop(options_.reopen, [this, services](base::Result<std::shared_ptr<log::Output>> opened) {
    std::vector<std::string> troubles;
    if (!opened) troubles.push_back(opened.error().sentence);
    surely(ours_, [&] { replace_ours(std::move(opened)); });
    services(std::move(troubles));
  });
}

void Logs::replace_ours(base::Result<std::shared_ptr<log::Output>> opened) {
  if (!opened) {
    ours_.error("{}; logging continues in the file that is open", opened.error().sentence);
    return;
  }
  writer_.set_daemon_log(*opened);
  ours_.replace(std::move(*opened));
}

}  // namespace xsuperd::supervisor
