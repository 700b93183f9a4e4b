// SPDX-License-Identifier: MIT
// The Supervisor's inside, shared by its files. Internal to supervisor.
#pragma once
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "supervisor/awaited.hpp"
#include "supervisor/hand_over.hpp"
#include "supervisor/manager_link.hpp"
#include "supervisor/orphans.hpp"
#include "supervisor/prepare.hpp"
#include "supervisor/reload_report.hpp"
#include "supervisor/service_logs.hpp"
#include "supervisor/signals.hpp"
#include "supervisor/upgrade.hpp"
#include "xsuperd/config/loader.hpp"
#include "xsuperd/control/server.hpp"
#include "xsuperd/loop/alarm.hpp"
#include "xsuperd/net/abilities.hpp"
#include "xsuperd/net/slow_work.hpp"
#include "xsuperd/service/runner.hpp"
#include "xsuperd/supervisor/supervisor.hpp"
#include "xsuperd/worker/client.hpp"
#include "xsuperd/worker/ident.hpp"

namespace xsuperd::supervisor {

/// Wishes that came while a reload was being prepared: granted together by one more.
struct ReloadWish {
  bool strict = false;
  std::vector<std::function<void(const ReloadReport&)>> told;
};

/// What administrators have made of services, by id in lower case.
using Standings = std::unordered_map<std::string, service::Standing>;
void restore_standing(const Standings& standings, service::Runner& runner);

struct Supervisor::Impl {
  Impl(Options options, log::Writer& writer, log::DaemonLog& log);
  /// To be called once, before it goes.
  void end();

  // supervisor.cpp
  int run();
  int serve();
  bool first_load();
  void start_all();
  void wait_for_targets();
  void announce();
  [[nodiscard]] std::vector<Served> served_now() const;
  /// A text of several lines, each an entry of the log.
  void write_lines(log::Level level, std::string_view text);
  void on_signal(int number);
  void terminate();
  void quit();
  void stop(int status);
  /// Does it, and logs what is thrown: for steps of which each has its turn whatever becomes of the others.
  template <typename F>
  void surely(F step) noexcept {
    try {
      step();
    } catch (const std::exception& bug) {
      say_lost(bug);
    }
  }
  void say_lost(const std::exception& bug) noexcept;
  void collect_retired();
  void check_consistency(bool tell);
  void check_periodically();
  base::Result<net::LibwrapHelper> start_libwrap_helper();
  void expire_bans();
  void look_at_bans();
  [[nodiscard]] std::size_t available() const;

  // reload.cpp
  /// `told` is called on the loop when it is over.
  void reload(bool strict = false, std::function<void(const ReloadReport&)> told = {});
  /// What a reload would do now. Nothing is opened or changed.
  void preview(std::function<void(const ReloadReport&)> told);
  /// Opens the daemon's log and those of all services anew; `told` gets what could not be opened.
  void reopen_logs(std::function<void(std::vector<std::string>)> told = {});
  /// `then` hears in any case, unless the daemon ends meanwhile.
  void prepare_off_loop(bool strict, bool preview, std::function<void(Prepared)> then);
  void begin_to_prepare(bool strict, bool preview, const std::function<void(Prepared)>& then);
  void give_up_load();
  void open_awaited(const std::string& what, const std::vector<base::Address>& found_addresses);
  void place_awaited(const std::string& what, const SharedService& before, const SharedService& placed);
  ReloadReport finish_reload(Prepared prepared);
  void reload_over(Prepared prepared, const ReloadWish& wish);
  void log_diagnostics(const config::Diagnostics& diagnostics);
  void replace_daemon_log(base::Result<std::shared_ptr<log::Output>> output);
  void say_not_in_effect();
  [[nodiscard]] bool served(const config::Service& service) const;

  // commit.cpp
  using Runners = std::vector<std::shared_ptr<service::Runner>>;
  static void give_logs(const Runners& to, const LogsOfServices& opened);
  ReloadCounts commit(Prepared prepared);
  void adjust(service::Runner& runner, Step& step);
  std::shared_ptr<service::Runner> make_runner(const SharedService& service);
  void retire(const std::shared_ptr<service::Runner>& runner, service::Runner::Servers servers);

  // control/command.cpp, records.cpp
  void open_control();
  void set_standing(service::Runner& runner, service::Standing standing);
  void record_load(const config::Diagnostics& diagnostics, const std::vector<std::string>& unguarded, bool is_reload,
                   bool applied);
  void worker_failed(const std::string& what);
  void let_go_of_retired();

  // upgrade.cpp
  void upgrade(std::function<void(base::Result<void>)> told);
  void begin_upgrade();
  /// A step of the upgrade under way: what it throws refuses the upgrade.
  template <typename F>
  void step(F step) {
    try {
      step();
    } catch (const std::exception& error) {
      if (!upgrading) throw;
      refuse_upgrade(error.what());
    }
  }
  void start_trial();
  void wait_for_load();
  void tried(base::Result<std::string> notes);
  void write_logs();
  void wait_for_rpc();
  void hold_and_settle();
  void settle();
  void leave();
  void refuse_upgrade(const std::string& why) noexcept;
  [[nodiscard]] std::string unsettled() const;
  [[nodiscard]] HandOver hand_over() const;

  // adopt.cpp
  bool take_over();
  void take_over_runners(const HandOver& state, const std::vector<std::shared_ptr<const config::Service>>& services);
  void take_over_rest(const HandOver& state);
  void end_leftover(base::Fd pidfd);
  std::shared_ptr<service::Runner> take_over_runner(const std::shared_ptr<const config::Service>& service);

  // manager.cpp
  ManagerLink::Asks manager_asks();
  void connect_manager();
  void drop_stale_sockets();
  void close_unclaimed_sockets();
  [[nodiscard]] std::string why_unclaimed(const net::HandedSocket& socket) const;
  [[nodiscard]] std::vector<ManagerLink::Kept> sockets_to_keep() const;
  [[nodiscard]] std::string manager_status() const;

  // state_dump.cpp
  void dump_state();
  void dump_when_started();
  [[nodiscard]] std::string state_text() const;
  [[nodiscard]] std::string servers_text() const;

  // inner_services.cpp
  void connect_inner_services();
  void note_internal_ports();
  [[nodiscard]] std::string services_text() const;
  [[nodiscard]] std::string available_text() const;

  /// Every running server and every conversation, of retired services too.
  template <typename F>
  void for_each_server(F f) const {
    for (const Runners* list : {&runners, &retired})
      for (const auto& runner : *list)
        for (const auto& [token, session] : runner->sessions())
          if (session.served()) f(*runner, session);
  }

  Options options;
  log::Writer& writer;
  log::DaemonLog& log;
  boost::asio::io_context loop{1};
  boost::asio::thread_pool blocking{2};
  std::unique_ptr<spawn::Spawner> spawner;
  spawn::Children children;
  net::Resolver resolver{loop, {}};
  net::SlowWork loading{loop, {}};  ///< of configurations, whose look-ups may hang
  net::Libwrap libwrap;
  worker::Client workers;
  worker::IdentLookups ident_admitted;
  worker::IdentLookups ident_refused;
  std::unique_ptr<net::Mdns> mdns;
  const std::unique_ptr<net::SecurityLabels> labels = net::make_selinux_labels();
  const config::Abilities abilities = net::abilities();
  ManagerLink manager{loop, net::make_service_manager(), {net::watchdog_period(), net::store_room()}, manager_asks()};
  service::Surroundings around;
  service::DaemonFacts facts;
  config::SystemFiles files;
  config::SystemNames names;
  std::shared_ptr<const config::Config> config;
  std::unique_ptr<ServiceLogs> service_logs;
  Runners runners;  ///< in reading order
  Runners retired;  ///< whose servers still run
  service::Counters gone;  ///< of services that are no more
  Standings standings;     ///< lives as long as the daemon
  base::WallTime started = std::chrono::system_clock::now();
  base::WallTime loaded_at{};  ///< the configuration that is in effect
  LoadRecord last_load;
  std::uint64_t worker_failures = 0;  ///< workers that could not be started or ended unasked
  base::WallTime last_worker_failure{};
  std::unique_ptr<control::Server> control;
  std::unique_ptr<Signals> signals;
  Orphans orphans;
  Awaited awaited{loop, *around.asked.targets, [this](const std::string& what, const std::vector<base::Address>& addresses) {
                    open_awaited(what, addresses);
                  }};
  loop::Alarm dump_alarm{loop, [this] { dump_when_started(); }};
  unsigned dump_looks = 0;  ///< how often it was put off
  loop::Alarm check_alarm{loop, [this] { check_periodically(); }};
  loop::Alarm end_alarm{loop, [this] { stop(0); }};
  loop::Alarm ban_alarm{loop, [this] { look_at_bans(); }};
  bool preparing = false;
  std::uint64_t load_turn = 0;  ///< of the load that counts: one that was given up is not it
  std::optional<ReloadWish> next_reload;
  std::shared_ptr<ReloadWish> reload_under_way;  ///< while it is being prepared
  std::vector<std::function<void(const ReloadReport&)>> previewing;  ///< who waits for the preview under way
  std::unique_ptr<Upgrade> upgrading;  ///< while one is under way
  spawn::Children leftovers;           ///< children of an image before this one, that have only to be reaped
  std::uint64_t last_leftover = 0;     ///< the token of the newest of them
  bool ending = false;
  int status = 0;
};

}  // namespace xsuperd::supervisor
