// SPDX-License-Identifier: MIT
// The socket of a wait = yes service after a server has had it: whoever got it from that server may have changed it, may go
// on doing so, and may be faster than we are at any moment. So it is brought back to what it was, looked at again before
// each use, never accepted from, and opened anew as soon as that costs nobody a connection, or must be (decision B15.27).
#include <algorithm>
#include <cerrno>

#include "service/timers.hpp"
#include "xsuperd/net/lent_state.hpp"
#include "xsuperd/net/waiting_peers.hpp"
#include "xsuperd/service/runner.hpp"

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
config::ListenSpec Runner::place() const {
  config::ListenSpec at = service().listen;
  if (at.at.port == 0) at.at.port = net::local_endpoint(listener_->fd()).port;
  return at;
}

/// The server that had the socket has ended.
void Runner::came_back() {
  if (!foreign_ || !listener_) return;  // closed meanwhile, or opened anew
  readable_in_vain_ = 0;
  if (service().steered() && lent_.empty() && !lists_held(listener_->fd(), service())) return (void)renew({});
  if (lent_.empty()) required_.reset();
  if (const auto back = bring_back(); !back) return (void)renew(back.error().sentence);
  renew_when_quiet();
}

base::Result<void> Runner::bring_back() {
  if (!required_) {
    auto required = lent_.empty() ? net::required_state(service().listen, listener_->fd())
                                  : net::lent_state(service().listen, listener_->fd());
    if (!required) return required.error();
    required_ = std::make_unique<net::SocketState>(std::move(*required));
  }
  if (auto back = net::bring_back(listener_->fd(), *required_, service().listen); !back) return back;
  // The filter of the first one stands; it may be locked.
  if (!service().steered()) return {};
  return turned_away_ && lent_.empty() ? net::steer(turned_away_->fd(), steering_rules(service().settings),
                                                    admits_by_default(service().settings))
                                       : steer();
}

/// To be asked before anything is done with the socket. If not, it has been opened anew and is waited for.
bool Runner::still_fit() {
  if (!foreign_ || !required_) return true;
  const std::string why = net::tampered(listener_->fd(), *required_, service().listen);
  if (why.empty()) return true;
  if (renew("a process that has it has changed " + why)) listen();
  return false;
}

/// Hangs the socket up for everybody who has it, and opens another at its place. False when that cannot be had; it is tried
/// again from time to time. Connections that waited there are reset.
bool Runner::renew(const std::string& why) {
  if (!why.empty())
    around_.log.warning("service {}: its socket cannot be used any more and is opened anew: {}", service().id, why);
  const config::ListenSpec at = place();
  turned_away_.reset();
  const base::Fd old = listener_->release();
  listener_.reset();
  lent_.clear();
  forget_server();
  auto opened = open_in_place_of(old.get(), service(), at);
  if (!opened) {
    unregister_rpc();
    end_announcement();
    tell_sockets();
    (void)opened_or_not(opened.error());
  } else {
    watch(std::move(opened->fd));
    tell_sockets();
    if (!service().steered() || steer_or_close()) {
      if (!registered_ || at.at.port != 0) return true;
      unregister_rpc();  // of the port that is lost
      register_rpc();
      return true;
    }
  }
  feed(Closed{});
  try_again_later();
  return false;
}

/// A new socket is nobody else's. While peers come one after another it is not the time, nor while a handshake is on its
/// way, which would be lost.
void Runner::renew_when_quiet() {
  timers_->cancel(quiet_);
  quiet_ = arm(200ms, [](Runner& self) {
    const bool idle = self.foreign_ && self.listener_ && self.lent_.empty() && self.sessions_.empty() &&
                      self.state_.phase() == Phase::listening && !self.around_.holding;
    if (!idle || net::anything_waits(self.listener_->fd())) return;  // the end of the next server comes here again
    if (net::handshakes_under_way(self.listener_->fd())) return self.renew_when_quiet();
    if (self.renew({})) self.listen();
  });
}

/// The socket is one that no server has had.
void Runner::forget_server() {
  foreign_ = false;
  required_.reset();
  readable_in_vain_ = 0;
}

/// The configuration of a socket that a server has had is another one.
void Runner::require_anew() {
  if (!listener_ || !required_) return;
  if (!lent_.empty() && !foreign_) return void(*required_ = net::found_state(listener_->fd(), service().listen));
  if (auto required = lent_.empty() ? net::required_state(service().listen, listener_->fd())
                                    : net::lent_state(service().listen, listener_->fd()))
    *required_ = std::move(*required);
}

/// It was readable, and no datagram could be had. Once is no sign of anything: one with a wrong checksum does that.
void Runner::nothing_there() {
  constexpr unsigned most = 3;
  if (!foreign_ || ++readable_in_vain_ < most) return listener_->again();
  if (renew("it is readable, and there is nothing to be read")) listen();
}

void Runner::leave_to_servers() const {
  if (!service().datagrams() || !service().hands_over() || sessions_.empty()) return;
  if (servers_fd() >= 0) net::leave_open_to_others(servers_fd());
}

}  // namespace xsuperd::service
