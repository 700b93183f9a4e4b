// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <algorithm>

#include "convert/entry_text.hpp"
#include "convert/from_units.hpp"
#include "xsuperd/base/address.hpp"
#include "xsuperd/base/text.hpp"

namespace xsuperd::convert {

void Draft::set(std::string attribute, const std::vector<std::string>& values, const Directive* from) {
  config::Assignment a = assigned(std::move(attribute), values);
  if (from) a.line = from->place.line;
  entry.assignments.push_back(std::move(a));
}

void Draft::add_flag(std::string flag, const Directive* from) {
  for (config::Assignment& a : entry.assignments)
    if (a.name == "flags") return void(a.values.push_back({std::move(flag), 0}));
  set("flags", {std::move(flag)}, from);
}

bool Draft::has(std::string_view attribute) const {
  return std::any_of(entry.assignments.begin(), entry.assignments.end(),
                     [&](const auto& a) { return a.name == attribute; });
}

namespace {

std::string quoted(const Directive& d) { return fmt::format("{}={}", d.key, shortened(d.value)); }

void no_value(const Directive& d, Report& report) {
  report.error(d.place, fmt::format("{} has no value that systemd would accept", quoted(d)));
}

bool is_port(std::string_view text) { return base::parse_number(text, 1, 0xffff).has_value() && text.front() != '+'; }

/// PORT, ADDRESS:PORT or [ADDRESS]:PORT.
bool read_address(std::string_view value, Listening& to) {
  const std::size_t colon = value.rfind(':');
  const std::string_view port = colon == value.npos ? value : value.substr(colon + 1);
  if (!is_port(port)) return false;
  to.port = port;
  if (colon == value.npos) return true;
  std::string_view host = value.substr(0, colon);
  to.v6 = host.starts_with("[") && host.ends_with("]");
  if (to.v6) host = host.substr(1, host.size() - 2);
  const auto address = base::Address::parse(host);
  if (!address || (address->family() == base::Address::Family::ipv6) != to.v6) return false;
  to.address = host;
  return true;
}

/// A count; nothing, after reporting, for what is none.
std::optional<std::uint64_t> count(Unit& socket, std::string_view key, const Directive*& from, Report& report) {
  from = socket.last("Socket", key);
  if (!from) return std::nullopt;
  const auto number = base::parse_number(from->value, 0, 0xffff'ffff);
  if (!number) return no_value(*from, report), std::nullopt;
  return static_cast<std::uint64_t>(*number);
}

bool yes(Unit& socket, std::string_view key, const Directive*& from, Report& report) {
  from = socket.last("Socket", key);
  if (!from) return false;
  const auto value = unit_boolean(from->value);
  if (!value) no_value(*from, report);
  return value.value_or(false);
}

void take_family(Unit& socket, const Listening& at, Draft& draft, Report& report) {
  const Directive* from = socket.last("Socket", "BindIPv6Only");
  if (!at.address.empty() && !at.v6) {
    draft.add_flag("IPv4", at.from);
    if (at.address != "0.0.0.0") draft.set("bind", {at.address}, at.from);
    return;
  }
  draft.add_flag("IPv6", at.from);
  if (!at.address.empty()) draft.set("bind", {at.address}, at.from);
  if (!from || from->value == "default") return;
  const auto only = from->value == "ipv6-only" ? true : from->value == "both" ? false : unit_boolean(from->value);
  if (!only) return no_value(*from, report);
  draft.set("v6only", {*only ? "yes" : "no"}, from);
}

void take_counts(Unit& socket, bool accept, Draft& draft, Report& report) {
  constexpr std::uint64_t endless = 0x7fff'ffff;  // what nobody reaches
  const Directive* from = nullptr;
  const auto most = count(socket, "MaxConnections", from, report);
  const std::uint64_t usual = 64;
  if (accept && !draft.has("instances"))
    draft.set("instances", {most.value_or(usual) >= endless ? "UNLIMITED" : std::to_string(most.value_or(usual))},
              from);
  const auto each = count(socket, "MaxConnectionsPerSource", from, report);
  if (accept && each.value_or(0) > 0)
    draft.set("per_source", {*each >= endless ? "UNLIMITED" : std::to_string(*each)}, from);
  const auto backlog = count(socket, "Backlog", from, report);
  if (backlog && *backlog < endless) draft.set("backlog", {std::to_string(*backlog)}, from);
}

}  // namespace

std::vector<Listening> listening(Unit& socket, Report& report) {
  std::vector<Listening> found;
  for (const char* key : {"ListenStream", "ListenDatagram"})
    for (const Directive* d : socket.all("Socket", key)) {
      const auto value = resolved(socket, d->value);
      Listening one{d, std::string_view(key) == "ListenDatagram", {}, {}, false};
      if (value && read_address(*value, one))
        found.push_back(std::move(one));
      else
        report.loss(d->place, fmt::format("{} is not converted: only internet services are served here", quoted(*d)));
    }
  for (const char* key : {"ListenSequentialPacket", "ListenFIFO", "ListenSpecial", "ListenNetlink",
                          "ListenMessageQueue", "ListenUSBFunction"})
    for (const Directive* d : socket.all("Socket", key))
      report.loss(d->place, fmt::format("{} is not converted: only internet services are served here", quoted(*d)));
  return found;
}

bool accepts(Unit& socket, Report& report) {
  const Directive* from = nullptr;
  return yes(socket, "Accept", from, report);
}

void take_socket(Unit& socket, const Listening& at, Way way, Draft& draft, Report& report) {
  const Directive* from = nullptr;
  const Directive* protocol = socket.last("Socket", "SocketProtocol");
  draft.set("type", {"UNLISTED"}, at.from);
  draft.set("socket_type", {at.datagrams ? "dgram" : "stream"}, at.from);
  draft.set("protocol", {protocol ? protocol->value : at.datagrams ? "udp" : "tcp"}, protocol ? protocol : at.from);
  draft.set("port", {at.port}, at.from);
  draft.set("wait", {way == Way::waits ? "yes" : "no"}, socket.last("Socket", "Accept"));
  take_family(socket, at, draft, report);
  if (yes(socket, "NoDelay", from, report)) draft.add_flag("NODELAY", from);
  if (yes(socket, "KeepAlive", from, report)) draft.add_flag("KEEPALIVE", from);
  if (yes(socket, "SELinuxContextFromNet", from, report)) draft.add_flag("LABELED", from);
  // systemd knows nothing of hosts.allow.
  draft.add_flag("NOLIBWRAP", nullptr);
  take_counts(socket, way != Way::waits, draft, report);
}

}  // namespace xsuperd::convert
