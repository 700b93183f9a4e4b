// SPDX-License-Identifier: MIT
// Sockets that a service manager has handed to the daemon, or keeps duplicates of.
#include "xsuperd/base/text.hpp"
#include "xsuperd/net/lent_state.hpp"
#include "xsuperd/net/service_manager.hpp"
#include "xsuperd/net/steering.hpp"
#include "xsuperd/service/endpoint.hpp"

namespace xsuperd::service {

namespace {

/// Makes a socket that a server may have had as new, and tells what it is like then; fails when it cannot be used.
base::Result<net::SocketState> made_new(int socket, const config::Service& service, const config::ListenSpec& spec,
                                        bool is_lent) {
  if (!service.hands_over()) return base::Error{0, "others can make it block, and this service accepts"};
  auto required = is_lent ? net::lent_state(spec, socket) : net::required_state(spec, socket);
  if (!required) return required;
  if (auto back = net::bring_back(socket, *required, spec); !back) return back.error();
  return required;
}

}  // namespace

bool Endpoint::open_handed(net::HandedSocket socket) {
  const int number = socket.fd.get();
  const bool kept_for_us = net::is_stored_name(socket.name);
  facts_.foreign = service().hands_over() && (kept_for_us || socket.foreign);
  if (socket.foreign || facts_.foreign) {
    auto required = made_new(number, service(), spec_, !kept_for_us);
    if (!required) return open_instead(std::move(socket), required.error().sentence);
    // Of one that was kept for us that would mean that a server of this daemon has had it (shut_down()).
    if (!kept_for_us) required_ = std::make_unique<net::SocketState>(std::move(*required));
  }
  if (!kept_for_us) {
    around_.log.notice("service {} takes the socket {} of the service manager", service().id,
                       base::escaped(socket.name, 255));
    facts_.lent = socket.name;
  }
  if (!service().steered()) net::unguard(number);  // it may have been another service's
  net::apply_options(number, spec_);
  const auto listening = net::listen_on(number, spec_);
  if (!listening) {
    facts_.lent.clear();
    if (kept_for_us) net::hang_up(number);
    return opened_or_not(listening.error());
  }
  if (!kept_for_us && !facts_.foreign)
    required_ = std::make_unique<net::SocketState>(net::found_state(number, spec_));
  if (service().steered() && kept_for_us) take_refusing_socket(net::local_endpoint(number).port);
  return opened_or_not(net::Opened{std::move(socket.fd)});
}

/// A socket that a server has had, and that cannot be used any more.
bool Endpoint::open_instead(net::HandedSocket socket, const std::string& why) {
  around_.log.warning("service {}: the socket {} cannot be used any more and is opened anew: {}", service().id,
                      base::escaped(socket.name, 255), why);
  if (service().steered()) take_refusing_socket(net::local_endpoint(socket.fd.get()).port);
  turned_away_.reset();
  net::hang_up(socket.fd.get());
  forget_server();
  return opened_or_not(open_guarded(service(), spec_));
}

void Endpoint::take_refusing_socket(std::uint16_t port) {
  config::ListenSpec beside = spec_;
  beside.at.port = port;
  const std::string name = net::stored_refusing_name(service().id, spec_);
  if (auto second = around_.sockets.handed.take_refusing(name, beside)) watch_turned_away(std::move(second->fd));
}

/// A socket that belongs to the manager is only put aside: it would be open there all the same, and could not be bound
/// again here.
void Endpoint::close_sockets() {
  unregister_rpc();
  if (left_to_server_ || (!listener_ && !turned_away_)) return;
  if (leaves_pair_to_server()) return leave_pair_to_server();
  owner_.before_closing(*this);
  if (turned_away_) shut_down(turned_away_->fd());
  turned_away_.reset();
  if (listener_ && is_lent())
    around_.sockets.handed.give_back({std::exchange(facts_.lent, {}), listener_->release(), facts_.foreign});
  else if (listener_)
    shut_down(listener_->fd());
  listener_.reset();
  facts_.lent.clear();
  owner_.on_socket(*this);
}

/// So that nobody connects to a duplicate that is still somewhere, and the manager sees that it is of no use any
/// more. A server that waits has the same socket, and keeps it; what a server before has left it to does not.
void Endpoint::shut_down(int fd) const {
  if (service().hands_over() && owner_.has_session(*this)) {
    if (service().datagrams()) net::leave_open_to_others(fd);
    return;
  }
  // One that was kept for us may have been a server's long ago; at the end of the daemon it is for the next one.
  if (around_.sockets.duplicates_kept || (facts_.foreign && required_)) net::hang_up(fd);
}

}  // namespace xsuperd::service
