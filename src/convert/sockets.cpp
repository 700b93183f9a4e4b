// SPDX-License-Identifier: MIT
// Where a service listens, and with what options, as systemd.socket(5) says it.
#include <fmt/format.h>

#include <algorithm>

#include "convert/units.hpp"

namespace xsuperd::convert {

namespace {

using config::ListenSpec;
using config::SocketType;

std::string_view listen_key(SocketType type) {
  return type == SocketType::dgram ? "ListenDatagram" : type == SocketType::seqpacket ? "ListenSequentialPacket" : "ListenStream";
}

std::string listen_address(const ListenSpec& listen) {
  const base::Address address = listen.at.address.unmapped();
  if (!address.known()) return fmt::format("{}{}", listen.ipv6 ? "" : "0.0.0.0:", listen.at.port);
  if (address.family() == base::Address::Family::ipv4) return fmt::format("{}:{}", address.text(), listen.at.port);
  return fmt::format("[{}]:{}", percent_doubled(address.text()), listen.at.port);
}

std::string place_text(const ListenSpec& place) {
  if (place.kind == ListenSpec::Kind::local) return percent_doubled(place.name);
  if (place.kind != ListenSpec::Kind::vsock) return listen_address(place);
  const std::string cid = place.vsock.cid == config::VsockPlace::any ? "" : std::to_string(place.vsock.cid);
  return fmt::format("vsock:{}:{}", cid, place.vsock.port);
}

/// All addresses of IPv6, at least.
bool is_every(const ListenSpec& place) {
  const base::Address& at = place.at.address;
  return place.kind == ListenSpec::Kind::ip && place.ipv6 && (!at.known() || at == base::Address::ipv6({}));
}

/// What it says holds for all sockets of the unit.
void write_protocol(const UnitContext& c, UnitText& unit, bool ip_alone) {
  const ListenSpec& listen = c.service.listen;
  const std::string& protocol = listen.protocol.name;
  if (protocol != "tcp" && protocol != "udp" && protocol != "unix") unit.set("SocketProtocol", protocol);
  if (!listen.options.mptcp) return;
  if (ip_alone) return unit.set("SocketProtocol", "mptcp");
  c.loss("mptcp", "mptcp: SocketProtocol= would apply to the sockets that are not of IP, too");
}

/// systemd gives a socket the group of its user, unless it is told which one.
void write_file(const UnitContext& c, UnitText& unit) {
  const config::Settings& s = c.service.settings;
  const auto places = c.service.places();
  if (std::ranges::none_of(places, &ListenSpec::has_path)) return;
  if (s.socket_mode) unit.set("SocketMode", fmt::format("{:04o}", s.socket_mode->bits));
  if (s.socket_owner) unit.set("SocketUser", percent_doubled(s.socket_owner->text));
  if (s.socket_group)
    unit.set("SocketGroup", percent_doubled(s.socket_group->text));
  else if (s.socket_owner)
    unit.set("SocketGroup", "0");
}

void write_keepalive(const ListenSpec& listen, UnitText& unit) {
  if (listen.keepalive) unit.set_switch("KeepAlive", true);
  if (!listen.options.keepalive) return;
  unit.set("KeepAliveTimeSec", fmt::format("{}s", listen.options.keepalive->idle));
  unit.set("KeepAliveIntervalSec", fmt::format("{}s", listen.options.keepalive->interval));
  unit.set("KeepAliveProbes", std::to_string(listen.options.keepalive->count));
}

}  // namespace

bool has_place(const ListenSpec& place) {
  return place.kind == ListenSpec::Kind::local || place.kind == ListenSpec::Kind::vsock ||
         (place.kind == ListenSpec::Kind::ip && place.at.port != 0);
}

void write_places(const UnitContext& c, UnitText& unit) {
  const config::Service& s = c.service;
  const std::string_view key = listen_key(s.listen.socket_type);
  const std::vector<ListenSpec> places = s.settings.listen ? s.places() : std::vector{s.listen};
  const bool every = std::ranges::any_of(places, is_every);
  const bool v6only = std::ranges::any_of(places, [](const ListenSpec& one) { return is_every(one) && one.v6only; });
  for (const ListenSpec& one : places) {
    if (!has_place(one)) {
      c.loss("listen", fmt::format("listen: {} has no equivalent in systemd", config::element_text(one)));
      continue;
    }
    unit.set(key, place_text(one));
    // Whether IPv6 sockets are for IPv4 as well is the same for all of the unit.
    if (v6only && is_every(one) && !one.v6only) unit.set(key, fmt::format("0.0.0.0:{}", one.at.port));
  }
  write_protocol(c, unit, std::ranges::all_of(places, &ListenSpec::is_ip));
  if (every) unit.set("BindIPv6Only", v6only ? "ipv6-only" : "both");
}

void write_options(const UnitContext& c, UnitText& unit) {
  const ListenSpec& listen = c.service.listen;
  const config::SocketOptions& o = listen.options;
  if (listen.nodelay) unit.set_switch("NoDelay", true);
  write_keepalive(listen, unit);
  if (o.defer_accept) unit.set("DeferAcceptSec", fmt::format("{}s", *o.defer_accept));
  if (const auto& device = c.service.settings.bind_device) unit.set("BindToDevice", percent_doubled(*device));
  if (o.freebind) unit.set_switch("FreeBind", true);
  if (o.receive_buffer) unit.set("ReceiveBuffer", std::to_string(*o.receive_buffer));
  if (o.send_buffer) unit.set("SendBuffer", std::to_string(*o.send_buffer));
  if (o.tos) unit.set("IPTOS", std::to_string(*o.tos));
  if (o.mark) unit.set("Mark", std::to_string(*o.mark));
  write_file(c, unit);
}

}  // namespace xsuperd::convert
