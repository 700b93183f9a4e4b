// SPDX-License-Identifier: MIT
// Internal services and sensors over datagrams: answered on the loop, which copies bytes and parses none.
#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "service/datagrams.hpp"
#include "xsuperd/net/udp_reply.hpp"
#include "xsuperd/service/runner.hpp"
#include "xsuperd/service/udp_internal.hpp"

namespace xsuperd::service {

/// A datagram whose sender's name or libwrap's word is still awaited.
struct KeptDatagram {
  explicit KeptDatagram(const net::Datagram& d) : bytes(d.bytes), datagram(d) { datagram.bytes = bytes; }
  std::string bytes;
  net::Datagram datagram;
};

HandedDatagram handed_datagram(const KeptDatagram& kept) {
  const net::Datagram::Way& way = kept.datagram.way;
  return {kept.bytes,
          {reinterpret_cast<const char*>(&way.peer), way.peer_length},
          {way.control.data(), way.control_length}};
}

std::shared_ptr<const KeptDatagram> kept_datagram(const HandedDatagram& handed, const base::Endpoint& peer) {
  net::Datagram datagram;
  datagram.peer = peer;
  datagram.bytes = handed.bytes;
  net::Datagram::Way& way = datagram.way;
  if (handed.peer.size() > sizeof way.peer || handed.control.size() > way.control.size()) return nullptr;
  std::memcpy(&way.peer, handed.peer.data(), handed.peer.size());
  way.peer_length = static_cast<socklen_t>(handed.peer.size());
  std::copy(handed.control.begin(), handed.control.end(), way.control.begin());
  way.control_length = handed.control.size();
  return std::make_shared<const KeptDatagram>(datagram);
}

void Runner::serve_datagrams(Endpoint& endpoint) {
  net::DatagramBatch& batch = around_.datagrams.batch;
  no_libwrap_rules_ = std::nullopt;
  for (const net::Datagram& datagram : batch.receive(endpoint.fd())) {
    if (!endpoint.open()) return;  // it was closed with all that waited there
    try {
      serve_datagram(endpoint, datagram);
    } catch (const std::exception& why) {  // the others of the batch are answered
      around_.log.error("service {}, datagram from {}: {}", service().id, datagram.peer.address.text(), why.what());
    }
  }
  if (!endpoint.open()) return;
  batch.send(endpoint.fd());
  if (listens(endpoint)) endpoint.again();
}

void Runner::serve_datagram(Endpoint& endpoint, const net::Datagram& datagram) {
  if (service().kind == config::Kind::internal && !may_answer(datagram.peer, around_.datagrams.internal_ports)) return;
  Session session(datagram.peer);
  session.alone = true;
  session.endpoint = endpoint.id();
  const Token token = new_session(std::move(session));
  current_datagram_ = &datagram;
  current_endpoint_ = endpoint.id();
  attempt(token, &Runner::request);
  current_datagram_ = nullptr;
  const auto pending = sessions_.find(token);
  if (pending == sessions_.end()) return;
  try {
    pending->second.kept = std::make_shared<KeptDatagram>(datagram);
  } catch (const std::exception& why) {  // there would be nothing to answer
    lose(token, why);
  }
}

void Runner::answer_datagram(Token token) {
  const Session session = std::move(sessions_.at(token));
  facts_.counters.serve(around_.clock.now() - session.accepted);
  end_session(token);
  try {
    log_start(session, 0);
    if (session.kept)
      answer_late(session.endpoint, session.kept->datagram);
    else if (const auto answer = answer_to(*current_datagram_, around_.datagrams.batch.room_for_answer().first<udp_room>()))
      around_.datagrams.batch.answer(*current_datagram_, *answer);
  } catch (const std::bad_alloc&) {  // as if the answer had got lost on its way
  }
  feed(Exited{token});
}

/// Its batch is gone.
void Runner::answer_late(EndpointId through, const net::Datagram& datagram) {
  std::array<char, udp_room> buffer;
  const auto answer = answer_to(datagram, buffer);
  const Endpoint* endpoint = find(through);
  if (answer && endpoint && endpoint->open()) net::send_reply(endpoint->fd(), datagram, *answer);
}

std::optional<std::string_view> Runner::answer_to(const net::Datagram& datagram, std::span<char, udp_room> buffer) {
  return udp_answer(service().name, datagram.bytes, buffer, std::chrono::system_clock::now(), around_.datagrams.chargen);
}

/// Fact B4.34: a refused peer that goes on sending is logged once a minute.
bool Runner::logged_lately(const base::Endpoint& peer) {
  constexpr std::size_t most = 1024;
  constexpr std::chrono::seconds lately{60};
  const base::Moment now = around_.clock.now();
  // Those whose minute is over go, each time that there are twice as many.
  if (const std::size_t size = refused_lately_.size(); size >= most || (size >= 16 && std::has_single_bit(size)))
    boost::unordered::erase_if(refused_lately_, [&](const auto& one) { return now - one.second >= lately; });
  const auto there = refused_lately_.find(peer);
  if (there != refused_lately_.end() && now - there->second < lately) return true;
  if (refused_lately_.size() < most) refused_lately_[peer] = now;
  return false;
}

}  // namespace xsuperd::service
