// SPDX-License-Identifier: MIT
// What a Runner is made of. Internal to service.
#pragma once
#include "service/action_performer.hpp"
#include "service/announcement.hpp"
#include "service/carriers.hpp"
#include "service/connection_door.hpp"
#include "service/datagram_door.hpp"
#include "service/doorkeeper.hpp"
#include "service/error_streams.hpp"
#include "service/handshakes.hpp"
#include "service/proxy_headers.hpp"
#include "service/server_processes.hpp"
#include "service/service_conversations.hpp"
#include "service/time_limits.hpp"
#include "xsuperd/service/runner.hpp"

namespace xsuperd::service {

/// The parts of one service. Each owns its data, and knows of the others what its Needs list. They are made and destroyed
/// together, and none calls another before all exist.
struct Runner::Parts {
  Parts(Runner& runner, Surroundings& around, Setup the_setup);
  Parts(const Parts&) = delete;
  Parts& operator=(const Parts&) = delete;

  /// In a new image: one session continues where it was.
  void carry_on(Token token);

  Setup setup;
  Life life;
  Timers timers;
  Journal journal;
  Banning banning;
  Sessions sessions;
  Decider decider;
  Endpoints endpoints;
  Doorkeeper doorkeeper;
  Targets targets;
  Endings endings;
  Departures departures;
  Way way;
  Handshakes handshakes;
  Judging judging;
  ProxyHeaders headers;
  ConnectionDoor connections;
  DatagramDoor datagrams;
  WaitingDoor waiting;
  Refusals refusals;
  ServerSignals signals;
  ErrorStreams errors;
  Carriers carriers;
  ServerProcesses processes;
  ServiceConversations conversations;
  TimeLimits times;
  Announcement announcement;
  ActionPerformer performer;

 private:
  /// Begins the session's handshake, or what serves it.
  void start(Token token);
};

}  // namespace xsuperd::service
