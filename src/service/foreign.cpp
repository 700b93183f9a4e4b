// SPDX-License-Identifier: MIT
// The socket of a wait = yes service after a server has had it: whoever got it from that server may have changed it, may go
// on doing so, and may be faster than we are at any moment. So it is brought back to what it was, looked at again before
// each use, never accepted from, and opened anew as soon as that costs nobody a connection, or must be (decision B15.27).
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include "service/while_alive.hpp"
#include "xsuperd/net/lent_state.hpp"
#include "xsuperd/net/waiting_peers.hpp"
#include "xsuperd/service/endpoint.hpp"

namespace xsuperd::service {

using namespace std::chrono_literals;

namespace {

/// Somebody who listens again on the old socket at the wrong moment is hung up again.
constexpr int most_tries = 100;

/// Whoever came in while the access lists did not hold waits there among the others, for the next server; and a child of
/// the last one may take the lists away at any time. So the filter is locked, and it must be the right one, and none of
/// those who wait may be one whom it does not let in. Where nobody waits a new socket is as good.
bool lists_held(int socket, const config::Service& service) {
  if (!net::anything_waits(socket)) return false;
  const auto rules = steering_rules(service.settings);
  const bool otherwise = admits_by_default(service.settings);
  if (!net::lock_guard(socket, rules, otherwise)) return false;
  const auto peers = net::waiting_peers(socket);
  return peers && std::all_of(peers->begin(), peers->end(), [&](const base::Address& peer) {
           return net::admits(rules, otherwise, peer);
         });
}

base::Result<net::Opened> open_in_place_of(int old, const config::Service& service, const config::ListenSpec& at) {
  for (int tries = 1;; ++tries) {
    net::hang_up(old);
    auto opened = open_guarded(service, at);
    if (opened || opened.error().code != EADDRINUSE || tries == most_tries) return opened;
  }
}

}  // namespace

/// With the port that the system has chosen, if it has.
config::ListenSpec Endpoint::place() const {
  config::ListenSpec at = spec_;
  if (at.at.port == 0) at.at.port = net::local_endpoint(listener_->fd()).port;
  return at;
}

/// The server that had the socket has ended.
void Endpoint::came_back() {
  if (!facts_.foreign || !listener_) return;  // closed meanwhile, or opened anew
  readable_in_vain_ = 0;
  if (service().steered() && facts_.lent.empty() && !lists_held(listener_->fd(), service())) return (void)renew({});
  if (facts_.lent.empty()) required_.reset();
  if (const auto back = bring_back(); !back) return (void)renew(back.error().sentence);
  renew_when_quiet();
}

base::Result<void> Endpoint::bring_back() {
  if (!required_) {
    auto required = facts_.lent.empty() ? net::required_state(spec_, listener_->fd())
                                  : net::lent_state(spec_, listener_->fd());
    if (!required) return required.error();
    required_ = std::make_unique<net::SocketState>(std::move(*required));
  }
  if (auto back = net::bring_back(listener_->fd(), *required_, spec_); !back) return back;
  // The filter of the first one stands; it may be locked.
  if (!service().steered()) return {};
  return turned_away_ && facts_.lent.empty() ? net::steer(turned_away_->fd(), steering_rules(service().settings),
                                                    admits_by_default(service().settings))
                                       : steer();
}

bool Endpoint::still_fit() {
  if (!facts_.foreign || !required_) return true;
  const std::string why = net::tampered(listener_->fd(), *required_, spec_);
  if (why.empty()) return true;
  if (renew("a process that has it has changed " + why)) owner_.listen(*this);
  return false;
}

/// Hangs the socket up for everybody who has it, and opens another at its place. False when that cannot be had; it is tried
/// again from time to time. Connections that waited there are reset.
bool Endpoint::renew(const std::string& why) {
  if (!why.empty())
    around_.log.warning("service {}: its socket cannot be used any more and is opened anew: {}", service().id, why);
  const config::ListenSpec at = place();
  turned_away_.reset();
  const base::Fd old = listener_->release();
  listener_.reset();
  facts_.lent.clear();
  forget_server();
  auto opened = open_in_place_of(old.get(), service(), at);
  if (!opened) {
    unregister_rpc();
    owner_.on_socket(*this);
    (void)opened_or_not(opened.error());
  } else {
    watch(std::move(opened->fd));
    owner_.on_socket(*this);
    if (!service().steered() || steer_or_close()) {
      if (!facts_.registered || at.at.port != 0) return true;
      unregister_rpc();  // of the port that is lost
      register_rpc();
      return true;
    }
  }
  return report(false);
}

/// A new socket is nobody else's. While peers come one after another it is not the time, nor while a handshake is on its
/// way, which would be lost.
void Endpoint::renew_when_quiet() { quiet_.set(around_.clock.timer_length(200ms)); }

void Endpoint::look_whether_quiet() {
  const bool idle = facts_.foreign && listener_ && facts_.lent.empty() && !owner_.has_session(*this) && owner_.listens(*this) &&
                    !around_.sockets.holding;
  if (!idle || net::anything_waits(listener_->fd())) return;  // the end of the next server comes here again
  if (net::handshakes_under_way(listener_->fd())) return renew_when_quiet();
  if (renew({})) owner_.listen(*this);
}

/// The socket is one that no server has had.
void Endpoint::forget_server() {
  facts_.foreign = false;
  required_.reset();
  readable_in_vain_ = 0;
}

/// The configuration of a socket that a server has had is another one.
void Endpoint::require_anew() {
  if (!listener_ || !required_) return;
  if (!facts_.lent.empty() && !facts_.foreign) return void(*required_ = net::found_state(listener_->fd(), spec_));
  if (auto required = facts_.lent.empty() ? net::required_state(spec_, listener_->fd())
                                    : net::lent_state(spec_, listener_->fd()))
    *required_ = std::move(*required);
}

/// It was readable, and no datagram could be had. Once is no sign of anything: one with a wrong checksum does that.
void Endpoint::nothing_there() {
  constexpr unsigned most = 3;
  if (!facts_.foreign || ++readable_in_vain_ < most) return listener_->again();
  if (renew("it is readable, and there is nothing to be read")) owner_.listen(*this);
}

namespace {

/// Resets all connections that wait, without accept(2), and goes on listening.
bool reset_waiting(int listener, const config::ListenSpec& spec) {
  return ::shutdown(listener, SHUT_RDWR) == 0 && net::listen_on(listener, spec);
}

}  // namespace

/// Who has the socket can make accept(2) wait for ever. What refuses this peer does not look at who it is, so that the
/// others that wait would be refused, too. A service manager's socket stays: nobody could give it another.
void Endpoint::drop_connection() {
  if (facts_.foreign && is_lent() && reset_waiting(listener_->fd(), spec_)) return;
  if (facts_.foreign) return (void)renew({});
  net::drop_connection(listener_->fd());
}

void Endpoint::leave_to_server() const {
  if (!service().datagrams() || !service().hands_over() || !owner_.has_session(*this)) return;
  if (servers_fd() >= 0) net::leave_open_to_others(servers_fd());
}

}  // namespace xsuperd::service
