// SPDX-License-Identifier: MIT
#include "service/endings.hpp"

#include "service/handshakes.hpp"

namespace xsuperd::service {

void Endings::end(Token token) {
  Endpoint* endpoint = nullptr;
  if (Session* session = needs_.sessions.find(token)) {
    if (session->lookup != 0) needs_.asked.ident_admitted.cancel(session->lookup);
    if (session->target != 0) needs_.asked.targets->cancel(session->target);
    if (session->phase == SessionPhase::heading) needs_.serving.conversations.stop(token);
    if (session->connecting != 0) needs_.asked.local_targets->cancel(session->connecting);
    if (session->shaking || session->returning || session->pair != 0) needs_.handshakes.drop(token, *session);
    if (needs_.setup.service().hands_over()) endpoint = needs_.endpoints.find(session->endpoint);
    needs_.sessions.erase(token);
  }
  needs_.census.owners.erase(token);
  if (endpoint && !needs_.doors.has_session(*endpoint)) needs_.endpoints.on_no_session(*endpoint);
  const bool over = needs_.sessions.empty() && needs_.decider.state().phase() == Phase::retiring;
  if (over && needs_.hooks.on_idle) needs_.hooks.on_idle();
}

void Endings::let_go(Token token) {
  const Session* session = needs_.sessions.find(token);
  const EndpointId through = session ? session->endpoint : 0;
  end(token);
  needs_.decider.feed(Withdrawn{token, through});
}

void Endings::withdraw(Token token) {
  ++needs_.sessions.counters().withdrawn;
  let_go(token);
}

void Endings::lose(Token token, const std::exception& why) {
  const Session* session = needs_.sessions.find(token);
  if (!session) needs_.decider.feed(Withdrawn{token, 0});  // its fate was told already; if it had a place still, that is free
  if (!session || session->served()) throw;                // the last gate tells
  const base::Address peer = session->peer.address;
  const EndpointId through = session->endpoint;
  const config::Service& service = needs_.setup.service();
  needs_.sessions.counters().fail(std::chrono::system_clock::now());
  let_go(token);
  Endpoint* endpoint = service.hands_over() ? needs_.endpoints.find(through) : nullptr;
  if (endpoint && needs_.doors.listens(*endpoint)) needs_.doors.listen(*endpoint);  // it had not even been let in
  needs_.journal.daemon().error("service {}, request from {}: {}", service.id, peer.text(), why.what());
}

}  // namespace xsuperd::service
