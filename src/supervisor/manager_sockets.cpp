// SPDX-License-Identifier: MIT
#include "supervisor/manager_sockets.hpp"

#include <utility>

#include "xsuperd/base/text.hpp"
#include "xsuperd/net/service_manager.hpp"
#include "xsuperd/net/socket.hpp"

namespace xsuperd::supervisor {

namespace {

std::string why_unclaimed(const net::ActivatedSocket& socket, const config::Config& config) {
  const auto facts = net::facts_of(socket.fd.get());
  if (!facts) return facts.error().sentence;
  for (const auto& service : config.services)
    if (base::iequals(socket.name, service->id) || base::iequals(socket.name, net::descriptor_name(service->id))) {
      std::string why = net::misfit(*facts, service->listen);
      for (const config::ListenSpec& place : service->also)
        if (!why.empty()) why = net::misfit(*facts, place);
      return why.empty() ? "there is another one for the same service" : why;
    }
  return "no service has that name or belongs on " + net::place_text(*facts);
}

}  // namespace

void take_in(std::vector<net::ActivatedSocket> activated, net::ActivatedSockets& pool, ManagerLink& manager,
             const log::DaemonLog& log) {
  for (const std::string& what : pool.add(std::move(activated)))
    log.warning("the service manager passed a descriptor that no service can use; it is closed: {}", what);
  if (!manager.there()) return;
  std::vector<ManagerLink::Kept> kept;
  for (const net::ActivatedSocket& one : pool.sockets())
    if (net::is_stored_name(one.name)) kept.push_back({one.name, one.fd.get()});
  if (!kept.empty()) log.notice("{} listening sockets were kept for this start", kept.size());
  manager.kept_before(kept);
}

void drop_stale_sockets(net::ActivatedSockets& pool, const InForce& in_force) {
  std::vector<const config::Service*> services;
  for (const auto& service : in_force.config()->services)
    if (in_force.serves(*service) && service->waits_for.empty() && service->kind != config::Kind::tcpmux)
      services.push_back(service.get());
  for (const net::ActivatedSocket& one : pool.take_stale(services)) net::hang_up(one.fd.get());
}

void close_unclaimed_sockets(net::ActivatedSockets& pool, const InForce& in_force, const log::DaemonLog& log) {
  for (const net::ActivatedSocket& one : pool.take_all()) {
    if (net::is_stored_name(one.name)) {
      net::hang_up(one.fd.get());
      continue;
    }
    log.warning("the socket {} of the service manager is closed: {}", base::escaped(one.name, 255),
                why_unclaimed(one, *in_force.config()));
  }
}

std::vector<ManagerLink::Kept> sockets_to_keep(const Roster& roster) {
  std::vector<ManagerLink::Kept> all;
  const auto add = [&all](std::string name, int fd) {
    if (fd >= 0) all.push_back({std::move(name), fd});
  };
  for (const auto& runner : roster.served()) {
    for (const auto& endpoint : runner->endpoints()) {
      if (!endpoint->open() || endpoint->is_lent()) continue;
      add(net::stored_name(runner->service().id, endpoint->spec()), endpoint->fd());
      add(net::stored_refusing_name(runner->service().id, endpoint->spec()), endpoint->refusing_fd());
    }
  }
  return all;
}

std::string manager_status(const Roster& roster, const InForce& in_force, std::uint64_t instances) {
  std::vector<std::string> failed;
  for (const auto& runner : roster.served())
    if (runner->state().phase() == service::Phase::closed && wants_socket(runner->standing()) &&
        runner->service().kind != config::Kind::tcpmux)
      failed.push_back(runner->service().id);
  for (const config::Absent& absent : in_force.config()->absent)
    if (absent.fate == config::Fate::refused) failed.push_back(absent.id);
  std::string line = status_line(roster.available(), instances, failed);
  if (in_force.last_load().outcome == "refused") line += "; the last reload was refused";
  return line;
}

}  // namespace xsuperd::supervisor
