// SPDX-License-Identifier: MIT
#include "supervisor/inner_services.hpp"

#include <fmt/format.h>

#include <iterator>
#include <string>
#include <vector>

#include "supervisor/state_dump.hpp"
#include "xsuperd/base/text.hpp"
#include "xsuperd/service/lookups.hpp"

namespace xsuperd::supervisor {

namespace {

bool behind_tcpmux(const service::Runner& runner) { return runner.service().kind == config::Kind::tcpmux; }
constexpr std::size_t longest_text = 1u << 20;

std::string cut(std::string text) {
  if (text.size() > longest_text) text.resize(longest_text);
  return text;
}

/// Fact B9.4.
std::string services_text(const Roster& roster) {
  std::string text;
  for (const auto& runner : roster.served()) {
    const config::Service& s = runner->service();
    fmt::format_to(std::back_inserter(text), "{} {} {}\n", s.name, s.listen.protocol.name, s.listen.at.port);
  }
  return text;
}

/// Fact B9.6: columns of 10, 6, 16, 6 and 16.
std::string available_text(const Roster& roster) {
  std::string text = "Available services:\nservice    port   bound address    uid   redir addr redir port\n";
  for (const auto& runner : roster.served()) {
    const config::Service& s = runner->service();
    fmt::format_to(std::back_inserter(text), "{:<10} {:<6} {:<16} {:<6}", s.name, s.listen.at.port,
                   s.listen.at.address.known() ? s.listen.at.address.text() : "0.0.0.0",
                   s.settings.user ? s.settings.user->uid : 0);
    if (s.settings.redirect)
      fmt::format_to(std::back_inserter(text), " {:<16} {}", s.settings.redirect->host, s.settings.redirect->port);
    text += '\n';
  }
  return text;
}

}  // namespace

void connect_inner_services(service::Surroundings& around, const Roster& roster) {
  around.hooks.mux_service = [&roster](const std::string& name) -> std::shared_ptr<service::Runner> {
    for (const auto& runner : roster.served())
      if (behind_tcpmux(*runner) && base::iequals(runner->service().name, name)) return runner;
    return nullptr;
  };
  around.hooks.mux_names = [&roster] {
    std::vector<std::string> names;
    for (const auto& runner : roster.served())
      if (behind_tcpmux(*runner)) names.push_back(runner->service().name);
    return names;
  };
  around.hooks.texts_for = [&roster](const std::string& name) -> std::vector<std::string> {
    if (base::iequals(name, "services")) return {cut(services_text(roster))};
    if (base::iequals(name, "servers")) return {cut(servers_text(roster))};
    return {cut(servers_text(roster)), cut(available_text(roster))};
  };
}

void note_internal_ports(service::Surroundings& around, const Roster& roster) {
  around.datagrams.internal_ports.clear();
  for (const auto& runner : roster.served())
    if (runner->service().kind == config::Kind::internal && runner->service().datagrams())
      for (const config::ListenSpec& place : runner->service().places())
        around.datagrams.internal_ports.push_back(place.at.port);
}

namespace {
/// A socket that has no address takes connections for all of its family, or of both.
net::TcpListener listener_at(const config::ListenSpec& place) {
  const base::Address every = place.ipv6 ? base::Address::ipv6({}) : base::Address::ipv4(0);
  return {{place.at.address.known() ? place.at.address : every, place.at.port}, place.v6only};
}
}  // namespace

void note_places(service::Surroundings& around, const Roster& roster) {
  std::vector<net::TcpListener> places;
  for (const auto& runner : roster.served())
    for (const config::ListenSpec& place : runner->service().places())
      if (place.kind == config::ListenSpec::Kind::ip && place.socket_type == config::SocketType::stream && place.at.port != 0)
        places.push_back(listener_at(place));
  around.sockets.lookups->note_places(std::move(places));
}

}  // namespace xsuperd::supervisor
