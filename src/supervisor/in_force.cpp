// SPDX-License-Identifier: MIT
#include "supervisor/in_force.hpp"

#include <unistd.h>

#include <chrono>
#include <utility>

#include "supervisor/hand_over_config.hpp"
#include "supervisor/tallies.hpp"
#include "xsuperd/base/text.hpp"
#include "xsuperd/config/lint.hpp"
#include "xsuperd/control/schema/daemon.hpp"

namespace xsuperd::supervisor {

void log_findings(const log::DaemonLog& log, const config::Diagnostics& findings) {
  for (const config::Diagnostic& d : findings.all()) log.write(d.level, config::log_line(d));
}

bool InForce::serves(const config::Service& service) const {
  // What waits for an address has a Runner, which does not open its socket.
  return !service.waits_for.empty() || config::hindrance(service, abilities_).empty();
}

void InForce::say_not_in_effect() const {
  for (const config::Diagnostic& d : config::hindered(*config_, abilities_)) log_.write(d.level, config::log_line(d));
  if (::geteuid() == 0)
    for (const config::Diagnostic& d : config::lint_worker(*config_, worker_user_)) log_.write(d.level, config::log_line(d));
  const auto items = config::not_in_effect(*config_, abilities_);
  if (items.empty()) return;
  std::string text;
  for (const std::string& item : items) text += (text.empty() ? "" : ", ") + item;
  log_.warning("configured, but not in effect: {}", text);
}

void InForce::record(const config::Diagnostics& findings, const std::vector<std::string>& unguarded, bool is_reload,
                     bool applied) {
  last_load_ = {std::chrono::system_clock::now(), is_reload,
                std::string(applied ? control::Outcomes::applied : control::Outcomes::refused),
                findings.count(config::Level::error), findings.count(config::Level::warning), unguarded, {}};
  if (last_load_.unguarded.size() > LoadRecord::most_unguarded) last_load_.unguarded.resize(LoadRecord::most_unguarded);
  for (const config::Diagnostic& d : findings.all())
    if (d.level <= config::Level::warning && last_load_.findings.size() < LoadRecord::most_findings)
      last_load_.findings.push_back(base::escaped(config::log_line(d), LoadRecord::longest_finding));
  if (applied) loaded_at_ = last_load_.at;
  if (is_reload) ++(applied ? reloads_.applied : reloads_.refused);
}

void InForce::hand_over(HandOver& state) const {
  state.loaded = loaded_at_;
  state.last_load = last_load_;
  state.tallies.push_back({std::string(tally_words::reload), std::string(control::Outcomes::applied), reloads_.applied});
  state.tallies.push_back({std::string(tally_words::reload), std::string(control::Outcomes::refused), reloads_.refused});
  hand_over_configuration(*config_, state);
}

void InForce::restore(const HandOver& state, std::shared_ptr<const config::Config> config) {
  config_ = std::move(config);
  loaded_at_ = state.loaded;
  last_load_ = state.last_load;
  reloads_ = {count_of(state.tallies, tally_words::reload, control::Outcomes::applied),
              count_of(state.tallies, tally_words::reload, control::Outcomes::refused)};
}

}  // namespace xsuperd::supervisor
