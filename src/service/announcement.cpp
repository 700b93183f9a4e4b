// SPDX-License-Identifier: MIT
#include "service/announcement.hpp"

#include <netinet/in.h>

#include <algorithm>

namespace xsuperd::service {

namespace {

bool loopback(const base::Address& address) {
  const base::Address plain = address.unmapped();
  if (plain.family() == base::Address::Family::ipv4) return plain.text().starts_with("127.");
  return plain.text() == "::1";
}

/// By others, at a port that can be told: what a service manager has passed may be an IP socket.
bool reachable(const Endpoint& endpoint) {
  using Kind = config::ListenSpec::Kind;
  if (!endpoint.open()) return false;
  if (endpoint.spec().kind == Kind::ip) return !loopback(endpoint.spec().at.address);
  const base::Endpoint at = endpoint.spec().kind == Kind::activated ? net::local_endpoint(endpoint.fd()) : base::Endpoint{};
  return at.port != 0 && !loopback(at.address);
}

}  // namespace

/// What there is to announce now. Not a service that others cannot reach, nor a trap for them, nor what has no port.
std::optional<net::MdnsService> Announcement::wanted() const {
  const config::Service& s = setup_.service();
  if (!sockets_.mdns || !s.settings.mdns.value_or(false)) return std::nullopt;
  const bool ports = s.listen.socket_type != config::SocketType::raw;
  if (s.kind == config::Kind::sensor || !ports) return std::nullopt;
  const auto reached = std::find_if(endpoints_.begin(), endpoints_.end(), [](const auto& one) { return reachable(*one); });
  if (reached == endpoints_.end()) return std::nullopt;
  return net::MdnsService{s.id, s.name, s.listen.protocol.number == IPPROTO_TCP,
                          net::local_endpoint((*reached)->fd()).port};
}

void Announcement::update() {
  const auto now = wanted();
  if (now == announced_) return;
  end();
  if (!now) return;
  if (!net::mdns_type(*now))
    return journal_.daemon().warning("service {} cannot be announced by mdns: its name is not a valid service type",
                                     setup_.service().id);
  sockets_.mdns->announce(*now);
  announced_ = now;
}

void Announcement::end() {
  if (announced_) sockets_.mdns->withdraw(*announced_);
  announced_.reset();
}

}  // namespace xsuperd::service
