// SPDX-License-Identifier: MIT
#include "service/journal.hpp"

#include <chrono>
#include <new>

namespace xsuperd::service {

void Journal::started(const Session& session, pid_t pid) const {
  event(log::start_event(setup_.service(), pid, session.peer.address));
}

void Journal::refused(const Session& session, policy::Reason reason) const {
  event(log::fail_event(setup_.service(), policy::log_word(reason), session.peer.address));
}

void Journal::identity(const net::IdentAnswer& answer, const base::Address& peer, bool refused) const {
  using Outcome = net::IdentAnswer::Outcome;
  if (answer.outcome == Outcome::ok) return event(log::UserId{setup_.service().id, log::PeerText(answer.text)});
  if (!answer.detail.empty()) daemon_.error("{}", answer.detail);
  if (refused && answer.outcome != Outcome::no_server)
    daemon_.error("Failed to contact identity server at {}: {}", peer.text(), net::log_words(answer.outcome));
}

void Journal::event(const std::optional<log::Event>& event) const {
  if (!event || !writes()) return;
  try {
    daemon_.sink().write(setup_.service_log, log::Level::info, std::chrono::system_clock::now(), *event);
  } catch (const std::bad_alloc&) {  // a line is lost, and not what it tells of
  }
}

}  // namespace xsuperd::service
