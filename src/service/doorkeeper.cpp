// SPDX-License-Identifier: MIT
#include "service/doorkeeper.hpp"

#include "service/announcement.hpp"
#include "service/connection_door.hpp"
#include "service/datagram_door.hpp"
#include "service/decider.hpp"
#include "service/refusals.hpp"
#include "xsuperd/service/sessions.hpp"
#include "service/waiting_door.hpp"
#include "xsuperd/service/lookups.hpp"

namespace xsuperd::service {

void Doorkeeper::listen_everywhere() {
  for (const auto& endpoint : needs_.endpoints)
    if (listens(*endpoint)) listen(*endpoint);
}

bool Doorkeeper::has_session(const Endpoint& endpoint) const { return needs_.sessions.any_at(endpoint.id()); }

bool Doorkeeper::listens(const Endpoint& endpoint) const { return needs_.decider.state().endpoints().is_free(endpoint.id()); }

/// Waits for requests, unless they are to wait for us or for the next image of the daemon.
void Doorkeeper::listen(Endpoint& endpoint) {
  if (endpoint.open() && lets_in()) endpoint.resume();
}

void Doorkeeper::on_readable(Endpoint& endpoint) {
  if (service().hands_over()) return needs_.waiting.on_readable(endpoint);
  if (service().datagrams()) return needs_.datagrams.serve(endpoint);
  needs_.connections.accept(endpoint);
}

void Doorkeeper::on_turned_away(net::Connection connection) { needs_.refusals.turned_away(std::move(connection)); }

void Doorkeeper::on_opened(Endpoint& endpoint) {
  needs_.journal.opened(endpoint);
  needs_.decider.feed(Opened{endpoint.id()});
}

void Doorkeeper::on_closed(Endpoint& endpoint) { needs_.decider.feed(Closed{endpoint.id()}); }
void Doorkeeper::on_lost(const Endpoint& endpoint) { needs_.journal.lost(endpoint); }

void Doorkeeper::before_closing(Endpoint& endpoint) { needs_.datagrams.before_closing(endpoint); }

void Doorkeeper::on_socket(Endpoint&) {
  needs_.sockets.lookups->on_socket();
  needs_.announcement.update();
  if (needs_.hooks.on_sockets) needs_.hooks.on_sockets();
}

}  // namespace xsuperd::service
