// SPDX-License-Identifier: MIT
#pragma once
#include <sys/types.h>

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "xsuperd/base/described.hpp"
#include "xsuperd/base/time.hpp"
#include "xsuperd/service/counters.hpp"
#include "xsuperd/service/state.hpp"

/// What a Runner leaves to the next image of the daemon at an upgrade. Plain data; descriptors by their numbers, -1 for
/// none.
namespace xsuperd::service {

/// What an admitted session goes through next.
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
BOOST_DESCRIBE_STRUCT(HandedDatagram, (), (bytes, peer, control))

/// A connection whose server has ended, and which its peer has yet to close.
struct HandedLinger {
  int socket = -1;
  base::Moment until{};
  bool operator==(const HandedLinger&) const = default;
};
BOOST_DESCRIBE_STRUCT(HandedLinger, (), (socket, until))

/// What is known of a session, in whichever image. Descriptors and what is under way come beside it.
struct SessionFacts {
  base::Endpoint peer{};
  pid_t pid = 0;  ///< 0: no server
  base::Moment started{};
  base::WallTime started_wall{};
  base::Moment accepted{};       ///< when it came
  std::int64_t arrival = 0;      ///< wait = yes datagrams: the stamp of the one that caused it
  Stage stage = Stage::libwrap;  ///< where it goes on, when it has a place and no server
  bool judged = false;           ///< counted as a request
  bool judged_again = false;
  bool conversing = false;       ///< a worker holds it, or will
  bool through_tcpmux = false;   ///< waits for a line that says yes or no (RFC 1078)
  bool operator==(const SessionFacts&) const = default;
};
BOOST_DESCRIBE_STRUCT(SessionFacts, (),
                      (peer, pid, started, started_wall, arrival, accepted, stage, judged, judged_again, conversing,
                       through_tcpmux))

struct HandedSession : SessionFacts {
  Token token = 0;
  int socket = -1;   ///< the connection, as long as no server has it
  int lingers = -1;  ///< with `linger`: the daemon's own descriptor of a connection that a server has
  int pidfd = -1;
  std::optional<HandedDatagram> datagram = {};
  bool operator==(const HandedSession&) const = default;
};
BOOST_DESCRIBE_STRUCT(HandedSession, (SessionFacts), (token, socket, pidfd, datagram, lingers))
constexpr auto members_since(const HandedSession*) { return std::array{base::Since{"lingers", 5}}; }

/// A refused peer of datagrams, and when it was logged (fact B4.34).
struct HandedRefusal {
  base::Endpoint peer;
  base::Moment logged{};
  bool operator==(const HandedRefusal&) const = default;
};
BOOST_DESCRIBE_STRUCT(HandedRefusal, (), (peer, logged))

/// What is known of a service besides its State, in whichever image.
struct ServiceFacts {
  std::string lent = {};  ///< the name of the listener, when it belongs to a service manager
  bool registered = false;  ///< rpcbind knows of it, or soon will
  unsigned open_failures = 0;
  std::string trouble = {};  ///< of the last of them
  std::optional<base::Moment> pause_end = {};  ///< of cps
  std::optional<base::Moment> kill_at = {};    ///< when servers of a retired service get KILL
  std::vector<base::Endpoint> targets = {};    ///< of a redirect, once they are known
  Counters counters = {};
  Standing standing = Standing::serving;
  bool foreign = true;  ///< a server has had the listener; where it is not said that may be
  bool operator==(const ServiceFacts&) const = default;
};
BOOST_DESCRIBE_STRUCT(ServiceFacts, (),
                      (lent, registered, open_failures, pause_end, kill_at, targets, counters, standing, trouble, foreign))
constexpr auto members_since(const ServiceFacts*) {
  return std::array{base::Since{"trouble", 5}, base::Since{"foreign", 5}};
}

struct HandedRunner : ServiceFacts {
  StateSnapshot state = {};
  int listener = -1;
  int turned_away = -1;     ///< of a steered service: the socket of refused peers
  int left_to_server = -1;  ///< of one that is closed while a server has its socket: that socket
  bool terminates = false;  ///< retired, and its servers have to end
  std::vector<HandedRefusal> refused_lately = {};
  std::vector<HandedSession> sessions = {};  ///< in the order of their tokens
  bool operator==(const HandedRunner&) const = default;
};
BOOST_DESCRIBE_STRUCT(HandedRunner, (ServiceFacts),
                      (state, listener, turned_away, left_to_server, terminates, refused_lately, sessions))

}  // namespace xsuperd::service
