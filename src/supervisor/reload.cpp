// SPDX-License-Identifier: MIT
// A reload is a transaction (decision B15.18): prepared off the loop while the old configuration serves, committed in
// one turn of the loop or not at all.
#include <unistd.h>

#include "supervisor/impl.hpp"
#include "xsuperd/base/memory.hpp"
#include "xsuperd/config/lint.hpp"
#include "xsuperd/loop/off_loop.hpp"

namespace xsuperd::supervisor {

namespace {

ReloadReport report_of(const Prepared& prepared) {
  ReloadReport report;
  report.refused = prepared.refused;
  report.diagnostics = prepared.loaded.diagnostics;
  const auto add = [&](config::Level level, const std::vector<std::string>& sentences) {
    for (const std::string& sentence : sentences) {
      config::Diagnostic& problem = report.problems.emplace_back();
      problem.level = level;
      problem.sentence = sentence;
    }
  };
  add(config::Level::error, prepared.problems);
  if (!prepared.refused.empty()) add(config::Level::error, prepared.unbound);
  add(config::Level::warning, prepared.logs_lost);
  for (const auto& change : prepared.changes) report.changed.push_back({change.after->id, change.rebind, change.changed});
  for (const auto& service : prepared.stopped) report.stopped.push_back(service->id);
  for (const Step& step : prepared.steps)
    if (step.kind == Step::Kind::fresh && !step.before) report.started.push_back(step.service->id);
  return report;
}

/// All that a load uses, which is its own: it may hang in a look-up for longer than there is a daemon.
struct Load {
  Running running;
  config::SystemFiles files;
  config::SystemNames names;
  config::Sources sources;
  service::DaemonFacts facts;
  config::Abilities abilities;
  Prepared prepared;
};

/// A reload that was refused before anything was known.
Prepared not_prepared(const base::Error& why) {
  Prepared prepared;
  prepared.refused = "it could not be read: " + why.sentence;
  return prepared;
}

}  // namespace

void Supervisor::Impl::reload(bool strict, std::function<void(const ReloadReport&)> told) {
  if (ending) return;
  if (!next_reload) next_reload.emplace();
  next_reload->strict = next_reload->strict || strict;
  if (told) next_reload->told.push_back(std::move(told));
  if (preparing || upgrading) return;
  log.notice("Starting reconfiguration");
  manager.reloading();
  const auto wish = std::make_shared<ReloadWish>();
  *wish = *std::exchange(next_reload, std::nullopt);
  reload_under_way = wish;
  prepare_off_loop(wish->strict, false, [this, wish](Prepared prepared) { reload_over(std::move(prepared), *wish); });
}

/// Whatever goes wrong in one of these steps, the others are taken: who asked hears, and who waits has his turn.
void Supervisor::Impl::reload_over(Prepared prepared, const ReloadWish& wish) {
  reload_under_way.reset();
  const std::vector<std::string> unguarded = prepared.loaded.unguarded;
  ReloadReport report;
  report.refused = "of an internal error; the log has more";
  surely([&] { report = finish_reload(std::move(prepared)); });
  surely([&] { record_load(report.diagnostics, unguarded, true, report.applied); });
  surely([this] { manager.ready(); });
  for (const auto& tell : wish.told) surely([&] { tell(report); });
  if (upgrading) return begin_upgrade();
  if (next_reload && !ending) reload();
}

void Supervisor::Impl::preview(std::function<void(const ReloadReport&)> told) {
  // Those who ask meanwhile get the same answer: they may keep asking, and the pool has other work.
  previewing.push_back(std::move(told));
  if (previewing.size() > 1) return;
  prepare_off_loop(false, true, [this](const Prepared& prepared) {
    const ReloadReport report = report_of(prepared);
    for (const auto& tell : std::exchange(previewing, {})) surely([&] { tell(report); });
  });
}

void Supervisor::Impl::prepare_off_loop(bool strict, bool only_preview, std::function<void(Prepared)> then) {
  try {
    begin_to_prepare(strict, only_preview, then);
    if (!only_preview) preparing = true;
  } catch (const std::exception&) {
    then(not_prepared(loop::error_of(std::current_exception())));
  }
}

void Supervisor::Impl::begin_to_prepare(bool strict, bool only_preview, const std::function<void(Prepared)>& then) {
  auto load = std::make_shared<Load>(Load{{}, files, names, options.sources, facts, abilities, {}});
  Running& running = load->running;
  running.config = config;
  for (const auto& runner : runners) {
    running.runners.emplace(&runner->service(), runner->endpoints().open());
    if (!runner->sessions().empty()) running.busy.insert(&runner->service());
  }
  for (const auto& runner : retired)
    if (!runner->sessions().empty()) running.retired.push_back(runner->state().policy().shared_service());
  running.handed = around.sockets.handed.facts();
  const std::uint64_t turn = only_preview ? 0 : load_turn + 1;
  const auto take = [this, turn, then](Prepared prepared) {
    if (turn != 0 && turn != load_turn) return;  // given up
    if (turn != 0) preparing = false;
    if (!ending) then(std::move(prepared));
  };
  // Names are looked up, and that may take as long as it pleases the network: no other work waits for this thread.
  const auto work = [load, strict, only_preview, who = options.identity, reopen_log = options.reopen_log,
                     syslog_file = options.syslog_file] {
    try {
      const Means means{load->files,     load->names, load->sources, who,    load->facts,
                        load->abilities, reopen_log,  syslog_file,   strict, only_preview};
      load->prepared = prepare(load->running, means);
    } catch (const std::exception&) {
      load->prepared = not_prepared(loop::error_of(std::current_exception()));
    }
  };
  load->prepared = not_prepared({0, "its reading did not come to an end"});
  const auto started = loading.run(work, [take, load] { take(std::move(load->prepared)); });
  if (started == 0) throw std::runtime_error("there is no thread to do it");
  if (turn != 0) load_turn = turn;
}

/// One that hangs in a look-up does not hold an upgrade up: the new image reloads.
void Supervisor::Impl::give_up_load() {
  if (!preparing) return;
  log.warning("the reload under way takes long: it is given up, and done again after the upgrade");
  ++load_turn;
  preparing = false;
  if (!next_reload) next_reload.emplace();
  if (const auto wish = std::exchange(reload_under_way, nullptr)) {
    next_reload->strict = next_reload->strict || wish->strict;
    for (auto& tell : wish->told) next_reload->told.push_back(std::move(tell));
  }
}

ReloadReport Supervisor::Impl::finish_reload(Prepared prepared) {
  if (prepared.daemon_log) replace_daemon_log(std::move(*prepared.daemon_log));
  log_diagnostics(prepared.loaded.diagnostics);
  for (const auto* problems : {&prepared.problems, &prepared.unbound})
    for (const std::string& problem : *problems) log.error("{}", problem);
  for (const std::string& lost : prepared.logs_lost) log.warning("{}", lost);
  ReloadReport report = report_of(prepared);
  const std::vector<std::string> unguarded = prepared.loaded.unguarded;
  if (prepared.refused.empty()) {
    report.counts = commit(std::move(prepared));
    report.applied = true;
  } else {
    log.warning("reconfiguration failed: everything stays as it was: {}", prepared.refused);
    surely([this] { reopen_logs(); });  // they may have been moved away all the same
  }
  surely([this] { loop::off_loop(blocking, loop, base::give_back_memory, [](const base::Result<void>&) {}); });
  return report;
}

void Supervisor::Impl::reopen_logs(std::function<void(std::vector<std::string>)> told) {
  std::vector<SharedService> services = config->services;
  for (const auto& runner : retired) services.push_back(runner->state().policy().shared_service());
  struct Opened {
    std::unique_ptr<ServiceLogs> logs;
    LogsOfServices outputs;
    std::vector<std::string> problems;
  };
  const auto open = [this, services = std::move(services)] {
    Opened opened{std::make_unique<ServiceLogs>(options.identity, options.syslog_file), {}, {}};
    for (const auto& service : services) {
      auto output = opened.logs->output_for(*service);
      if (output)
        opened.outputs.emplace(service.get(), std::move(*output));
      else
        opened.problems.push_back(fmt::format("{}; service {} goes on in the file that is open",
                                              output.error().sentence, service->id));
    }
    return opened;
  };
  loop::off_loop(blocking, loop, open, [this, told = std::move(told)](base::Result<Opened> opened) {
    if (!opened) opened = Opened{nullptr, {}, {"the logs could not be opened anew: " + opened.error().sentence}};
    give_logs(runners, opened->outputs);
    give_logs(retired, opened->outputs);
    if (opened->logs) service_logs = std::move(opened->logs);
    for (const std::string& problem : opened->problems) log.error("{}", problem);
    if (told) told(std::move(opened->problems));
  });
}

void Supervisor::Impl::log_diagnostics(const config::Diagnostics& diagnostics) {
  for (const config::Diagnostic& d : diagnostics.all()) log.write(d.level, config::log_line(d));
}

void Supervisor::Impl::say_not_in_effect() {
  for (const config::Diagnostic& d : config::hindered(*config, abilities)) log.write(d.level, config::log_line(d));
  if (::geteuid() == 0)
    for (const config::Diagnostic& d : config::lint_worker(*config, options.worker_user.uid))
      log.write(d.level, config::log_line(d));
  const auto items = config::not_in_effect(*config, abilities);
  if (items.empty()) return;
  std::string text;
  for (const std::string& item : items) text += (text.empty() ? "" : ", ") + item;
  log.warning("configured, but not in effect: {}", text);
}

bool Supervisor::Impl::served(const config::Service& service) const {
  // What waits for an address has a Runner, which does not open its socket.
  return !service.waits_for.empty() || config::hindrance(service, abilities).empty();
}

void Supervisor::Impl::replace_daemon_log(base::Result<std::shared_ptr<log::Output>> output) {
  if (!output) {
    log.error("{}; the log goes on in the file that is open", output.error().sentence);
    return;
  }
  writer.set_daemon_log(*output);
  log.replace(std::move(*output));
}

}  // namespace xsuperd::supervisor
