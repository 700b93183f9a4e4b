// SPDX-License-Identifier: MIT
// The parts of the daemon, and what becomes of them as a whole. Internal to supervisor.
#pragma once
#include <boost/asio/io_context.hpp>
#include <memory>

#include "supervisor/bans_watch.hpp"
#include "supervisor/checks.hpp"
#include "supervisor/control/actions.hpp"
#include "supervisor/control/door.hpp"
#include "supervisor/control/view.hpp"
#include "supervisor/facilities.hpp"
#include "supervisor/file_work.hpp"
#include "supervisor/hand_over.hpp"
#include "supervisor/in_force.hpp"
#include "supervisor/lifetime.hpp"
#include "supervisor/loads.hpp"
#include "supervisor/logs.hpp"
#include "supervisor/manager_link.hpp"
#include "supervisor/reloads.hpp"
#include "supervisor/renewals.hpp"
#include "supervisor/rollout.hpp"
#include "supervisor/roster.hpp"
#include "supervisor/shutdown.hpp"
#include "supervisor/signals.hpp"
#include "supervisor/state_dump.hpp"
#include "supervisor/upgrades.hpp"
#include "xsuperd/supervisor/supervisor.hpp"

namespace xsuperd::supervisor {

/// Makes the parts in their order, tells each of the others as much as it needs, and leads them through start, signals and
/// end. Loop thread only.
class Supervisor::Impl {
 public:
  /// As Supervisor's.
  Impl(Options& options, log::Writer& writer, log::DaemonLog& log);
  /// To be called once before it goes, when the loop runs no more: waits for all threads but those that hang.
  void end();

  /// As Supervisor::run().
  int run();
  /// Reads the configuration, and opens the services. False, after logging why, when it cannot be used at all.
  bool load();
  void start_services();

  /// For the control socket.
  [[nodiscard]] View view() const;
  [[nodiscard]] Actions actions();
  [[nodiscard]] const Roster& roster() const { return roster_; }
  [[nodiscard]] boost::asio::io_context& loop() { return loop_; }
  /// Is a configuration being read by a thread that end() has not waited for?
  [[nodiscard]] bool still_loads() const { return loads_.busy(); }

 private:
  [[nodiscard]] ManagerLink::Asks manager_asks();
  [[nodiscard]] Reloads::Asks reload_asks();
  /// The services call us when something has come about.
  void listen_to_services();
  void take_activated_sockets();

  int serve();
  void wait_for_targets();
  void announce();
  bool take_over();
  [[nodiscard]] HandOver hand_over() const;
  void open_control();

  [[nodiscard]] ReloadReport apply(Prepared prepared);
  void on_signal(int number);

  // Whatever refers to another stands below it. When the daemon ends what is below goes first: the Runners before all that
  // they use, and the loop, which may still hold what was posted to it, last of all.
  Options& options_;
  log::DaemonLog& log_;
  boost::asio::io_context loop_{1};
  FileWork files_{loop_};
  config::SystemNames names_;
  Lifetime lifetime_{loop_};
  ManagerLink manager_;  ///< above the services, which call it until they go
  Facilities facilities_;
  const service::DaemonFacts facts_;
  Roster roster_;
  InForce in_force_;
  Logs logs_;
  BansWatch bans_;
  Rollout rollout_;
  Renewals renewals_;
  Loads loads_;
  Reloads reloads_;
  Upgrades upgrades_;
  StateDump dump_;
  ConsistencyChecks checks_;
  ControlDoor door_;
  Shutdown shutdown_;
  std::unique_ptr<Signals> signals_;
};

}  // namespace xsuperd::supervisor
