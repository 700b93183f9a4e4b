// SPDX-License-Identifier: MIT
// The service manager that started the daemon: what it hands over, and what it is told.
#include "supervisor/impl.hpp"
#include "xsuperd/base/text.hpp"
#include "xsuperd/net/service_manager.hpp"
#include "xsuperd/net/socket.hpp"

namespace xsuperd::supervisor {

ManagerLink::Asks Supervisor::Impl::manager_asks() {
  return {.status = [this] { return manager_status(); },
          .sockets = [this] { return sockets_to_keep(); },
          .on_trouble = [this](const std::string& what) { log.warning("{}", what); }};
}

void Supervisor::Impl::connect_manager() {
  if (!options.manager_trouble.empty()) log.warning("{}", options.manager_trouble);
  for (const std::string& what : around.sockets.handed.add(std::move(options.handed)))
    log.warning("the service manager hands over what no service can use, it is closed: {}", what);
  if (!manager.there()) return;
  std::vector<ManagerLink::Kept> kept;
  for (const net::HandedSocket& one : around.sockets.handed.sockets())
    if (net::is_stored_name(one.name)) kept.push_back({one.name, one.fd.get()});
  if (!kept.empty()) log.notice("{} listening sockets were kept for this start", kept.size());
  manager.kept_before(kept);
  around.sockets.duplicates_kept = true;
  around.hooks.on_change = [this] { manager.changed(); };
  around.hooks.on_sockets = [this] { manager.sockets_changed(); };
}

/// What was kept and has no service any more would be in the way of those that are to be bound now. The manager hears of
/// it with the rest, when all is open.
void Supervisor::Impl::drop_stale_sockets() {
  std::vector<const config::Service*> services;
  for (const auto& service : config->services)
    if (served(*service) && service->waits_for.empty() && service->kind != config::Kind::tcpmux)
      services.push_back(service.get());
  for (const net::HandedSocket& one : around.sockets.handed.take_stale(services)) net::hang_up(one.fd.get());
}

/// Nobody listens there any more: peers are to be refused, not to wait for ever.
void Supervisor::Impl::close_unclaimed_sockets() {
  for (const net::HandedSocket& one : around.sockets.handed.take_all()) {
    if (net::is_stored_name(one.name)) {
      net::hang_up(one.fd.get());
      continue;
    }
    log.warning("the socket {} of the service manager is closed: {}", base::escaped(one.name, 255),
                why_unclaimed(one));
  }
}

std::string Supervisor::Impl::why_unclaimed(const net::HandedSocket& socket) const {
  const auto facts = net::facts_of(socket.fd.get());
  if (!facts) return facts.error().sentence;
  for (const auto& service : config->services)
    if (base::iequals(socket.name, service->id) || base::iequals(socket.name, net::descriptor_name(service->id))) {
      std::string why = net::misfit(*facts, service->listen);
      for (const config::ListenSpec& place : service->also)
        if (!why.empty()) why = net::misfit(*facts, place);
      return why.empty() ? "there is another one for the same service" : why;
    }
  return "no service is named so or belongs at " + net::place_text(facts->at, facts->ipv6);
}

/// Of the services that are to be open; sockets of the manager's own it has anyway.
std::vector<ManagerLink::Kept> Supervisor::Impl::sockets_to_keep() const {
  std::vector<ManagerLink::Kept> all;
  const auto add = [&all](std::string name, int fd) {
    if (fd >= 0) all.push_back({std::move(name), fd});
  };
  for (const auto& runner : runners) {
    for (const auto& endpoint : runner->endpoints()) {
      if (!endpoint->open() || endpoint->is_lent()) continue;
      add(net::stored_name(runner->service().id, endpoint->spec()), endpoint->fd());
      add(net::stored_refusing_name(runner->service().id, endpoint->spec()), endpoint->refusing_fd());
    }
  }
  return all;
}

std::string Supervisor::Impl::manager_status() const {
  std::vector<std::string> failed;
  for (const auto& runner : runners)
    if (runner->state().phase() == service::Phase::closed && wants_socket(runner->standing()) &&
        runner->service().kind != config::Kind::tcpmux)
      failed.push_back(runner->service().id);
  for (const config::Absent& absent : config->absent)
    if (absent.fate == config::Fate::refused) failed.push_back(absent.id);
  std::string line = status_line(available(), around.census.processes, failed);
  if (last_load.outcome == "refused") line += "; the last reload was refused";
  return line;
}

}  // namespace xsuperd::supervisor
