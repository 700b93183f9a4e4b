// SPDX-License-Identifier: MIT
// What a Runner is made of. Internal to service.
#pragma once
#include "service/action_performer.hpp"
#include "service/announcement.hpp"
#include "service/connection_door.hpp"
#include "service/datagram_door.hpp"
#include "service/doorkeeper.hpp"
#include "service/server_processes.hpp"
#include "service/service_conversations.hpp"
#include "xsuperd/service/runner.hpp"

namespace xsuperd::service {

/// The parts of one service, each of which owns its data and knows of the others what its Needs say. They live and go
/// together: none calls another before all are there.
struct Runner::Parts {
  Parts(Runner& runner, Surroundings& around, Setup the_setup);
  Parts(const Parts&) = delete;
  Parts& operator=(const Parts&) = delete;

  /// In another image: one session goes on where it was.
  void carry_on(Token token);

  Setup setup;
  Life life;
  Timers timers;
  Journal journal;
  Sessions sessions;
  Decider decider;
  Endpoints endpoints;
  Doorkeeper doorkeeper;
  Targets targets;
  Endings endings;
  Departures departures;
  Way way;
  Judging judging;
  ConnectionDoor connections;
  DatagramDoor datagrams;
  WaitingDoor waiting;
  Refusals refusals;
  ServerSignals signals;
  ServerProcesses processes;
  ServiceConversations conversations;
  Announcement announcement;
  ActionPerformer performer;

 private:
  /// Starts what serves the session.
  void start(Token token);
};

}  // namespace xsuperd::service
