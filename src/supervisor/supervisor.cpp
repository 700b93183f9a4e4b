// SPDX-License-Identifier: MIT
#include "xsuperd/supervisor/supervisor.hpp"

#include <unistd.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <csignal>
#include <cstdio>
#include <cstdlib>

#include "supervisor/impl.hpp"
#include "xsuperd/base/memory.hpp"
#include "xsuperd/supervisor/process.hpp"

namespace xsuperd::supervisor {

Supervisor::Supervisor(Options options, log::Writer& writer, log::DaemonLog& log)
    : impl_(std::make_unique<Impl>(std::move(options), writer, log)) {}
Supervisor::~Supervisor() {
  impl_->end();
#ifdef __GLIBC__
  // A load that hangs in a look-up cannot be called back, and may go on at any time: it goes with the process, before the
  // static objects that it uses.
  if (impl_->loading.busy())
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

/// Admitted peers of services with USERID: each holds a place of its service meanwhile, so this is no more than a guard.
static constexpr std::size_t greatest_ident_lookups = 1024;
/// What workers have at the end of the daemon to tell how their conversations have ended.
static constexpr std::chrono::seconds worker_grace{2};

/// After an upgrade what the first image found, before it changed it.
static service::DaemonFacts facts_of(const Options& options) {
  auto facts = service::DaemonFacts::of_this_process(options.umask);
  if (!options.inherited) return facts;
  const HandOver::Daemon& before = options.inherited->state().daemon;
  facts.priority = before.priority;
  facts.umask = before.umask;
  facts.files = {before.files_soft, before.files_hard};
  return facts;
}

Supervisor::Impl::Impl(Options o, log::Writer& w, log::DaemonLog& l)
    : options(std::move(o)),
      writer(w),
      log(l),
      spawner(spawn::make_clone_spawner(loop, {options.spawner_threads})),
      children(loop,
               [this](const spawn::Ended& end) {
                 const auto owner = around.census.owners.find(end.token);
                 if (owner == around.census.owners.end()) return;
                 if (const auto runner = owner->second.lock()) runner->on_ended(end);
               }),
      libwrap(loop, {},
              {.on_helper_end = [this](std::string why) { log.error("{}", why); },
               .start = [this] { return start_libwrap_helper(); }}),
      workers(loop,
              {.workers = options.workers,
               .recipe = worker::worker_recipe(options.worker_user),
               .queue = greatest_ident_lookups + 1024,  // look-ups take no room from other conversations
               .on_trouble = [this](std::string what) { worker_failed(what); }},
              *spawner),
      ident_admitted(loop, workers,
                     {.most = greatest_ident_lookups, .new_token = [this] { return ++around.census.last_token; }}),
      ident_refused(loop, workers,
                    {.most = options.ident_lookups, .new_token = [this] { return ++around.census.last_token; }}),
      mdns(net::make_mdns(loop, [this](const std::string& note) { log.notice("{}", note); })),
      around{loop, blocking, *spawner, children, log, resolver, ident_admitted, ident_refused, libwrap, workers},
      facts(facts_of(options)),
      orphans(loop,
              [this](pid_t pid) {
                // For process 1 they are everyday business.
                if (::getpid() != 1) log.notice("unknown child process {} died", pid);
              },
              [this](pid_t pid) { return children.holds(pid); }),
      leftovers(loop, [](const spawn::Ended&) {}) {
  // The children that were there before us are ours after an upgrade.
  if (options.inherited) options.adopts_orphans = options.inherited->state().daemon.adopts_orphans;
  around.census.process_limit = options.process_limit;
  around.clock.load = load_average;
  around.sockets.mdns = mdns.get();
  around.serving.labels = labels.get();
  connect_inner_services();
  around.bans.on_ban = [this] { expire_bans(); };
  around.hooks.on_idle = [this] { boost::asio::post(loop, [this] { collect_retired(); }); };  // a Runner is calling
  spawner->on_outcome([this](spawn::Outcome outcome) {
    const service::Token token = std::visit([](const auto& o) { return o.token; }, outcome);
    const auto owner = around.census.owners.find(token);
    const auto runner = owner == around.census.owners.end() ? nullptr : owner->second.lock();
    if (runner) runner->on_outcome(std::move(outcome));
  });
  children.on_remains_gone([this] { collect_retired(); });
  connect_manager();
  raise_file_limit();
  around.census.reserve = base::DescriptorReserve::of_this_process();
}

void Supervisor::Impl::end() {
  blocking.join();
  around.rpc.thread.join();
  spawner.reset();  // its threads use what the members below it hold
  control.reset();
}

int Supervisor::Impl::run() {
  const bool orphans_possible = options.adopts_orphans;
  signals = std::make_unique<Signals>(loop, [this](int number) { on_signal(number); }, orphans_possible);
  if (orphans_possible) orphans.look_soon();
  if (options.inherited) {
    if (!take_over()) return 1;
    return serve();
  }
  if (!first_load()) return 1;
  drop_stale_sockets();
  start_all();
  wait_for_targets();
  if (ending) return status;
  close_unclaimed_sockets();
  if (available() == 0 && !options.stay_alive) {
    log.critical("init_services", "no services. Exiting...");
    return 1;
  }
  base::give_back_memory();
  if (::chdir("/") != 0) log.error("chdir( / ) failed: {}", base::errno_text(errno));
  open_control();
  announce();
  manager.ready();
  if (options.on_started) options.on_started(served_now());
  return serve();
}

int Supervisor::Impl::serve() {
  if (options.check_interval > 0) check_alarm.set(std::chrono::seconds(options.check_interval));
  while (!loop.stopped()) {
    try {
      loop.run();
    } catch (const std::exception& bug) {
      // The last gate: a bug in one handler must not end the service of all others.
      say_lost(bug);
    }
  }
  return status;
}

void Supervisor::Impl::say_lost(const std::exception& bug) noexcept {
  try {
    log.error("internal error, the operation concerned is lost: {}", bug.what());
  } catch (const std::exception&) {  // there is no memory to say so
  }
}

bool Supervisor::Impl::first_load() {
  config::Loaded loaded = config::load(files, names, options.sources);
  log_diagnostics(loaded.diagnostics);
  config = loaded.config;
  record_load(loaded.diagnostics, loaded.unguarded, false, loaded.fatal == config::Loaded::Fatal::none);
  if (loaded.fatal == config::Loaded::Fatal::unreadable)
    log.critical("init_services", "couldn't get configuration. Exiting...");
  if (loaded.fatal == config::Loaded::Fatal::bad_defaults)
    log.error("A fatal error was encountered while parsing the default section. xsuperd will exit.");
  return loaded.fatal == config::Loaded::Fatal::none;
}

void Supervisor::Impl::start_all() {
  if (options.debug) write_lines(log::Level::debug, config::dump(*config));
  service_logs = std::make_unique<ServiceLogs>(options.identity, options.syslog_file);
  for (const auto& service : config->services) {
    if (!served(*service)) continue;
    if (auto runner = make_runner(service)) {
      if (service->kind != config::Kind::tcpmux) runner->start();
      runners.push_back(std::move(runner));
    }
  }
  note_internal_ports();
  awaited.watch(*config);
}

/// So that the sockets of redirects are open when the daemon has started (decision B15.29). A name server that keeps silent
/// is not waited for.
void Supervisor::Impl::wait_for_targets() {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(1);
  const auto asks = [](const auto& runner) { return runner->targets().asks(); };
  while (!ending && std::any_of(runners.begin(), runners.end(), asks) && loop.run_one_until(end) > 0) {
  }
}

void Supervisor::Impl::write_lines(log::Level level, std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    log.write(level, text.substr(at, end - at));
    at = end + 1;
  }
}

std::size_t Supervisor::Impl::available() const {
  std::size_t count = 0;
  // Those that an administrator has closed will be opened again, and those that wait for a name, too.
  for (const auto& runner : runners)
    count += runner->endpoints().open() || runner->state().phase() == service::Phase::paused || !waits_for(*runner).empty() ||
             runner->standing() != service::Standing::serving;
  return count;
}

void Supervisor::Impl::announce() {
  say_not_in_effect();
  log.notice("{} started with {}loadavg {}options compiled in.", options.version,
             net::libwrap_available() ? "libwrap " : "", net::labels_available() ? "labeled-networking " : "");
  const std::size_t count = available();
  log.notice("Started working: {} available service{}", count, count == 1 ? "" : "s");
}

void Supervisor::Impl::on_signal(int number) {
  if (number == SIGRTMIN) return upgrade({});  // xinetd dies of it (fact B8.11), so nobody sends it for another reason
  switch (number) {
    case SIGHUP:
    case SIGUSR2: return reload();
    case SIGUSR1: return dump_when_started();
    case SIGABRT: return check_consistency(true);
    case SIGTERM: return terminate();
    case SIGQUIT: return quit();
    case SIGCHLD: return orphans.look_soon();
    case SIGINT:
      if (options.container) return terminate();
      if (options.debug) stop(1);
      return;
    default: return;  // fact B8.10
  }
}

/// Decision B15.1: every server gets TERM, and KILL when it does not end in time.
void Supervisor::Impl::terminate() {
  if (ending) return;
  ending = true;
  end_alarm.set(around.clock.grace + std::chrono::seconds(2));  // first: whatever happens below, this ends
  log.warning("Exiting...");
  surely([this] { manager.stopping(); });
  around.sockets.duplicates_kept = false;  // they are for the next daemon
  for (const auto& runner : Runners(runners)) surely([&] { retire(runner, service::Runner::Servers::terminate); });
  runners.clear();
  surely([this] { spawner->presume(true); });  // so that those servers get TERM, too
  surely([this] { workers.terminate(worker_grace); });
  collect_retired();
}

/// Fact B8.5: at once, and nobody is signalled.
void Supervisor::Impl::quit() {
  stop(0);
  log.warning("Exiting...");
  surely([this] { manager.stopping(); });
  for (const auto& runner : runners) surely([&] { runner->endpoints().leave_to_servers(); });
  children.abandon();
}

void Supervisor::Impl::stop(int with_status) {
  status = with_status;
  ending = true;
  loop.stop();
}

void Supervisor::Impl::collect_retired() {
  let_go_of_retired();
  if (ending && retired.empty() && children.remains() == 0) stop(status);
}

/// Fact B5.29: looked at once a minute as long as there is somebody on the list who may leave it.
void Supervisor::Impl::expire_bans() {
  if (!ban_alarm.is_set() && around.bans.list.next_end()) ban_alarm.set(std::chrono::minutes(1));
}

void Supervisor::Impl::look_at_bans() {
  const bool some = around.bans.list.expire(around.clock.now()) > 0;
  expire_bans();
  if (some) log.info("At least 1 DENY_TIME has expired, global_no_access list updated");
  if (around.bans.list.size() == 0) log.info("global_no_access list is empty.");
}

void Supervisor::Impl::check_consistency(bool tell) {
  std::size_t errors = 0;
  std::size_t places = 0;
  const auto check = [&](const std::shared_ptr<service::Runner>& runner) {
    const service::State& state = runner->state();
    places += state.running();
    if (!accounted(*runner)) {
      ++errors;
      log.error("service {}: {} requests were accepted, {} are accounted for", runner->service().id,
                runner->counters().accepted, runner->counters().decided());
    }
    if (state.consistent() && state.running() <= runner->sessions().size()) return;
    ++errors;
    log.error("service {}: {} places are taken, {} sessions are known", runner->service().id, state.running(),
              runner->sessions().size());
  };
  for (const auto& runner : runners) check(runner);
  for (const auto& runner : retired) check(runner);
  if (places != around.census.processes) {
    ++errors;
    log.error("{} places are taken in all, {} are counted", places, around.census.processes);
  }
  if (errors > 0)
    log.warning("Consistency check detected {} errors", errors);
  else if (tell)
    log.info("Consistency check passed");
}

void Supervisor::Impl::check_periodically() {
  check_alarm.set(std::chrono::seconds(options.check_interval));
  check_consistency(false);
}

}  // namespace xsuperd::supervisor
