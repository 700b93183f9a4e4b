// SPDX-License-Identifier: MIT
// The socket of a wait = yes service after a server has had it: whoever got it from that server may have changed it, may go
// on doing so, and may be faster than we are at any moment. So it is brought back to what it was, looked at again before
// each use, never accepted from, and opened anew as soon as that costs nobody a connection, or must be (decision B15.27).
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include "xsuperd/net/waiting_peers.hpp"
#include "xsuperd/service/endpoint.hpp"
#include "xsuperd/service/lookups.hpp"

namespace xsuperd::service {

namespace {

/// Somebody who listens again on the old socket at the wrong moment is hung up again.
constexpr int most_tries = 100;

/// Until it is looked whether the socket can be opened anew at no cost.
constexpr std::chrono::milliseconds quiet_pause{200};

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

/// Whoever came in while the access lists did not hold is nobody for the next server: a new socket is usual then.
base::Result<void> ServiceSockets::bring_back(const config::Service& service, bool served) {
  if (service.steered() && !is_lent() && !lists_held(fd(), service)) return base::Error{0, {}};
  if (auto back = foreign_.bring_back(fd(), spec(), is_lent()); !back) return back;
  if (!service.steered()) return {};
  // The filter of the first one stands; it may be locked.
  const bool stands = refusing_.open() && !is_lent();
  if (!stands) return steer(service, served);
  return net::steer(refusing_.fd(), steering_rules(service.settings), admits_by_default(service.settings));
}

base::Result<net::Opened> ServiceSockets::replace_socket(const config::Service& service) {
  config::ListenSpec at = spec();
  if (at.at.port == 0) at.at.port = net::local_endpoint(fd()).port;  // that the system has chosen
  refusing_.close();
  lookup_.reset();
  base::Fd old = release();
  path_.remove();  // or the old socket, which is there as long as somebody has it, would be in the new one's way
  if (at.kind == config::ListenSpec::Kind::local && !at.has_path()) old.reset();  // nor is an abstract name free before
  lent_.clear();
  foreign_.forget();
  return open_in_place_of(old.get(), service, at);
}

/// The server that had the socket has ended.
void Endpoint::came_back() {
  if (!foreign().foreign() || !open()) return;  // closed meanwhile, or opened anew
  foreign().something_there();
  if (const auto back = bring_back(owner_.service(), owner_.has_session(*this)); !back)
    return (void)renew(back.error().sentence);
  quiet_.set(around_.clock.timer_length(quiet_pause));
}

bool Endpoint::still_fit() {
  const std::string why = foreign().tampered(fd(), spec());
  if (why.empty()) return true;
  if (renew("a process that has it has changed " + why)) owner_.listen(*this);
  return false;
}

/// Opens another socket. False when that cannot be had; it is tried again from time to time.
bool Endpoint::renew(const std::string& why) {
  const config::Service& service = owner_.service();
  if (!why.empty())
    around_.log.warning("service {}: its socket is no longer usable and is reopened: {}", service.id, why);
  auto opened = replace_socket(service);
  if (!opened) {
    rpc_->end();
    owner_.on_socket(*this);
    return report(opened_or_not(opened.error()));
  }
  watch_own(std::move(opened->fd));
  path().take(std::move(opened->path));
  owner_.on_socket(*this);
  if (!complete_or_close()) return report(false);
  const std::uint16_t port = net::local_endpoint(fd()).port;
  if (!rpc_->elsewhere(port)) return true;
  rpc_->end();  // of the port that is lost
  rpc_->begin(service, port);
  return true;
}

/// A new socket is nobody else's. While peers come one after another it is not the time, nor while a handshake is on its
/// way, which would be lost.
void Endpoint::look_whether_quiet() {
  const bool idle = foreign().foreign() && open() && !is_lent() && !owner_.has_session(*this) && owner_.listens(*this) &&
                    !around_.sockets.holding;
  if (!idle || net::anything_waits(fd())) return;  // the end of the next server comes here again
  if (net::handshakes_under_way(fd())) return quiet_.set(around_.clock.timer_length(quiet_pause));
  if (renew({})) owner_.listen(*this);
}

void Endpoint::nothing_there() {
  if (!foreign().nothing_there_again()) return again();
  if (renew("it is readable, but there is nothing to read")) owner_.listen(*this);
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
  if (foreign().foreign() && is_lent() && reset_waiting(fd(), spec())) return;
  if (foreign().foreign()) return (void)renew({});
  net::drop_connection(fd());
}

}  // namespace xsuperd::service
