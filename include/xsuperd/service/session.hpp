// SPDX-License-Identifier: MIT
#pragma once
#include <sys/types.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "xsuperd/base/address.hpp"
#include "xsuperd/base/deadline_queue.hpp"
#include "xsuperd/base/described.hpp"
#include "xsuperd/base/fd.hpp"
#include "xsuperd/base/time.hpp"
#include "xsuperd/net/forward_resolver.hpp"
#include "xsuperd/net/ident.hpp"
#include "xsuperd/net/local_connector.hpp"
#include "xsuperd/net/proxy_words.hpp"
#include "xsuperd/net/tcp_observer.hpp"
#include "xsuperd/net/true_pairs.hpp"
#include "xsuperd/service/state.hpp"
#include "xsuperd/tls/words.hpp"

namespace xsuperd::net {
struct Datagram;
}

/// One request from its arrival to the end of its server, and the phases it goes through. The machine is pure: it says
/// what comes next, and the Runner does it. State decides about places and limits; this is about one request's way.
///
/// | phase      | what it waits for                        | how it is left                                        |
/// | ---------- | ---------------------------------------- | ----------------------------------------------------- |
/// | arrived    | nothing: it is about to be judged        | header_wanted -> heading; greets -> greeting; name_wanted -> naming; lined_up -> queued; admitted |
/// | heading    | the header of a proxy (`proxy_from`)     | header_read -> arrived                                |
/// | greeting   | `banner` to be taken (fact B4.24)        | greeted -> arrived                                    |
/// | naming     | the name of its peer                     | named -> arrived                                      |
/// | judging    | another look: a place may become free    | looked_again -> arrived                               |
/// | queued     | a place, or a token of `rate` (`queue`)  | called -> arrived                                     |
/// | libwrap    | the helper's word                        | allowed -> the next that is wanted                    |
/// | tls        | the outcome of its handshake             | shaken -> the next that is wanted                     |
/// | banner     | `banner_success` to be taken             | greeted -> the next that is wanted                    |
/// | identity   | the answer of an identity server         | identified -> the next that is wanted                 |
/// | target     | the address of a redirect's target       | target_found -> the next that is wanted               |
/// | starting   | the spawner                              | started -> running, or conversing; start_failed -> retrying |
/// | retrying   | another try (fact B4.48)                 | retried -> starting                                   |
/// | running    | the end of its server                    | ended                                                 |
/// | conversing | the end of its conversation in a worker  | ended                                                 |
///
/// `admitted` leads to the first of libwrap, tls, banner, identity and target that is wanted, else to starting. From every phase `ended` (also: refused, withdrawn, lost) is the end. A further wait before
/// a server starts is a row of `way_to_server` in session.cpp, and a member of Wanted.
namespace xsuperd::service {

enum class SessionPhase : std::uint8_t {
  arrived,
  greeting,
  naming,
  judging,
  libwrap,
  banner,
  identity,
  target,
  starting,
  retrying,
  running,
  conversing,
  queued,
  tls,
  heading,
};
inline constexpr SessionPhase last_session_phase = SessionPhase::heading;

enum class SessionEvent : std::uint8_t {
  header_wanted,  ///< its peer is a proxy
  header_read,
  greets,        ///< `banner` is being sent
  greeted,       ///< a banner has been taken
  name_wanted,
  named,
  look_wanted,   ///< it is to be judged again, in the next turn of the loop
  looked_again,
  lined_up,      ///< it waits in the queue
  called,        ///< its turn has come
  admitted,
  allowed,       ///< by libwrap
  shaken,        ///< the handshake is done, and its certificate will do
  identified,
  target_found,
  started,
  start_failed,  ///< and is to be tried again
  retried,
};

/// What a session has to go through before its server starts, as things stand at that moment.
struct Wanted {
  bool libwrap = false;
  bool banner = false;
  bool identity = false;
  bool target = false;
  bool conversation = false;  ///< we serve it ourselves, in a worker
  bool tls = false;
};

/// Where a session in that phase is after the event; nothing when the one does not belong to the other. Pure.
[[nodiscard]] std::optional<SessionPhase> after(SessionPhase phase, SessionEvent event, const Wanted& wanted);

/// Where it goes on in another image of the daemon, which asks anew for whatever this one waits for, except that no banner is
/// sent twice. Pure.
[[nodiscard]] SessionPhase resumed(SessionPhase phase);

struct KeptDatagram;

/// How long an identity server may take (fact B7.29).
inline constexpr std::chrono::seconds ident_patience{30};

/// What is known of a session, in whichever image of the daemon. Descriptors and what is under way come beside it.
struct SessionFacts {
  base::Endpoint peer{};
  EndpointId endpoint = 0;  ///< by which it came
  SessionPhase phase = SessionPhase::arrived;
  pid_t pid = 0;            ///< of the server, while it is running
  base::Moment started{};
  base::WallTime started_wall{};
  base::Moment accepted{};    ///< when it came
  std::int64_t arrival = 0;   ///< wait = yes datagrams: the stamp of the one that caused it
  bool judged = false;        ///< counted as a request
  bool judged_again = false;  ///< for a place that may have become free
  bool through_tcpmux = false;  ///< waits for a line that says yes or no (RFC 1078)
  base::Moment queued{};        ///< when it came into the queue; none: it never had to
  net::TcpIdentity connection{};  ///< noted where idle_timeout or first_data_timeout may have to look at it
  bool peer_spoke = false;        ///< it has been seen that the peer has sent something
  base::Moment limited{};         ///< when a time limit has ended it; none: the epoch
  base::Endpoint local{};         ///< what the peer has reached, noted where an event log tells of it, or a worker has the connection
  bool covered = false;           ///< the TLS handshake is done: its socket is one that the worker passes bytes to
  /// Of a client that a proxy speaks for: the proxy, and the address that the client called; `peer` is the client. Else both
  /// are unknown.
  base::Endpoint proxy{}, called{};
  net::ProxyWords proxy_words{};  ///< what else that proxy has told
  bool in_kernel = false;  ///< `covered`, but its socket is the connection itself, in which the kernel speaks TLS
  bool calls = false;  ///< a worker for TLS holds its relay, because the target is spoken to in TLS
  bool onward = false;  ///< `covered`, and the worker that speaks TLS with the peer has the target, too: it has no socket
  [[nodiscard]] bool proxied() const { return proxy.address.known(); }
  /// Who is at the other end of its socket.
  [[nodiscard]] const base::Endpoint& socket_peer() const { return proxied() ? proxy : peer; }
  bool operator==(const SessionFacts&) const = default;
};
BOOST_DESCRIBE_STRUCT(SessionFacts, (),
                      (peer, endpoint, phase, pid, started, started_wall, arrival, accepted, judged, judged_again,
                       through_tcpmux, queued, connection, peer_spoke, limited, local, covered, proxy, called, proxy_words, calls, in_kernel, onward))
constexpr auto members_since(const SessionFacts*) {
  return std::array{base::Since{"endpoint", 6}, base::Since{"phase", 6}, base::Since{"queued", 8}, base::Since{"connection", 8},
                    base::Since{"peer_spoke", 8}, base::Since{"limited", 8}, base::Since{"local", 10}, base::Since{"covered", 10},
                    base::Since{"proxy", 10}, base::Since{"called", 10}, base::Since{"proxy_words", 10}, base::Since{"calls", 10}, base::Since{"in_kernel", 11},
                    base::Since{"onward", 14}};
}

/// Added to the token of a session whose relay a worker for TLS holds: there its own belongs to the conversation with its peer.
inline constexpr Token of_relay = Token{1} << 62;
/// By which token workers know what serves the session.
[[nodiscard]] inline Token worker_token(Token token, const SessionFacts& session) { return session.calls ? token | of_relay : token; }

/// One request. Loop thread only.
struct Session : SessionFacts {
  base::Fd socket{};          ///< the connection, as long as no server has it
  bool alone = false;         ///< nobody else was waiting when it came
  bool name_failed = false;   ///< the look-up of the peer's name: told when it is refused
  const net::Datagram* datagram = nullptr;  ///< internal datagram services, while it lies in its batch
  std::optional<bool> libwrap_has_rules{};  ///< of that batch, if it matters; else they are looked for when it does
  std::shared_ptr<const KeptDatagram> kept{};  ///< internal datagram services, while the answer has to wait
  net::IdentClient::Lookup lookup = 0;         ///< while the identity server is asked
  net::ForwardResolver::Id target = 0;         ///< while the redirect's target is looked up
  net::LocalConnector::Id connecting = 0;      ///< while it is a UNIX socket that is connected to
  unsigned silent_ends = 0;  ///< how often a look at it found that it has sent its end and nothing before
  base::Moment active{};  ///< when it was last seen that a byte had passed; before `started`: not yet
  bool killed = false;    ///< a server that went on after `limited`
  bool signalled = false;  ///< we have sent its server a signal: how it ends is not the peer's doing
  base::DeadlineQueue<Token>::Handle deadline{};  ///< among Sessions::deadlines()
  net::TruePairs::Id pair = 0;  ///< while its pair of sockets is being made
  bool shaking = false;   ///< a worker is to tell how its handshake came out
  bool returning = false;  ///< and has told that the kernel goes on: it is to give the connection back
  std::shared_ptr<const tls::Words> words{};  ///< what was agreed on
  bool suspect = false;        ///< something had come before a worker was to look at its header
  unsigned headers_lost = 0;  ///< how many workers have failed while they had it to look at
  /// With `real_peer`, from the moment at which they are made until the server has its own: see net::TruePairs.
  base::Fd handler_end{}, carrier_end{};
  /// With `linger` or `in_kernel`: ours, while the server has its own; none where there were no descriptors.
  base::Fd lingers{};

  Session() = default;
  explicit Session(const base::Endpoint& from, base::Fd connection = {}) : socket(std::move(connection)) { peer = from; }
  explicit Session(const SessionFacts& facts) : SessionFacts(facts) {}
  /// A server or a worker has it; else its fate is not decided yet.
  [[nodiscard]] bool served() const { return phase == SessionPhase::running || conversing(); }
  [[nodiscard]] bool conversing() const { return phase == SessionPhase::conversing; }
};
/// Each in a piece of memory of its own: a flat map that grows would move all of them, and has up to as much again unused.
using SessionMap = std::unordered_map<Token, Session>;

}  // namespace xsuperd::service
