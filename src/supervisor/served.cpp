// SPDX-License-Identifier: MIT
#include "supervisor/served.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "xsuperd/base/text.hpp"
#include "xsuperd/net/socket.hpp"

namespace xsuperd::supervisor {

namespace {

std::string place_text(const config::ListenSpec& place, int socket) {
  if (place.kind != config::ListenSpec::Kind::ip) return config::element_text(place);
  const base::Address& at = place.at.address;
  const std::string address = !at.known()                                      ? "*"
                              : at.family() == base::Address::Family::ipv6 ? fmt::format("[{}]", at.text())
                                                                               : at.text();
  // That of an RPC service is the system's choice.
  const std::uint16_t port = socket >= 0 ? net::local_endpoint(socket).port : place.at.port;
  return fmt::format("{} {}:{}", place.protocol.name, address, port);
}

/// Both sockets of a line of inetd.conf are one place to people: all addresses.
std::string place_of(const service::Runner& runner) {
  const config::Service& s = runner.service();
  if (s.kind == config::Kind::tcpmux) return "tcpmux";
  if (runner.endpoints().empty()) return place_text(s.listen, -1);
  std::vector<std::string> places;
  for (const auto& endpoint : runner.endpoints())
    if (std::string text = place_text(endpoint->spec(), endpoint->fd()); std::ranges::find(places, text) == places.end())
      places.push_back(std::move(text));
  return base::join(places, ", ");
}

std::string program_of(const config::Service& s) {
  if (s.settings.redirect && s.settings.redirect->local()) return fmt::format("redirect to unix:{}", s.settings.redirect->host);
  if (s.settings.redirect) return fmt::format("redirect to {} {}", s.settings.redirect->host, s.settings.redirect->port);
  if (s.kind == config::Kind::sensor) return "sensor";
  return s.is(config::Type::internal) ? "internal" : s.settings.server.value_or("");
}

}  // namespace

std::vector<Served> served_now(const Roster& roster) {
  std::vector<Served> all;
  for (const auto& runner : roster.served()) {
    const bool open = runner->endpoints().open() || runner->service().kind == config::Kind::tcpmux;
    all.push_back({runner->service().id, place_of(*runner), program_of(runner->service()), open});
  }
  return all;
}

}  // namespace xsuperd::supervisor
