// SPDX-License-Identifier: MIT
// The Supervisor's inside, shared by its files. Internal to supervisor.
#pragma once
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <memory>
#include <vector>

#include "supervisor/hand_over.hpp"
#include "supervisor/orphans.hpp"
#include "supervisor/service_logs.hpp"
#include "supervisor/signals.hpp"
#include "supervisor/upgrade.hpp"
#include "xsuperd/config/loader.hpp"
#include "xsuperd/service/runner.hpp"
#include "xsuperd/supervisor/supervisor.hpp"
#include "xsuperd/worker/client.hpp"

namespace xsuperd::supervisor {

struct Supervisor::Impl {
  Impl(Options options, log::Writer& writer, log::DaemonLog& log);
  ~Impl();

  // supervisor.cpp
  int run();
  int serve();
  bool first_load();
  void start_all();
  void announce();
  void print_configuration();
  void on_signal(int number);
  void terminate();
  void quit();
  void stop(int status);
  void collect_retired();
  void check_consistency(bool tell);
  void check_periodically();
  base::Result<net::LibwrapHelper> start_libwrap_helper();
  void expire_bans();
  [[nodiscard]] std::size_t available() const;

  // reload.cpp
  void reload();
  void apply(config::Loaded loaded);
  void log_diagnostics(const config::Diagnostics& diagnostics);
  std::shared_ptr<service::Runner> make_runner(const std::shared_ptr<const config::Service>& service);
  base::Result<service::Setup> make_setup(const std::shared_ptr<const config::Service>& service);
  void retire(const std::shared_ptr<service::Runner>& runner, service::Runner::Servers servers);
  void reopen_daemon_log();
  void say_not_in_effect();

  // upgrade.cpp
  void upgrade(std::function<void(base::Result<void>)> told);
  void begin_upgrade();
  void tried(base::Result<std::string> notes);
  void write_logs();
  void wait_for_rpc();
  void hold_and_settle();
  void settle();
  void leave();
  void refuse_upgrade(const std::string& why);
  [[nodiscard]] std::string unsettled() const;
  [[nodiscard]] HandOver hand_over() const;

  // adopt.cpp
  bool take_over();
  void take_over_runners(const HandOver& state, const std::vector<std::shared_ptr<const config::Service>>& services);
  void take_over_rest(const HandOver& state);
  std::shared_ptr<service::Runner> take_over_runner(const std::shared_ptr<const config::Service>& service);

  // state_dump.cpp
  void dump_state();
  [[nodiscard]] std::string state_text() const;
  [[nodiscard]] std::string servers_text() const;

  // inner_services.cpp
  void connect_inner_services();
  void note_internal_ports();
  [[nodiscard]] std::string services_text() const;
  [[nodiscard]] std::string available_text() const;

  using Runners = std::vector<std::shared_ptr<service::Runner>>;

  /// Every running server and every conversation, of retired services too.
  template <typename F>
  void for_each_server(F f) const {
    for (const Runners* list : {&runners, &retired})
      for (const auto& runner : *list)
        for (const auto& [token, session] : runner->sessions())
          if (session.pid != 0 || session.conversing) f(*runner, session);
  }

  Options options;
  log::Writer& writer;
  log::DaemonLog& log;
  boost::asio::io_context loop{1};
  boost::asio::thread_pool blocking{2};
  std::unique_ptr<spawn::Spawner> spawner;
  spawn::Children children;
  net::Resolver resolver{loop, {}};
  net::IdentClient ident_admitted;
  net::IdentClient ident_refused;
  net::Libwrap libwrap;
  worker::Client workers;
  service::Surroundings around;
  service::DaemonFacts facts;
  config::SystemFiles files;
  config::SystemNames names;
  std::shared_ptr<const config::Config> config;
  std::unique_ptr<ServiceLogs> service_logs;
  Runners runners;  ///< in reading order
  Runners retired;  ///< whose servers still run
  std::unique_ptr<Signals> signals;
  Orphans orphans;
  boost::asio::steady_timer check_timer{loop};
  boost::asio::steady_timer end_timer{loop};
  boost::asio::steady_timer ban_timer{loop};
  bool ban_timer_set = false;
  bool reloading = false;
  bool reload_again = false;
  std::unique_ptr<Upgrade> upgrading;  ///< while one is under way
  spawn::Children leftovers;           ///< children of an image before this one, that have only to be reaped
  std::uint64_t last_leftover = 0;     ///< the token of the newest of them
  bool ending = false;
  int status = 0;
};

}  // namespace xsuperd::supervisor
