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
/// Are the sockets of such a service to be open?
[[nodiscard]] constexpr bool wants_socket(Standing standing) {
  return standing == Standing::serving || standing == Standing::held;
}

/// A datagram that was taken off its socket and not answered yet.
struct InheritedDatagram {
  std::string bytes;
  std::string peer;     ///< as the kernel wrote it
  std::string control;  ///< the way of the answer, as the kernel takes it
  bool operator==(const InheritedDatagram&) const = default;
};
BOOST_DESCRIBE_STRUCT(InheritedDatagram, (), (bytes, peer, control))

/// A connection whose server has ended, and which its peer has yet to close.
struct InheritedLinger {
  int socket = -1;
  base::Moment until{};
  bool in_kernel = false;  ///< the kernel speaks TLS in it, and its peer may not have been told the end
  bool stays = true;       ///< it is kept open after that
  bool operator==(const InheritedLinger&) const = default;
};
BOOST_DESCRIBE_STRUCT(InheritedLinger, (), (socket, until, in_kernel, stays))
constexpr auto members_since(const InheritedLinger*) { return std::array{base::Since{"in_kernel", 11}, base::Since{"stays", 11}}; }

/// What a server, or one of its children, writes to descriptor 2 with `stderr = log`.
struct InheritedErrorStream {
  Token token = 0;      ///< of the conversation that reads it
  pid_t pid = 0;        ///< of the server
  int pipe = -1;        ///< the end for reading
  base::Moment lost{};  ///< when its worker failed; none: the epoch
  bool unread = false;  ///< it is thrown away
  bool operator==(const InheritedErrorStream&) const = default;
};
BOOST_DESCRIBE_STRUCT(InheritedErrorStream, (), (token, pid, pipe, lost, unread))

struct InheritedSession : SessionFacts {
  Token token = 0;
  int socket = -1;   ///< the connection, as long as no server has it
  int lingers = -1;  ///< with `linger` or TLS in the kernel: the daemon's own descriptor of a connection that a server has
  int pidfd = -1;
  bool conversing = false;       ///< a worker holds it, or will
  Stage stage = Stage::libwrap;  ///< what came next, in a state of a version that has no phases
  std::optional<InheritedDatagram> datagram = {};
  std::optional<tls::Words> words = {};  ///< with TLS, once its handshake is done: what was agreed on
  bool operator==(const InheritedSession&) const = default;
};
BOOST_DESCRIBE_STRUCT(InheritedSession, (SessionFacts), (token, socket, pidfd, conversing, stage, datagram, lingers, words))
constexpr auto members_since(const InheritedSession*) { return std::array{base::Since{"lingers", 5}, base::Since{"words", 10}}; }

/// A refused peer of datagrams, and when it was logged (fact B4.34).
struct InheritedRefusal {
  base::Endpoint peer;
  base::Moment logged{};
  bool operator==(const InheritedRefusal&) const = default;
};
BOOST_DESCRIBE_STRUCT(InheritedRefusal, (), (peer, logged))

/// What is known of a service besides its State and its endpoints, in whichever image.
struct ServiceFacts {
  std::optional<base::Moment> pause_end = {};  ///< of cps
  std::optional<base::Moment> kill_at = {};    ///< when servers of a retired service get KILL
  std::vector<base::Endpoint> targets = {};    ///< of a redirect, once they are known
  Counters counters = {};
  Standing standing = Standing::serving;
  bool operator==(const ServiceFacts&) const = default;
};
BOOST_DESCRIBE_STRUCT(ServiceFacts, (), (pause_end, kill_at, targets, counters, standing))

/// What is known of an endpoint, in whichever image.
struct EndpointFacts {
  std::string lent = {};     ///< the name of the listener, when it belongs to a service manager
  bool registered = false;   ///< rpcbind knows of it, or soon will
  unsigned open_failures = 0;
  std::string trouble = {};  ///< of the last of them
  bool foreign = true;       ///< a server has had the listener; where it is not said that may be
  std::uint64_t path_device = 0;  ///< of a UNIX socket of ours: which file it is bound to
  std::uint64_t path_inode = 0;   ///< 0: none
  bool operator==(const EndpointFacts&) const = default;
};
BOOST_DESCRIBE_STRUCT(EndpointFacts, (), (lent, registered, open_failures, trouble, foreign, path_device, path_inode))
constexpr auto members_since(const EndpointFacts*) {
  return std::array{base::Since{"trouble", 5}, base::Since{"foreign", 5}, base::Since{"path_device", 7},
                    base::Since{"path_inode", 7}};
}

/// The sockets of an endpoint.
struct EndpointSockets {
  int listener = -1;
  int turned_away = -1;     ///< of a steered service: the socket of refused peers
  int left_to_server = -1;  ///< of one that is closed while a server has its socket: that socket
  int lookup = -1;          ///< of a range of ports: what leads its connections to the listener
  int lookup_ports = -1;    ///< of the same: the ports that are left alone
  bool operator==(const EndpointSockets&) const = default;
};
BOOST_DESCRIBE_STRUCT(EndpointSockets, (), (listener, turned_away, left_to_server, lookup, lookup_ports))
constexpr auto members_since(const EndpointSockets*) {
  return std::array{base::Since{"lookup", 7}, base::Since{"lookup_ports", 7}};
}

struct InheritedEndpoint : EndpointFacts, EndpointSockets {
  EndpointId id = 0;
  bool operator==(const InheritedEndpoint&) const = default;
};
BOOST_DESCRIBE_STRUCT(InheritedEndpoint, (EndpointFacts, EndpointSockets), (id))
constexpr auto members_since(const InheritedEndpoint*) { return std::array<base::Since, 0>{}; }  // both bases have one

/// A conversation of a worker that carries the bytes of a server.
struct InheritedCarrier {
  Token token = 0;
  bool operator==(const InheritedCarrier&) const = default;
};
BOOST_DESCRIBE_STRUCT(InheritedCarrier, (), (token))

/// EndpointFacts and EndpointSockets are those of the only endpoint, in a state of a version that has no endpoints.
struct InheritedRunner : ServiceFacts, EndpointFacts, EndpointSockets {
  StateSnapshot state = {};
  std::vector<InheritedEndpoint> endpoints = {};  ///< in the order of the configuration
  bool terminates = false;  ///< retired, and its servers have to end
  std::vector<InheritedRefusal> refused_lately = {};
  std::vector<InheritedSession> sessions = {};  ///< in the order of their tokens
  std::vector<InheritedErrorStream> error_streams = {};
  std::vector<InheritedCarrier> carriers = {};
  bool operator==(const InheritedRunner&) const = default;
};
BOOST_DESCRIBE_STRUCT(InheritedRunner, (ServiceFacts, EndpointFacts, EndpointSockets),
                      (state, endpoints, terminates, refused_lately, sessions, error_streams, carriers))
constexpr auto members_since(const InheritedRunner*) {
  return std::array{base::Since{"endpoints", 6}, base::Since{"error_streams", 9}, base::Since{"carriers", 10}};
}

}  // namespace xsuperd::service
