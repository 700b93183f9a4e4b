// SPDX-License-Identifier: MIT
#include "supervisor/control.hpp"
#include "xsuperd/base/text.hpp"
#include "xsuperd/policy/explain.hpp"

namespace xsuperd::supervisor {

using control::json_text;

namespace {

policy::Live live_facts(Supervisor::Impl& daemon, const service::Runner& runner, const base::Address& peer) {
  const service::State& state = runner.state();
  const bool tcpmux = runner.service().kind == config::Kind::tcpmux;
  const bool serving = runner.standing() == service::Standing::serving;
  policy::Live live;
  live.state = state_word(runner);
  live.lets_in = serving && (tcpmux || runner.open());
  live.recent = state.recent(daemon.around.now());
  live.recent_from_source = state.recent_from(peer);
  live.load = daemon.around.load ? daemon.around.load() : std::nullopt;
  live.running = state.running();
  live.running_from_source = state.running_from(peer);
  live.processes = daemon.around.processes;
  live.banned = daemon.around.bans.banned(peer, daemon.around.now());
  return live;
}

json::object json_explanation(const service::Runner& runner, const policy::Inquiry& inquiry,
                              const policy::Explanation& explanation) {
  json::array checks;
  for (const policy::CheckOutcome& check : explanation.checks)
    checks.push_back({{"check", check.what}, {"outcome", json_text(check.outcome)}});
  return {{"id", json_text(runner.service().id)},
          {"place", json_place(runner.service().place)},
          {"admitted", explanation.admitted},
          {"verdict", json_text(explanation.verdict)},
          {"checks", std::move(checks)},
          {"text", policy::explanation_text(runner.service(), inquiry, explanation)}};
}

/// Everything at one moment: nothing of it is kept while the peer's name is looked for.
Reply explained(Supervisor::Impl& daemon, const std::vector<std::weak_ptr<service::Runner>>& services,
                policy::Inquiry inquiry, const policy::PeerName& name, bool& needs_name) {
  json::array all;
  bool admitted = true;
  for (const auto& weak : services) {
    const auto runner = weak.lock();
    if (!runner) continue;
    inquiry.live = live_facts(daemon, *runner, inquiry.peer);
    const policy::Explanation one = policy::explain(runner->state().policy(), inquiry, name);
    needs_name = needs_name || one.needs_name;
    admitted = admitted && one.admitted;
    all.push_back(json_explanation(*runner, inquiry, one));
  }
  if (all.empty()) return Reply::failed(Code::not_found, "the service is gone");
  return {{{"admitted", admitted}, {"services", std::move(all)}}};
}

}  // namespace

void control_explain(Supervisor::Impl& daemon, const Request& request, Server::Respond respond) {
  const auto word = control::string_at(request.arguments, "address");
  const auto peer = word ? base::Address::parse(*word) : std::nullopt;
  if (!peer)
    return respond(Reply::failed(Code::bad_request,
                                 fmt::format("'{}' is not an address", base::escaped(word.value_or(""), 200))));
  policy::Inquiry inquiry{*peer, base::local_time(std::chrono::system_clock::now()), daemon.around.process_limit, {}, {}};
  const auto time = control::string_at(request.arguments, "at");
  if (time && !policy::set_clock(*time, inquiry.at))
    return respond(Reply::failed(Code::bad_request, fmt::format("there is no {} o'clock", base::escaped(*time, 20))));
  std::vector<std::weak_ptr<service::Runner>> services;
  for (const auto& runner : services_meant(daemon, request, respond)) services.push_back(runner);
  if (services.empty()) return;
  bool needs_name = false;
  Reply reply = explained(daemon, services, inquiry, {}, needs_name);
  if (!needs_name) return respond(std::move(reply));
  daemon.resolver.names_of(*peer, [&daemon, services, inquiry, respond](const base::PeerName& name) {
    bool ignored = false;
    respond(explained(daemon, services, inquiry, name, ignored));
  });
}

}  // namespace xsuperd::supervisor
