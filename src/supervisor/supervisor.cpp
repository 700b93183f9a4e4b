// SPDX-License-Identifier: MIT
#include "xsuperd/supervisor/supervisor.hpp"

#include <unistd.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include "supervisor/control/command.hpp"
#include "supervisor/hand_over_config.hpp"
#include "supervisor/impl.hpp"
#include "supervisor/inner_services.hpp"
#include "supervisor/manager_sockets.hpp"
#include "supervisor/noted_names.hpp"
#include "supervisor/served.hpp"
#include "supervisor/surely.hpp"
#include "supervisor/tallies.hpp"
#include "xsuperd/base/memory.hpp"
#include "xsuperd/service/lookups.hpp"
#include "xsuperd/supervisor/process.hpp"

namespace xsuperd::supervisor {

Supervisor::Supervisor(Options& options, log::Writer& writer, log::DaemonLog& log)
    : impl_(std::make_unique<Impl>(options, writer, log)) {}
Supervisor::~Supervisor() {
  impl_->end();
#ifdef __GLIBC__
  // A load that hangs in a look-up cannot be called back, and may go on at any time: it goes with the process, before the
  // static objects that it uses.
  if (impl_->still_loads())
    ::on_exit(
        [](int status, void*) {
          std::fflush(nullptr);
          ::_exit(status);
        },
        nullptr);
#endif
}
int Supervisor::run() { return impl_->run(); }
bool Supervisor::may_adopt_orphans() { return Orphans::possible(); }

namespace {

/// After an upgrade what the first image found, before it changed it.
service::DaemonFacts facts_of(const Options& options) {
  auto facts = service::DaemonFacts::of_this_process(options.umask);
  facts.controllers = net::abilities(net::Asking::daemon).controllers;
  facts.boxes = net::abilities(net::Asking::daemon).boxes;
  if (!options.inherited) return facts;
  const HandOver::Daemon& before = options.inherited->state().daemon;
  facts.priority = before.priority;
  facts.umask = before.umask;
  facts.files = {before.files_soft, before.files_hard};
  return facts;
}

}  // namespace

Supervisor::Impl::Impl(Options& options, log::Writer& writer, log::DaemonLog& log)
    : options_(options),
      writer_(writer),
      log_(log),
      manager_(loop_, net::make_service_manager(), {net::watchdog_period(), net::store_room()}, manager_asks()),
      facilities_(files_, options_, names_.environment(), log),
      facts_(facts_of(options_)),
      in_force_(log, options_.worker_user.uid),
      logs_({options_.identity, options_.syslog_file, options_.reopen_log}, writer, log, files_, roster_, in_force_,
            facilities_.around().history),
      bans_(files_, facilities_.processes().nft(), facilities_.around().bans, facilities_.around().clock.now, log,
            {facilities_.processes().spawner(), options_.worker_user, facilities_.around().census.fleet},
            [this](const log::Event& event) { logs_.record(event); }),
      rollout_(facilities_.around(), facts_, roster_, in_force_, logs_, log,
               [this] { return lifetime_.ending() || reloads_.preparing() || upgrades_.under_way(); }),
      renewals_(files_, names_, log, rollout_),
      loads_(loop_,
             {{},
              names_,
              options_.sources,
              facts_,
              in_force_.abilities(),
              options_.identity,
              options_.reopen_log,
              options_.syslog_file},
             [this] { return rollout_.running(); }),
      reloads_(log, lifetime_, reload_asks()),
      upgrades_({files_, writer, log, facilities_.around(), facilities_.processes(), roster_, reloads_, logs_, lifetime_, options_.version},
                {options_.invocation.binary, options_.arguments, names_.environment()}, [this] { return hand_over(); }),
      pages_({.roster = roster_, .files = files_, .log = log, .view = [this] { return view(); }}),
      dump_({options_.container ? std::string{} : options_.dump_path, options_.version, options_.sources.path(),
             options_.process_limit},
            files_, log, roster_, in_force_),
      checks_(loop_, log, roster_, [this] { return facilities_.around().census.processes; }),
      door_(loop_, log),
      shutdown_(loop_, lifetime_, log, manager_, facilities_, roster_) {
  // The children that were there before us are ours after an upgrade.
  if (options_.inherited) options_.adopts_orphans = options_.inherited->state().daemon.adopts_orphans;
  listen_to_services();
  raise_file_limit();
  facilities_.around().census.reserve = base::DescriptorReserve::of_this_process();
  signals_ = std::make_unique<Signals>(loop_, [this](int number) { on_signal(number); }, options_.adopts_orphans);
}

ManagerLink::Asks Supervisor::Impl::manager_asks() {
  return {.status = [this] { return manager_status(roster_, in_force_, facilities_.around().census.processes); },
          .sockets = [this] { return sockets_to_keep(roster_); },
          .on_trouble = [this](const std::string& what) { log_.warning("{}", what); }};
}

Reloads::Asks Supervisor::Impl::reload_asks() {
  return {.prepare = [this](bool strict, bool preview,
                            std::function<void(Prepared)> then) { return loads_.prepare(strict, preview, std::move(then)); },
          .apply = [this](Prepared prepared) { return apply(std::move(prepared)); },
          .held = [this] { return upgrades_.under_way(); },
          .on_begin = [this] { manager_.reloading(); },
          .on_end =
              [this](const ReloadReport& report, const std::vector<std::string>& unguarded) {
                surely(log_, [&] { in_force_.record(report.diagnostics, unguarded, true, report.applied); });
                logs_.record(reload_record(report));
                surely(log_, [&] { manager_.ready(); });
              },
          .on_held = [this] { upgrades_.begin(); }};
}

void Supervisor::Impl::listen_to_services() {
  service::Surroundings& around = facilities_.around();
  connect_inner_services(around, roster_);
  around.hooks.page = [this](const worker::PageWish& wish, Pages::Made made) { pages_.make(wish, std::move(made)); };
  around.bans.on_ban = [this](const policy::Network& network) { bans_.banned(network); };
  around.hooks.on_counts = [this] { bans_.counted(); };
  around.hooks.on_idle = [this] { boost::asio::post(loop_, [this] { shutdown_.collect(); }); };  // a Runner is calling
  facilities_.processes().children().on_remains_gone([this] { shutdown_.collect(); });
  if (!manager_.there()) return;
  around.sockets.duplicates_kept = true;
  around.hooks.on_change = [this] { manager_.changed(); };
  around.hooks.on_sockets = [this] { manager_.sockets_changed(); };
}

void Supervisor::Impl::take_activated_sockets() {
  if (!options_.manager_trouble.empty()) log_.warning("{}", options_.manager_trouble);
  take_in(std::move(options_.activated), facilities_.around().sockets.activated, manager_, log_);
}

void Supervisor::Impl::end() {
  files_.join();
  bans_.finish();
  facilities_.end();
  door_.close();
}

int Supervisor::Impl::run() {
  if (options_.adopts_orphans) facilities_.processes().look_for_orphans();
  if (options_.inherited) return take_over() ? serve() : 1;
  take_activated_sockets();
  if (!load()) return 1;
  net::ActivatedSockets& activated = facilities_.around().sockets.activated;
  drop_stale_sockets(activated, in_force_);
  start_services();
  wait_for_targets();
  if (lifetime_.ending()) return lifetime_.status();
  close_unclaimed_sockets(activated, in_force_, log_);
  if (roster_.available() == 0 && !options_.stay_alive) {
    log_.critical("init_services", "no services. Exiting...");
    return 1;
  }
  base::give_back_memory();
  if (::chdir("/") != 0) log_.error("chdir( / ) failed: {}", base::errno_text(errno));
  open_control();
  announce();
  manager_.ready();
  if (options_.on_started) options_.on_started(served_now(roster_));
  return serve();
}

int Supervisor::Impl::serve() {
  checks_.every(std::chrono::seconds(options_.check_interval));
  while (!loop_.stopped()) {
    try {
      loop_.run();
    } catch (const std::exception& bug) {
      // The last gate: a bug in one handler must not end the service of all others.
      say_lost(log_, bug);
    }
  }
  return lifetime_.status();
}

bool Supervisor::Impl::load() {
  const config::Loaded loaded = loads_.load_now();
  log_findings(log_, loaded.diagnostics);
  in_force_.put(loaded.config);
  in_force_.record(loaded.diagnostics, loaded.unguarded, false, loaded.fatal == config::Loaded::Fatal::none);
  if (loaded.fatal == config::Loaded::Fatal::unreadable)
    log_.critical("init_services", "couldn't get configuration. Exiting...");
  if (loaded.fatal == config::Loaded::Fatal::bad_defaults)
    log_.error("A fatal error was encountered while parsing the default section. xsuperd will exit.");
  return loaded.fatal == config::Loaded::Fatal::none;
}

void Supervisor::Impl::start_services() {
  if (options_.debug) write_lines(log_, log::Level::debug, config::dump(*in_force_.config()));
  logs_.open_own_events();
  bans_.begin(in_force_.config()->defaults);
  rollout_.start_all();
}

/// So that the sockets of redirects are open when the daemon has started (decision B15.29), and ranges of ports answer. A
/// name server that keeps silent is not waited for.
void Supervisor::Impl::wait_for_targets() {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(1);
  const auto& lookups = *facilities_.around().sockets.lookups;
  while (!lifetime_.ending() && (roster_.asks() || lookups.wait()) && loop_.run_one_until(end) > 0) {
  }
}

void Supervisor::Impl::announce() {
  in_force_.say_not_in_effect();
  log_.notice("{} started with {}loadavg {}options compiled in.", options_.version,
              net::libwrap_available() ? "libwrap " : "", net::labels_available() ? "labeled-networking " : "");
  const std::size_t count = roster_.available();
  log_.notice("Started working: {} available service{}", count, count == 1 ? "" : "s");
}

/// The new image's part of an upgrade: it goes on where the old one was.
bool Supervisor::Impl::take_over() {
  const HandOver& state = options_.inherited->state();
  const auto take = [this](int number) { return options_.inherited->take(number); };
  NotedNames noted(names_);
  noted.remember(state.notes);
  const auto restored = restore_configuration(state, noted);
  if (!restored) {
    log_.critical("take_over", restored.error().sentence);
    return false;
  }
  in_force_.restore(state, restored->config);
  lifetime_.go_on_from(state.started);
  lifetime_.come_after(count_of(state.tallies, tally_words::upgrade, "done"), count_of(state.tallies, tally_words::log, "lost"));
  log_.set_threshold(state.log_level);
  roster_.restore(state);
  facilities_.restore(state, take);
  bans_.go_on(in_force_.config()->defaults, state);
  logs_.open_own_events();
  rollout_.take_over(state, restored->services, take);
  open_control();
  log_.notice("{} has taken over from {}: {} available services, {} servers and conversations go on", options_.version,
              state.daemon.program_version, roster_.available(), facilities_.around().census.processes);
  logs_.record(log::record::Upgrade{.outcome = "done",
                                    .version = options_.version,
                                    .before = log::record::Words(state.daemon.program_version)});
  if (state.log_behind) log_.warning("the logs could not be written in full before the upgrade: lines may be missing");
  in_force_.say_not_in_effect();
  manager_.ready();
  if (state.reload_wanted) reloads_.reload();  // which says when it is ready again
  options_.inherited.reset();                  // what nobody wanted is closed
  return true;
}

/// The old image's part.
HandOver Supervisor::Impl::hand_over() const {
  HandOver state;
  state.now = facilities_.around().clock.now();
  state.clock = time_namespace();
  state.daemon = {::getpid(),   options_.version, options_.invocation,   options_.adopts_orphans,
                  facts_.umask, facts_.priority,  facts_.files.rlim_cur, facts_.files.rlim_max,
                  door_.listening_fd()};
  state.started = lifetime_.started();
  state.log_level = log_.threshold();
  state.tallies.push_back({std::string(tally_words::upgrade), "done", lifetime_.upgrades()});
  state.tallies.push_back({std::string(tally_words::log), "lost", lifetime_.lost_before() + writer_.lost()});
  in_force_.hand_over(state);
  roster_.hand_over(*in_force_.config(), state);
  facilities_.hand_over(state);
  bans_.hand_over(state);
  return state;
}

void Supervisor::Impl::open_control() {
  const auto answer = [this](const Request& request, const control::Peer& peer, Server::Respond respond) {
    answer_control(view(), actions(), request, peer, std::move(respond));
  };
  base::Fd inherited;
  if (options_.inherited) inherited = options_.inherited->take(options_.inherited->state().daemon.control);
  door_.open(options_.control_path, options_.control_group, std::move(inherited), answer);
}

View Supervisor::Impl::view() const {
  return View({roster_, in_force_, facilities_.processes(), facilities_.around(), log_, lifetime_, door_, writer_, bans_, options_.version,
               options_.sources.path()});
}

Actions Supervisor::Impl::actions() {
  return Actions({log_, logs_, reloads_, upgrades_, roster_, bans_, facilities_.resolver(), facilities_.processes().workers(),
                  facilities_.processes().tls_workers(), files_, renewals_});
}

ReloadReport Supervisor::Impl::apply(Prepared prepared) {
  ReloadReport report = rollout_.apply(std::move(prepared));
  surely(log_, [this] { facilities_.processes().renew_boxes(); });
  if (report.applied) surely(log_, [this] { bans_.reconfigured(in_force_.config()->defaults); });
  if (report.applied && roster_.available() == 0 && !options_.stay_alive) {
    log_.critical("hard_reconfig", "No available services. Exiting");
    lifetime_.stop(1);
  }
  surely(log_, [this] { files_.off_loop(base::give_back_memory, [](const base::Result<void>&) {}); });
  return report;
}

void Supervisor::Impl::on_signal(int number) {
  if (number == SIGRTMIN) return upgrades_.upgrade({});  // xinetd dies of it (fact B8.11), so nobody sends it for another reason
  switch (number) {
    case SIGHUP:
    case SIGUSR2: return reloads_.reload();
    case SIGUSR1: return dump_.dump();
    case SIGABRT: return checks_.check(true);
    case SIGTERM: return shutdown_.terminate();
    case SIGQUIT: return shutdown_.quit();
    case SIGCHLD: return facilities_.processes().look_for_orphans();
    case SIGINT:
      if (options_.container) return shutdown_.terminate();
      if (options_.debug) lifetime_.stop(1);
      return;
    default: return;  // fact B8.10
  }
}

}  // namespace xsuperd::supervisor
