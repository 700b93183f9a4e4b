// SPDX-License-Identifier: MIT
#include "xsuperd/service/service_sockets.hpp"

#include <algorithm>
#include <utility>

#include "xsuperd/base/text.hpp"
#include "xsuperd/net/lent_state.hpp"
#include "xsuperd/net/service_manager.hpp"
#include "xsuperd/service/lookups.hpp"

namespace xsuperd::service {

namespace {

/// Makes a socket that a server may have had as new, and tells what it is like then; fails when it cannot be used.
base::Result<net::SocketState> made_new(int socket, const config::Service& service, const config::ListenSpec& spec,
                                        bool is_lent) {
  if (!service.hands_over()) return base::Error{0, "others can make it block, and this service accepts connections itself"};
  auto required = is_lent ? net::lent_state(spec, socket) : net::required_state(spec, socket);
  if (!required) return required;
  if (auto back = net::bring_back(socket, *required, spec); !back) return back.error();
  return required;
}

}  // namespace

ServiceSockets::ServiceSockets(Surroundings& around, EndpointId id, config::ListenSpec spec,
                               RefusingSocket::Callbacks refusing, std::function<void()> again)
    : PlacedSocket(around.loop, around.census.reserve, id, std::move(spec)),
      around_(around),
      refusing_(around, std::move(refusing)),
      tries_(around.loop, around.clock.timer_length, std::move(again)) {}

base::Result<net::Opened> ServiceSockets::find_socket(const config::Service& service) {
  if (left_to_server_) return net::Opened{.fd = std::move(left_to_server_)};
  foreign_.forget();
  auto activated = around_.sockets.activated.take(service.id, spec());
  return activated ? take_activated(service, std::move(*activated)) : open_guarded(service, spec());
}

base::Result<net::Opened> ServiceSockets::take_activated(const config::Service& service, net::ActivatedSocket socket) {
  const int number = socket.fd.get();
  const bool kept_for_us = net::is_stored_name(socket.name);
  foreign_.set(service.hands_over() && (kept_for_us || socket.foreign));
  if (socket.foreign || foreign_.foreign()) {
    auto required = made_new(number, service, spec(), !kept_for_us);
    if (!required) return open_instead(service, std::move(socket), required.error().sentence);
    // Of one that was kept for us that would mean that a server of this daemon has had it (shut_down()).
    if (!kept_for_us) foreign_.require(std::move(*required));
  }
  if (!kept_for_us) {
    around_.log.notice("service {} uses the socket {} of the service manager", service.id,
                       base::escaped(socket.name, 255));
    lent_ = socket.name;
  }
  if (!service.steered()) net::unguard(number);  // it may have been another service's
  net::apply_options(number, spec());
  const auto listening = net::listen_on(number, spec());
  if (!listening) {
    lent_.clear();
    if (kept_for_us) net::hang_up(number);
    return listening.error();
  }
  if (!kept_for_us && !foreign_.foreign()) foreign_.require(net::found_state(number, spec()));
  if (service.steered() && kept_for_us) take_refusing_socket(service, net::local_endpoint(number).port);
  // One that was kept for us is ours still, and its file with it.
  const bool has_file = kept_for_us && spec().has_path();
  return net::Opened{.fd = std::move(socket.fd), .path = has_file ? net::path_of_socket(spec().name) : net::SocketPath{}};
}

/// A socket that a server has had, and that cannot be used any more.
base::Result<net::Opened> ServiceSockets::open_instead(const config::Service& service, net::ActivatedSocket socket,
                                                       const std::string& why) {
  around_.log.warning("service {}: the socket {} is no longer usable and is reopened: {}", service.id,
                      base::escaped(socket.name, 255), why);
  if (service.steered()) take_refusing_socket(service, net::local_endpoint(socket.fd.get()).port);
  refusing_.close();
  net::hang_up(socket.fd.get());
  foreign_.forget();
  return open_guarded(service, spec());
}

void ServiceSockets::take_refusing_socket(const config::Service& service, std::uint16_t port) {
  config::ListenSpec beside = spec();
  beside.at.port = port;
  const std::string name = net::stored_refusing_name(service.id, spec());
  auto second = around_.sockets.activated.take_refusing(name, beside);
  if (!second) return;
  refusing_.take(std::move(second->fd));
  refusing_.resume();
}

base::Fd ServiceSockets::take_socket_of(ServiceSockets& leaving, bool served) {
  foreign_.forget();
  foreign_.set(leaving.foreign_.foreign() || served);
  lent_ = std::exchange(leaving.lent_, {});
  path_.take(leaving.path_.release());
  lookup_ = std::exchange(leaving.lookup_, nullptr);
  if (leaving.refusing_.open()) {
    refusing_.take(leaving.refusing_.release());
    refusing_.resume();
  }
  return leaving.release();
}

/// A server of ours has the first socket of a pair, and will have it whatever we do. Without the second one all peers would
/// reach it; and two new ones beside it would stand elsewhere in the group than the lists say.
bool ServiceSockets::close_all(const config::Service& service, bool served) {
  if (left_to_server_ || (!open() && !refusing_.open())) return false;
  const bool leaves_pair = open() && refusing_.open() && service.hands_over() && served;
  if (leaves_pair)
    left_to_server_ = release();
  else
    let_go(service, served, release());
  return true;
}

bool ServiceSockets::close_left(const config::Service& service) {
  if (!left_to_server_) return false;
  let_go(service, false, std::move(left_to_server_));
  return true;
}

/// What belongs to the manager is only put aside: it would be open there all the same, and could not be bound again here.
void ServiceSockets::let_go(const config::Service& service, bool served, base::Fd listening) {
  lookup_.reset();  // first: a connection that came in meanwhile would be reset
  if (refusing_.open()) shut_down(service, served, refusing_.fd());
  refusing_.close();
  if (listening && !around_.sockets.paths_stay) path_.remove();
  if (listening && is_lent())
    around_.sockets.activated.give_back({std::exchange(lent_, {}), std::move(listening), foreign_.foreign()});
  else if (listening)
    shut_down(service, served, listening.get());
  lent_.clear();
}

/// So that nobody connects to a duplicate that is still somewhere, and the manager sees that it is of no use any
/// more. A server that waits has the same socket, and keeps it; what a server before has left it to does not.
void ServiceSockets::shut_down(const config::Service& service, bool served, int fd) const {
  if (service.hands_over() && served) {
    if (service.datagrams()) net::leave_open_to_others(fd);
    return;
  }
  // One that was kept for us may have been a server's long ago; at the end of the daemon it is for the next one.
  if (around_.sockets.duplicates_kept || (foreign_.foreign() && foreign_.is_known())) net::hang_up(fd);
}

void ServiceSockets::save(InheritedEndpoint& all) const {
  all.id = id();
  all.listener = fd();
  all.turned_away = refusing_fd();
  all.left_to_server = left_to_server_.get();
  if (lookup_) all.lookup = lookup_->kernel.link(), all.lookup_ports = lookup_->kernel.ports();
  all.lent = lent_;
  all.foreign = foreign_.foreign();
  all.open_failures = tries_.failures();
  all.trouble = tries_.trouble().substr(0, 4096);
  all.path_device = path_.file().device;
  all.path_inode = path_.file().inode;
}

base::Fd ServiceSockets::restore_sockets(const InheritedEndpoint& inherited, const std::function<base::Fd(int)>& take) {
  base::Fd listening = take(inherited.listener);
  if (base::Fd socket = take(inherited.turned_away)) refusing_.take(std::move(socket));
  left_to_server_ = take(inherited.left_to_server);
  base::Fd link = take(inherited.lookup);
  base::Fd ports = take(inherited.lookup_ports);
  if (listening && link && ports)
    lookup_ = around_.sockets.lookups->restore(listening.get(), spec(), std::move(link), std::move(ports));
  if (listening || left_to_server_) lent_ = inherited.lent;
  if (inherited.path_inode != 0) path_.take({spec().name, inherited.path_device, inherited.path_inode});
  tries_.restore(inherited.open_failures, inherited.trouble);
  return listening;
}

}  // namespace xsuperd::service
