// SPDX-License-Identifier: MIT
// The end of the daemon. Internal to supervisor.
#pragma once
#include <boost/asio/io_context.hpp>

#include "supervisor/facilities.hpp"
#include "supervisor/lifetime.hpp"
#include "supervisor/manager_link.hpp"
#include "supervisor/roster.hpp"
#include "xsuperd/log/daemon_log.hpp"
#include "xsuperd/loop/alarm.hpp"

namespace xsuperd::supervisor {

/// Brings everything to its end, in the way that a signal asks for. Loop thread only; everything it refers to outlives it.
class Shutdown {
 public:
  Shutdown(boost::asio::io_context& loop, Lifetime& lifetime, const log::DaemonLog& log, ManagerLink& manager,
           Facilities& facilities, Roster& roster);

  /// Decision B15.1: every server gets TERM, and KILL when it does not end in time. Nothing happens when the daemon is
  /// ending already.
  void terminate();
  /// Fact B8.5: at once, and nobody is signalled.
  void quit();
  /// To be called when something has ended: lets go of retired services that are idle, and stops the loop once the daemon
  /// is to end and nothing is waited for any more.
  void collect();

 private:
  Lifetime& lifetime_;
  const log::DaemonLog& log_;
  ManagerLink& manager_;
  Facilities& facilities_;
  Roster& roster_;
  loop::Alarm alarm_;
};

}  // namespace xsuperd::supervisor
