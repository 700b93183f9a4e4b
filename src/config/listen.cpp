// SPDX-License-Identifier: MIT
#include "xsuperd/config/listen.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "config/prefix.hpp"

namespace xsuperd::config {

namespace {

using Address = base::Address;

std::string with_port(const Address& address, bool all_v6, std::uint16_t port) {
  if (!address.known()) return fmt::format("{}:{}", all_v6 ? "[::]" : "*", port);
  const bool v6 = address.family() == Address::Family::ipv6;
  return v6 ? fmt::format("[{}]:{}", address.text(), port) : fmt::format("{}:{}", address.text(), port);
}

}  // namespace

bool PortRange::contains(const base::Endpoint& at) const {
  return at.port >= first && at.port <= last && same_network(at.address.unmapped(), network, prefix);
}

bool PortRange::overlaps(const PortRange& other) const {
  return first <= other.last && other.first <= last &&
         same_network(network, other.network, std::min(prefix, other.prefix));
}

std::string PortRange::text() const {
  const bool v6 = network.family() == Address::Family::ipv6;
  const bool single = prefix == (v6 ? 128 : 32);
  const std::string where = single ? network.text() : fmt::format("{}/{}", network.text(), prefix);
  const std::string ports = first == last ? std::to_string(first) : fmt::format("{}-{}", first, last);
  return v6 ? fmt::format("[{}]:{}", where, ports) : fmt::format("{}:{}", where, ports);
}

bool ListenSpec::reached_from(Address::Family family) const {
  using Family = Address::Family;
  const bool ip = family == Family::ipv4 || family == Family::ipv6;
  if (kind == Kind::activated) return family != Family::none;
  if (kind == Kind::local) return family == Family::local;
  if (kind == Kind::vsock) return family == Family::vsock;
  if (kind == Kind::range) return family == range.network.family();
  if (kind != Kind::ip || !ip) return false;
  const Family bound = at.address.unmapped().family();
  if (family == Family::ipv6) return ipv6 && bound != Family::ipv4;
  const bool any = at.address == Address{} || at.address == Address::ipv6({});
  return !v6only && (any || bound == Family::ipv4);
}

bool ListenSpec::same_place(const ListenSpec& other) const {
  if (kind != other.kind || socket_type != other.socket_type) return false;
  if (!is_ip()) return name == other.name && vsock == other.vsock;
  return protocol.number == other.protocol.number && ipv6 == other.ipv6 && v6only == other.v6only && at == other.at &&
         options.device == other.options.device && range == other.range && shared_port == other.shared_port;
}

bool ListenSpec::same_socket(const ListenSpec& other) const {
  return same_place(other) && options.mptcp == other.options.mptcp;
}

std::string element_text(const ListenSpec& spec) {
  switch (spec.kind) {
    case ListenSpec::Kind::local: return fmt::format("unix:{}", spec.name);
    case ListenSpec::Kind::activated: return fmt::format("fd:{}", spec.name);
    case ListenSpec::Kind::range: return fmt::format("any:{}", spec.range.text());
    case ListenSpec::Kind::vsock:
      return spec.vsock.cid == VsockPlace::any ? fmt::format("vsock:any:{}", spec.vsock.port)
                                               : fmt::format("vsock:{}:{}", spec.vsock.cid, spec.vsock.port);
    case ListenSpec::Kind::ip: break;
  }
  return fmt::format("{}:{}", spec.protocol.name, with_port(spec.at.address, spec.ipv6 && spec.v6only, spec.at.port));
}

}  // namespace xsuperd::config
