// SPDX-License-Identifier: MIT
// drain, enable and disable: what is made of a service without touching its configuration.
#include "supervisor/control.hpp"
#include "xsuperd/base/text.hpp"

namespace xsuperd::supervisor {

using service::Standing;

namespace {

void stand(Supervisor::Impl& daemon, const Request& request, const Server::Respond& respond, Standing standing) {
  const auto found = services_meant(daemon, request, respond);
  if (found.empty()) return;
  for (const auto& runner : found) {
    daemon.set_standing(*runner, standing);
    daemon.log.notice("control: service {} is {}", runner->service().id,
                      standing == Standing::serving ? "enabled" : state_word(*runner));
  }
  when_settled(daemon, [found, respond] {
    json::array services;
    for (const auto& runner : found) services.push_back(json_service(*runner));
    respond({{{"services", std::move(services)}}});
  });
}

}  // namespace

void control_drain(Supervisor::Impl& daemon, const Request& request, Server::Respond respond) {
  stand(daemon, request, respond, control::true_at(request.arguments, "hold") ? Standing::held : Standing::drained);
}

void control_enable(Supervisor::Impl& daemon, const Request& request, Server::Respond respond) {
  stand(daemon, request, respond, Standing::serving);
}

void control_disable(Supervisor::Impl& daemon, const Request& request, Server::Respond respond) {
  stand(daemon, request, respond, Standing::disabled);
}

/// Kept by id, so that a reload that makes the service anew finds it.
void Supervisor::Impl::set_standing(service::Runner& runner, Standing standing) {
  const std::string id = base::to_lower(runner.service().id);
  if (standing == Standing::serving)
    standings.erase(id);
  else
    standings[id] = standing;
  runner.stand(standing);
}

void restore_standing(const Standings& standings, service::Runner& runner) {
  if (standings.empty()) return;
  const auto found = standings.find(base::to_lower(runner.service().id));
  if (found != standings.end()) runner.stand(found->second);
}

}  // namespace xsuperd::supervisor
