// SPDX-License-Identifier: MIT
#include "service/server_signals.hpp"

#include <csignal>

namespace xsuperd::service {

bool ServerSignals::send(Token token, int number) {
  if (!needs_.children.signal(token, number, needs_.clock.grace)) return false;
  needs_.sessions.at(token).signalled = true;
  const bool all_end = must_end_ && needs_.decider.state().phase() == Phase::retiring;
  if (number != SIGTERM || all_end) return true;  // end_all() sees to all of them
  needs_.timers.arm(needs_.clock.grace, [this, token, pid = needs_.sessions.at(token).pid] {
    const Session* session = needs_.sessions.find(token);
    if (session && session->pid == pid) kill_late(token);
  });
  return true;
}

void ServerSignals::kill_late(Token token) {
  const pid_t pid = needs_.sessions.at(token).pid;
  if (needs_.children.signal(token, SIGKILL))
    needs_.journal.daemon().warning("Sending signal {} to {} server {}", SIGKILL, needs_.setup.service().id, pid);
}

void ServerSignals::send_all(int number) {
  for (auto& [token, session] : needs_.sessions.all()) {
    if (session.pid == 0 || !needs_.children.signal(token, number, needs_.clock.grace)) continue;
    session.signalled = true;
    needs_.journal.daemon().warning("Sending signal {} to {} server {}", number, needs_.setup.service().id, session.pid);
  }
}

void ServerSignals::end_all() {
  send_all(SIGTERM);
  kill_at_ = needs_.clock.now() + needs_.clock.grace;
  needs_.timers.arm(needs_.clock.grace, [this] { send_all(SIGKILL); });
}

/// It may take so long to start that the others' KILL is over.
void ServerSignals::started(Token token) {
  if (needs_.decider.state().phase() != Phase::retiring || !must_end_) return;
  needs_.children.signal(token, SIGTERM, needs_.clock.grace);
  if (kill_at_ && needs_.clock.now() >= *kill_at_) needs_.children.signal(token, SIGKILL);
}

void ServerSignals::restore(bool must_end, std::optional<base::Moment> kill_at) {
  must_end_ = must_end;
  kill_at_ = kill_at;
}

void ServerSignals::carry_on() {
  if (kill_at_) needs_.timers.arm_at(*kill_at_, [this] { send_all(SIGKILL); });
}

}  // namespace xsuperd::service
