// SPDX-License-Identifier: MIT
#include "service/action_performer.hpp"

#include <new>

namespace xsuperd::service {

void ActionPerformer::perform(const Action& action) {
  std::visit([this](const auto& a) { on(a); }, action);
}

void ActionPerformer::on(const Listen& action) {
  if (Endpoint* endpoint = needs_.endpoints.find(action.endpoint)) needs_.doors.listen(*endpoint);
}

void ActionPerformer::on(const Suspend& action) {
  if (Endpoint* endpoint = needs_.endpoints.find(action.endpoint)) endpoint->pause();
}

void ActionPerformer::on(const CloseSocket&) { needs_.endpoints.close(); }

void ActionPerformer::on(const OpenSocket&) {
  // It never had one, or an administrator has closed it meanwhile.
  if (needs_.endpoints.empty() || !needs_.doors.wants_socket()) return needs_.decider.feed(Closed{});
  const bool good = needs_.open();
  if (needs_.decider.state().phase() == Phase::paused) needs_.decider.feed(Closed{});  // its targets are looked up first
  needs_.journal.daemon().error("{} service {}", good ? "Activating" : "Error activating", needs_.setup.service().name);
}

void ActionPerformer::on(const Spawn& action) {
  needs_.endings.attempt(action.token, [&] { needs_.way.admitted(action.token); });
}

void ActionPerformer::on(const Refuse& action) { needs_.refusals.refuse(action); }

void ActionPerformer::on(const AskName& action) { needs_.judging.ask_name(action.token); }

void ActionPerformer::on(const ArmPause& action) {
  pause_end_ = needs_.clock.now() + std::chrono::seconds(action.seconds);
  try {
    needs_.timers.arm(std::chrono::seconds(action.seconds), [this] { needs_.decider.feed(Due{}); });
  } catch (const std::bad_alloc&) {  // nobody would open it again: better no pause than no end of it
    return needs_.decider.feed(Due{});
  }
  needs_.journal.daemon().error(
      "Deactivating service {} due to excessive incoming connections.  Restarting in {} seconds.",
      needs_.setup.service().name, action.seconds);
}

void ActionPerformer::on(const ArmRetry& action) {
  needs_.way.go(action.token, SessionEvent::start_failed);
  try {
    needs_.timers.arm(std::chrono::seconds(action.seconds),
                      [this, token = action.token] { needs_.decider.feed(RetryDue{token}); });
  } catch (const std::bad_alloc&) {
    needs_.decider.feed(RetryDue{action.token});
  }
}

void ActionPerformer::on(const Queue& action) { needs_.judging.lined_up(action.token); }
void ActionPerformer::on(const Call& action) { needs_.judging.call(action.token); }
void ActionPerformer::on(const Ban& action) { needs_.refusals.offended(action); }

std::optional<base::Moment> ActionPerformer::pause_end() const {
  return needs_.decider.state().phase() == Phase::paused ? pause_end_ : std::nullopt;
}

void ActionPerformer::carry_on() {
  if (needs_.decider.state().phase() != Phase::paused) return;
  needs_.timers.arm_at(pause_end_.value_or(needs_.clock.now()), [this] { needs_.decider.feed(Due{}); });
}

}  // namespace xsuperd::service
