// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <algorithm>

#include "convert/entry_text.hpp"
#include "convert/from_units.hpp"
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

/// A count; nothing, after reporting, for what is none.
std::optional<std::uint64_t> count(Unit& socket, std::string_view key, const Directive*& from, Report& report) {
  from = socket.last("Socket", key);
  if (!from) return std::nullopt;
  const auto number = base::parse_number(from->value, 0, 0xffff'ffff);
  if (!number) return no_value(*from, report), std::nullopt;
  return static_cast<std::uint64_t>(*number);
}

/// Which families a socket for all addresses serves.
void take_v6only(Unit& socket, Draft& draft, Report& report) {
  const Directive* from = socket.last("Socket", "BindIPv6Only");
  if (!from || from->value == "default") return;
  const auto only = from->value == "ipv6-only" ? true : from->value == "both" ? false : unit_boolean(from->value);
  if (!only) return no_value(*from, report);
  draft.set("v6only", {*only ? "yes" : "no"}, from);
}

/// One address of IP: port and bind say it.
void take_plain(Unit& socket, const Listening& at, Draft& draft, Report& report) {
  const Directive* protocol = socket.last("Socket", "SocketProtocol");
  const bool multipath = protocol && protocol->value == "mptcp";
  const std::string usual = at.type == config::SocketType::dgram ? "udp" : "tcp";
  draft.set("type", {"UNLISTED"}, at.from);
  draft.set("socket_type", {std::string(type_word(at.type))}, at.from);
  draft.set("protocol", {protocol && !multipath ? protocol->value : usual}, protocol ? protocol : at.from);
  draft.set("port", {at.port}, at.from);
  const bool v4 = !at.address.empty() && !at.v6;
  draft.add_flag(v4 ? "IPv4" : "IPv6", at.from);
  if (!at.address.empty() && at.address != "0.0.0.0") draft.set("bind", {at.address}, at.from);
  if (v4)
    socket.pass_over("Socket", "BindIPv6Only");
  else
    take_v6only(socket, draft, report);
}

void take_elements(Unit& socket, const Sockets& at, Draft& draft, Report& report) {
  std::vector<std::string> elements;
  for (const Listening& one : at.all) elements.push_back(one.element);
  draft.set("socket_type", {std::string(type_word(at.type))}, at.all[0].from);
  draft.set("listen", elements, at.all[0].from);
  const bool every = std::ranges::any_of(at.all, [](const Listening& one) { return !one.port.empty() && one.address.empty(); });
  const bool v6 = std::ranges::any_of(at.all, [](const Listening& one) { return one.v6; });
  if (every) draft.add_flag("IPv6", at.all[0].from);
  if (every || v6)
    take_v6only(socket, draft, report);
  else
    socket.pass_over("Socket", "BindIPv6Only");
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

bool accepts(Unit& socket, Report& report) { return flag_of(socket, "Accept", report) != nullptr; }

void take_socket(Unit& socket, const Sockets& at, Way way, config::Files& files, Draft& draft, Report& report) {
  if (at.plain())
    take_plain(socket, at.all[0], draft, report);
  else
    take_elements(socket, at, draft, report);
  draft.set("wait", {way == Way::waits ? "yes" : "no"}, socket.last("Socket", "Accept"));
  const Directive* protocol = socket.last("Socket", "SocketProtocol");
  if (protocol && protocol->value == "mptcp" && at.type == config::SocketType::stream && at.any(Listening::Kind::ip))
    draft.set("mptcp", {"yes"}, protocol);
  take_options(socket, at, files, draft, report);
  // systemd knows nothing of hosts.allow.
  draft.add_flag("NOLIBWRAP", nullptr);
  take_counts(socket, way != Way::waits, draft, report);
}

}  // namespace xsuperd::convert
