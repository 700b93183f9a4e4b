// SPDX-License-Identifier: MIT
// The Supervisor's inside, shared by its files. Internal to supervisor.
#pragma once
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <memory>
#include <unordered_map>
#include <vector>

#include "supervisor/orphans.hpp"
#include "supervisor/service_logs.hpp"
#include "supervisor/signals.hpp"
#include "xsuperd/config/loader.hpp"
#include "xsuperd/control/server.hpp"
#include "xsuperd/service/runner.hpp"
#include "xsuperd/supervisor/supervisor.hpp"
#include "xsuperd/worker/client.hpp"

namespace xsuperd::supervisor {

/// What came of reading the configuration last.
struct LoadRecord {
  base::WallTime at{};
  bool is_reload = false;
  std::string outcome = "applied";  ///< or "refused": what was there before goes on
  std::size_t errors = 0;
  std::size_t warnings = 0;
  std::vector<std::string> findings;  ///< the first of them, a line each
};

struct Supervisor::Impl {
  Impl(Options options, log::Writer& writer, log::DaemonLog& log);
  ~Impl();

  // supervisor.cpp
  int run();
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
  std::optional<std::string> reopen_daemon_log();
  void say_not_in_effect();

  // control.cpp, control_services.cpp, control_records.cpp
  void open_control();
  void set_standing(service::Runner& runner, service::Standing standing);
  void restore_standing(service::Runner& runner) const;
  void record_load(const config::Loaded& loaded, bool is_reload);
  void reload_done();
  void let_go_of_retired();
  std::vector<std::string> reopen_logs();

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
  service::Counters gone;  ///< of services that are no more
  /// What administrators have made of services, by id in lower case; lives as long as the daemon.
  std::unordered_map<std::string, service::Standing> standings;
  base::WallTime started = std::chrono::system_clock::now();
  base::WallTime loaded_at{};  ///< the configuration that is in effect
  LoadRecord last_load;
  std::vector<std::function<void()>> after_reload;  ///< called once, when a reload has ended and none is to follow
  std::unique_ptr<control::Server> control;
  std::unique_ptr<Signals> signals;
  Orphans orphans;
  boost::asio::steady_timer check_timer{loop};
  boost::asio::steady_timer end_timer{loop};
  boost::asio::steady_timer ban_timer{loop};
  bool ban_timer_set = false;
  bool reloading = false;
  bool reload_again = false;
  bool ending = false;
  int status = 0;
};

}  // namespace xsuperd::supervisor
