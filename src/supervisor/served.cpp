// SPDX-License-Identifier: MIT
// What is served after the start, for people.
#include "supervisor/impl.hpp"

namespace xsuperd::supervisor {

namespace {

std::string place_of(const service::Runner& runner) {
  const config::Service& s = runner.service();
  if (s.kind == config::Kind::tcpmux) return "tcpmux";
  const base::Address& at = s.listen.at.address;
  const std::string address = !at.known()                                      ? "*"
                              : at.family() == base::Address::Family::ipv6 ? fmt::format("[{}]", at.text())
                                                                               : at.text();
  // That of an RPC service is the system's choice.
  const std::uint16_t port = runner.open() ? net::local_endpoint(runner.listening_fd()).port : s.listen.at.port;
  return fmt::format("{} {}:{}", s.listen.protocol.name, address, port);
}

std::string program_of(const config::Service& s) {
  if (s.settings.redirect) return fmt::format("redirect to {} {}", s.settings.redirect->host, s.settings.redirect->port);
  if (s.kind == config::Kind::sensor) return "sensor";
  return s.is(config::Type::internal) ? "internal" : s.settings.server.value_or("");
}

}  // namespace

std::vector<Served> Supervisor::Impl::served_now() const {
  std::vector<Served> all;
  for (const auto& runner : runners) {
    const bool open = runner->open() || runner->service().kind == config::Kind::tcpmux;
    all.push_back({runner->service().id, place_of(*runner), program_of(runner->service()), open});
  }
  return all;
}

}  // namespace xsuperd::supervisor
