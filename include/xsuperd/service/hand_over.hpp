// SPDX-License-Identifier: MIT
#pragma once
#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "xsuperd/base/time.hpp"
#include "xsuperd/service/counters.hpp"
#include "xsuperd/service/session.hpp"
#include "xsuperd/service/state.hpp"

/// What a Runner leaves to the next image of the daemon at an upgrade. Plain data; descriptors by their numbers, -1 for
/// none.
namespace xsuperd::service {

/// What an admitted session went through next, before there were phases.
enum class Stage : std::uint8_t { libwrap, banner, ident, server, start };

/// What an administrator has made of a service while the daemon runs. All but `serving` lets nobody new in; servers that
/// run go on.
enum class Standing : std::uint8_t {
  serving,
  held,      ///< the socket stays open: connections wait in its queue, as many as that takes
  drained,   ///< the socket is closed: peers are refused at once
  disabled,  ///< the same, and meant to last
};

/// A datagram that was taken off its socket and not answered yet.
struct HandedDatagram {
  std::string bytes;
  std::string peer;     ///< as the kernel wrote it
  std::string control;  ///< the way of the answer, as the kernel takes it
  bool operator==(const HandedDatagram&) const = default;
};

/// A connection whose server has ended, and which its peer has yet to close.
struct HandedLinger {
  int socket = -1;
  base::Moment until{};
  bool operator==(const HandedLinger&) const = default;
};

struct HandedSession {
  Token token = 0;
  base::Endpoint peer;
  int socket = -1;  ///< the connection, as long as no server has it
  EndpointId endpoint = 0;  ///< by which it came
  int lingers = -1;  ///< with `linger`: the daemon's own descriptor of a connection that a server has
  pid_t pid = 0;    ///< 0: no server
  int pidfd = -1;
  base::Moment started{};
  base::WallTime started_wall{};
  base::Moment accepted{};
  std::int64_t arrival = 0;
  SessionPhase phase = SessionPhase::arrived;
  Stage stage = Stage::libwrap;  ///< what came next, in a state of a version that has no phases
  bool judged = false;           ///< counted as a request
  bool judged_again = false;
  bool conversing = false;  ///< a worker holds it, or will: then `socket` is given
  bool through_tcpmux = false;
  std::optional<HandedDatagram> datagram;
  bool operator==(const HandedSession&) const = default;
};

/// A refused peer of datagrams, and when it was logged (fact B4.34).
struct HandedRefusal {
  base::Endpoint peer;
  base::Moment logged{};
  bool operator==(const HandedRefusal&) const = default;
};

/// A socket of a service.
struct HandedEndpoint {
  EndpointId id = 0;
  int listener = -1;
  int turned_away = -1;     ///< of a steered service: the socket of refused peers
  int left_to_server = -1;  ///< of one that is closed while a server has its socket: that socket
  std::string lent = {};    ///< the name of the listener, when it belongs to a service manager
  bool registered = false;
  unsigned open_failures = 0;
  std::string trouble = {};  ///< of the last of them
  bool foreign = true;  ///< a server has had the listener; where it is not said that may be
  bool operator==(const HandedEndpoint&) const = default;
};

struct HandedRunner {
  StateSnapshot state;
  std::vector<HandedEndpoint> endpoints = {};  ///< in the order of the configuration
  // Those of the only one, in a state of a version that has no endpoints.
  int listener = -1;
  int turned_away = -1;  ///< of a steered service: the socket of refused peers
  int left_to_server = -1;  ///< of one that is closed while a server has its socket: that socket
  std::string lent;      ///< the name of the listener, when it belongs to a service manager
  bool registered = false;
  unsigned open_failures = 0;
  std::string trouble = {};  ///< of the last of them
  std::optional<base::Moment> pause_end;  ///< of cps
  bool terminates = false;                ///< retired, and its servers have to end
  std::optional<base::Moment> kill_at;    ///< when they get KILL
  std::vector<base::Endpoint> targets;    ///< of a redirect, once they are known
  Counters counters;
  Standing standing = Standing::serving;
  std::vector<HandedRefusal> refused_lately;
  std::vector<HandedSession> sessions;    ///< in the order of their tokens
  bool foreign = true;  ///< a server has had the listener; where it is not said that may be
  bool operator==(const HandedRunner&) const = default;
};

}  // namespace xsuperd::service
