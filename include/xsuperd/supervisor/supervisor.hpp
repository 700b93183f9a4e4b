// SPDX-License-Identifier: MIT
#pragma once
#include <syslog.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "xsuperd/config/loader.hpp"
#include "xsuperd/log/daemon_log.hpp"
#include "xsuperd/net/activated_sockets.hpp"
#include "xsuperd/net/libwrap.hpp"
#include "xsuperd/supervisor/take_over.hpp"
#include "xsuperd/worker/client.hpp"

namespace xsuperd::supervisor {

/// What is served after the start, for Options::on_started: what somebody at a terminal wants to see of a service.
struct Served {
  std::string id;
  std::string place;    ///< "tcp 127.0.0.1:7001"; "tcpmux" for a service that has no port of its own
  std::string program;  ///< the path of the server; for what needs none "internal", or where it is redirected to
  bool open = true;     ///< false: its socket could not be opened, or an administrator has closed it
};

/// What the command line says about the daemon as a whole.
struct Options {
  config::Sources sources;                       ///< of the configuration; paths are absolute
  std::string version;                           ///< for the start line and dumps
  log::Identity identity;
  int facility = LOG_DAEMON;  ///< for what libwrap itself sends to syslog
  bool stay_alive = false;
  bool adopts_orphans = false;      ///< children may come to us that we have not started
  bool debug = false;               ///< SIGINT ends the daemon with status 1
  bool container = false;           ///< SIGINT is SIGTERM, and the state that SIGUSR1 asks for goes to the log
  std::string syslog_file;          ///< where what is meant for syslog goes instead; empty: to syslog
  std::uint64_t process_limit = 0;  ///< 0: none
  std::size_t ident_lookups = 15;   ///< -logprocs: at a time, for refused peers
  unsigned check_interval = 0;      ///< seconds between consistency checks; 0: only when asked
  mode_t umask = 022;
  std::string control_path;                 ///< of the control socket, absolute; empty: none
  std::optional<gid_t> control_group;       ///< whose members may look through it
  std::string dump_path = "/var/run/xinetd.dump";
  unsigned spawner_threads = 2;
  std::size_t workers = 1;           ///< processes that hold conversations
  worker::WorkerUser worker_user{};  ///< who they are
  Invocation invocation;                  ///< for an upgrade
  std::vector<std::string> arguments;     ///< argv, argv[0] included; for an upgrade
  std::shared_ptr<Inheritance> inherited; ///< from the image before this one; null: there was none
  std::vector<net::ActivatedSocket> activated;  ///< by a service manager
  std::string manager_trouble;             ///< what a service manager wanted in vain, for the log
  /// Called once all is open that can be opened, right before the first peer is served. Null: nobody wants to know.
  std::function<void(const std::vector<Served>&)> on_started;
  /// Opens the daemon log anew, for a reload; null when it is no file.
  std::function<base::Result<std::shared_ptr<log::Output>>()> reopen_log;
};

/// All services: reads the configuration, starts them, reloads, obeys signals, and ends. Lives on the main thread,
/// which becomes the loop thread.
class Supervisor {
 public:
  /// All three outlive it. Throws std::system_error or std::bad_alloc where the kernel refuses what a loop, a thread or a
  /// process needs; `options` are then as they were, and it may be tried again with them.
  Supervisor(Options& options, log::Writer& writer, log::DaemonLog& log);
  ~Supervisor();

  /// Is Options::adopts_orphans to be set? To be asked before the process has started anything itself.
  [[nodiscard]] static bool may_adopt_orphans();

  /// Serves until told to end. Returns the exit status (facts B1.34 to B1.39).
  [[nodiscard]] int run();

  class Impl;  ///< for the files of this layer

 private:
  std::unique_ptr<Impl> impl_;
};

}  // namespace xsuperd::supervisor
