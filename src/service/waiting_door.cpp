// SPDX-License-Identifier: MIT
#include "service/waiting_door.hpp"

#include "service/doorkeeper.hpp"

namespace xsuperd::service {

void WaitingDoor::on_readable(Endpoint& endpoint) {
  if (!endpoint.still_fit()) return;
  if (needs_.setup.service().listen.socket_type != config::SocketType::dgram) return request_of(endpoint, {});
  const auto head = net::peek_datagram(endpoint.fd());
  if (!head) return endpoint.nothing_there();
  endpoint.something_there();
  request_of(endpoint, *head);
}

void WaitingDoor::request_of(const Endpoint& endpoint, const net::Head& head) {
  Session session(head.peer);
  session.arrival = head.arrival;
  session.alone = true;
  session.endpoint = endpoint.id();
  const Token token = needs_.sessions.begin(std::move(session));
  needs_.endings.attempt(token, [&] { needs_.judge(token); });
}

bool WaitingDoor::lend(Session& session) const {
  const Endpoint* endpoint = needs_.endpoints.find(session.endpoint);
  if (!endpoint || !endpoint->open()) return false;
  session.socket = endpoint->duplicate();
  return true;
}

void WaitingDoor::on_server(const Session& session) const {
  if (!needs_.setup.service().hands_over()) return;
  if (Endpoint* endpoint = needs_.endpoints.find(session.endpoint)) endpoint->on_server();
}

void WaitingDoor::came_back(const Session& session) const {
  if (Endpoint* endpoint = needs_.endpoints.find(session.endpoint)) endpoint->came_back();
}

std::optional<net::Head> WaitingDoor::drop_unread(const Session& session) const {
  const config::Service& service = needs_.setup.service();
  const Endpoint* endpoint = service.hands_over() && service.datagrams() ? needs_.endpoints.find(session.endpoint) : nullptr;
  if (!endpoint || !endpoint->open()) return std::nullopt;
  const auto head = net::peek_datagram(endpoint->fd());
  if (!head || head->arrival != session.arrival || head->peer != session.peer) return head;
  net::drop_datagram(endpoint->fd());
  needs_.journal.daemon().warning(
      "{}: the server did not read the datagram from {} that it was started for; it is dropped", service.id,
      session.peer.address.text());
  return std::nullopt;
}

void WaitingDoor::go_on_with(Token ended, const net::Head& next) {
  /// Takes the next request at once where the socket would be waited for.
  struct AtOnce final : Performer {
    AtOnce(WaitingDoor& the_door, const net::Head& the_head) : door(the_door), head(the_head) {}
    void perform(const Action& action) override {
      const auto* listen = std::get_if<Listen>(&action);
      if (!listen) return door.needs_.decider.performer().perform(action);
      const Endpoint* endpoint = door.needs_.endpoints.find(listen->endpoint);
      if (endpoint && endpoint->open() && door.needs_.doorkeeper.lets_in()) door.request_of(*endpoint, head);
    }
    WaitingDoor& door;
    const net::Head& head;
  };
  AtOnce at_once(*this, next);
  needs_.decider.feed(Exited{ended}, at_once);
}

void WaitingDoor::drop_refused(const Session& session) const {
  const config::Service& service = needs_.setup.service();
  Endpoint* endpoint = needs_.endpoints.find(session.endpoint);
  if (!endpoint || !endpoint->open()) return;
  if (service.listen.socket_type == config::SocketType::stream) return endpoint->drop_connection();
  if (!service.datagrams()) return net::drop_datagram(endpoint->fd());  // raw: it was never looked at
  const auto head = net::peek_datagram(endpoint->fd());
  if (head && head->arrival == session.arrival && head->peer == session.peer) net::drop_datagram(endpoint->fd());
}

}  // namespace xsuperd::service
