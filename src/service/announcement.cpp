// SPDX-License-Identifier: MIT
// Services that say mdns = yes are announced in the local network for as long as their socket is open.
#include <netinet/in.h>

#include <algorithm>

#include "xsuperd/service/runner.hpp"

namespace xsuperd::service {

namespace {

bool loopback(const base::Address& address) {
  const base::Address plain = address.unmapped();
  if (plain.family() == base::Address::Family::ipv4) return plain.text().starts_with("127.");
  return plain.text() == "::1";
}

}  // namespace

/// What there is to announce now. Not a service that others cannot reach, nor a trap for them, nor what has no port.
std::optional<net::MdnsService> Runner::announcement() const {
  const config::Service& s = service();
  if (!around_.sockets.mdns || !s.settings.mdns.value_or(false)) return std::nullopt;
  const bool ports = s.listen.socket_type != config::SocketType::raw;
  if (s.kind == config::Kind::sensor || !ports) return std::nullopt;
  const auto reached = std::find_if(endpoints_.begin(), endpoints_.end(), [](const auto& one) {
    return one->open() && !loopback(one->spec().at.address);
  });
  if (reached == endpoints_.end()) return std::nullopt;
  return net::MdnsService{s.id, s.name, s.listen.protocol.number == IPPROTO_TCP,
                          net::local_endpoint((*reached)->fd()).port};
}

void Runner::announce() {
  const auto now = announcement();
  if (now == announced_) return;
  end_announcement();
  if (!now) return;
  if (!net::mdns_type(*now))
    return around_.log.warning("service {} cannot be announced by mdns: its name is no type of service", service().id);
  around_.sockets.mdns->announce(*now);
  announced_ = now;
}

void Runner::end_announcement() {
  if (announced_) around_.sockets.mdns->withdraw(*announced_);
  announced_.reset();
}

}  // namespace xsuperd::service
