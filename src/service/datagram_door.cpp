// SPDX-License-Identifier: MIT
#include "service/datagram_door.hpp"

#include <array>
#include <bit>
#include <utility>

#include "service/kept_datagram.hpp"
#include "xsuperd/net/udp_reply.hpp"
#include "xsuperd/service/udp_internal.hpp"

namespace xsuperd::service {

void DatagramDoor::serve(Endpoint& endpoint) {
  net::DatagramBatch& batch = needs_.datagrams.batch;
  const auto all = batch.receive(endpoint.fd());
  if (!serve_each(endpoint, all)) return;
  batch.send(endpoint.fd());
  if (needs_.decider.state().endpoints().is_free(endpoint.id())) endpoint.again();
}

/// False when it was closed with all that waited there.
bool DatagramDoor::serve_each(Endpoint& endpoint, std::span<const net::Datagram> all) {
  serving_ = endpoint.id();
  const struct Served {
    std::optional<EndpointId>& serving;
    ~Served() { serving.reset(); }
  } served{serving_};
  // Looked for once for all that were taken together: they were there before the look.
  const std::optional<bool> libwrap_has_rules = all.empty() ? std::nullopt : look_for_libwrap_rules();
  for (const net::Datagram& datagram : all) {
    if (!endpoint.open()) return false;
    try {
      serve_one(endpoint, datagram, libwrap_has_rules);
    } catch (const std::exception& why) {  // the others of the batch are answered
      needs_.journal.daemon().error("service {}, datagram from {}: {}", service().id, datagram.peer.address.text(), why.what());
    }
  }
  return endpoint.open();
}

/// Nothing where the service does not ask, or where that cannot be found out now: then each looks for itself.
std::optional<bool> DatagramDoor::look_for_libwrap_rules() const {
  if (!service().asks_libwrap()) return std::nullopt;
  try {
    return !needs_.libwrap.no_rules();
  } catch (const std::exception&) {
    return std::nullopt;
  }
}

void DatagramDoor::serve_one(const Endpoint& endpoint, const net::Datagram& datagram,
                             std::optional<bool> libwrap_has_rules) {
  if (service().kind == config::Kind::internal && !may_answer(datagram.peer, needs_.datagrams.internal_ports)) return;
  Session begun(datagram.peer);
  begun.alone = true;
  begun.endpoint = endpoint.id();
  begun.datagram = &datagram;
  begun.libwrap_has_rules = libwrap_has_rules;
  const Token token = needs_.sessions.begin(std::move(begun));
  needs_.endings.attempt(token, [&] { needs_.judge(token); });
  Session* pending = needs_.sessions.find(token);
  if (!pending) return;
  pending->datagram = nullptr;
  pending->libwrap_has_rules.reset();
  // Without it there would be nothing to answer.
  needs_.endings.attempt(token, [&] { pending->kept = std::make_shared<const KeptDatagram>(datagram); });
}

void DatagramDoor::answer(Token token) {
  const Session session = std::move(needs_.sessions.at(token));
  needs_.sessions.counters().serve(needs_.clock.now() - session.accepted);
  needs_.endings.end(token);
  try {
    needs_.journal.started(token, session, 0);
    if (session.datagram) answer_now(*session.datagram);
    if (session.kept) answer_late(session.endpoint, session.kept->datagram);
  } catch (const std::bad_alloc&) {  // as if the answer had got lost on its way
  }
  needs_.decider.feed(Exited{token});
}

/// With the others of its batch.
void DatagramDoor::answer_now(const net::Datagram& datagram) {
  net::DatagramBatch& batch = needs_.datagrams.batch;
  if (const auto answer = answer_to(datagram, batch.room_for_answer().first<udp_room>())) batch.answer(datagram, *answer);
}

/// Its batch is gone.
void DatagramDoor::answer_late(EndpointId through, const net::Datagram& datagram) {
  std::array<char, udp_room> buffer;
  const auto answer = answer_to(datagram, buffer);
  const Endpoint* endpoint = needs_.endpoints.find(through);
  if (answer && endpoint && endpoint->open()) net::send_reply(endpoint->fd(), datagram, *answer);
}

std::optional<std::string_view> DatagramDoor::answer_to(const net::Datagram& datagram, std::span<char, udp_room> buffer) {
  return udp_answer(service().name, datagram.bytes, buffer, std::chrono::system_clock::now(), needs_.datagrams.chargen);
}

void DatagramDoor::before_closing(const Endpoint& endpoint) {
  if (serving_ == endpoint.id() && endpoint.open()) needs_.datagrams.batch.send(endpoint.fd());
}

bool DatagramDoor::logged_lately(const base::Endpoint& from) {
  const base::Endpoint peer{from.address.source(), from.port};
  constexpr std::size_t most = 1024;
  constexpr std::chrono::seconds lately{60};
  const base::Moment now = needs_.clock.now();
  // Those whose minute is over go, each time that there are twice as many.
  if (const std::size_t size = refused_lately_.size(); size >= most || (size >= 16 && std::has_single_bit(size)))
    boost::unordered::erase_if(refused_lately_, [&](const auto& one) { return now - one.second >= lately; });
  const auto there = refused_lately_.find(peer);
  if (there != refused_lately_.end() && now - there->second < lately) return true;
  if (refused_lately_.size() < most) refused_lately_[peer] = now;
  return false;
}

std::vector<InheritedRefusal> DatagramDoor::hand_over() const {
  std::vector<InheritedRefusal> all;
  for (const auto& [peer, logged] : refused_lately_) all.push_back({peer, logged});
  return all;
}

void DatagramDoor::restore(const std::vector<InheritedRefusal>& refusals) {
  for (const InheritedRefusal& one : refusals) refused_lately_[one.peer] = one.logged;
}

}  // namespace xsuperd::service
