// SPDX-License-Identifier: MIT
#include <boost/asio/post.hpp>
#include <unordered_map>

#include "supervisor/impl.hpp"

namespace xsuperd::supervisor {

/// Files and names are read off the loop. A wish that comes meanwhile is granted afterwards.
void Supervisor::Impl::reload() {
  if (ending) return;
  if (reloading || upgrading) {
    reload_again = true;
    return;
  }
  reloading = true;
  log.notice("Starting reconfiguration");
  boost::asio::post(blocking, [this] {
    auto loaded = std::make_shared<config::Loaded>(config::load(files, names, options.config_path));
    boost::asio::post(loop, [this, loaded] {
      reloading = false;
      if (!ending) apply(std::move(*loaded));
      if (upgrading) return begin_upgrade();
      if (std::exchange(reload_again, false)) reload();
    });
  });
}

void Supervisor::Impl::apply(config::Loaded loaded) {
  reopen_daemon_log();
  if (loaded.fatal == config::Loaded::Fatal::none) config::keep_broken(*config, loaded);
  log_diagnostics(loaded.diagnostics);
  if (loaded.fatal != config::Loaded::Fatal::none) {
    log.warning("reconfiguration failed: everything stays as it was");
    return;
  }
  log.notice("Swapping defaults");
  service_logs = std::make_unique<ServiceLogs>(options.identity);
  const config::Plan plan = config::diff(*config, *loaded.config);
  std::unordered_map<const config::Service*, std::shared_ptr<service::Runner>> by_service;
  for (const auto& runner : runners) by_service[&runner->service()] = runner;
  std::unordered_map<const config::Service*, std::shared_ptr<service::Runner>> next;
  std::size_t fresh = 0, old = 0, dropped = 0;

  // Everything that goes, goes first: its port may be wanted again.
  const auto drop = [&](const std::shared_ptr<const config::Service>& service) {
    const auto found = by_service.find(service.get());
    if (found == by_service.end()) return;
    retire(found->second, service::Runner::Servers::terminate);
    log.notice("service {} deactivated", service->id);
    ++dropped;
  };
  for (const auto& service : plan.stop) drop(service);
  for (const auto& change : plan.keep)
    if (change.rebind || !config::served(*change.after)) drop(change.before);

  for (const auto& change : plan.keep) {
    const auto found = by_service.find(change.before.get());
    if (change.rebind || found == by_service.end() || !config::served(*change.after)) continue;
    next[change.after.get()] = found->second;
    ++old;
    if (!change.changed.empty()) log.notice("readjusting service {}", change.after->id);
    auto setup = make_setup(change.after);
    if (setup) {
      found->second->reconfigure(std::move(*setup));
    } else {
      log.error("{}; service {} goes on as it was", setup.error().sentence, change.after->id);
    }
  }
  Runners ordered;
  for (const auto& service : loaded.config->services) {
    if (!config::served(*service)) continue;
    auto& runner = next[service.get()];
    const bool listens = service->kind != config::Kind::tcpmux;
    if (runner) {
      if (listens && !runner->open() && runner->state().phase() == service::Phase::closed) runner->start();
    } else if ((runner = make_runner(service))) {
      ++fresh;
      if (listens) runner->start();
    }
    if (runner) ordered.push_back(runner);
  }
  runners = std::move(ordered);
  config = loaded.config;
  note_internal_ports();
  collect_retired();
  say_not_in_effect();
  log.notice("Reconfigured: new={} old={} dropped={} (services)", fresh, old, dropped);
  if (available() == 0 && !options.stay_alive) {
    log.critical("hard_reconfig", "No available services. Exiting");
    stop(1);
  }
}

void Supervisor::Impl::log_diagnostics(const config::Diagnostics& diagnostics) {
  for (const config::Diagnostic& d : diagnostics.all()) log.write(d.level, config::log_line(d));
}

void Supervisor::Impl::say_not_in_effect() {
  const auto items = config::not_in_effect(*config);
  if (items.empty()) return;
  std::string text;
  for (const std::string& item : items) text += (text.empty() ? "" : ", ") + item;
  log.warning("configured, but not in effect in this version: {}", text);
}

base::Result<service::Setup> Supervisor::Impl::make_setup(const std::shared_ptr<const config::Service>& service) {
  auto output = service_logs->output_for(*service);
  if (!output)
    return base::Error{output.error().code, "creation of " + (service->common_log ? "default" : service->id) +
                                                " log failed: " + output.error().sentence};
  return service::Setup{std::make_shared<policy::Policy>(service), service::make_recipe(*service, facts),
                        std::move(*output)};
}

std::shared_ptr<service::Runner> Supervisor::Impl::make_runner(const std::shared_ptr<const config::Service>& service) {
  auto setup = make_setup(service);
  if (setup) return std::make_shared<service::Runner>(around, std::move(*setup));
  log.error("{}", setup.error().sentence);
  log.error("Service {} failed to start and is deactivated.", service->id);
  return nullptr;
}

void Supervisor::Impl::retire(const std::shared_ptr<service::Runner>& runner, service::Runner::Servers servers) {
  runner->retire(servers);
  if (!runner->idle()) retired.push_back(runner);
}

void Supervisor::Impl::reopen_daemon_log() {
  if (!options.reopen_log) return;
  auto output = options.reopen_log();
  if (!output) {
    log.error("{}; the log goes on in the file that is open", output.error().sentence);
    return;
  }
  writer.set_daemon_log(*output);
  log.replace(std::move(*output));
}

}  // namespace xsuperd::supervisor
