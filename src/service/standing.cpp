// SPDX-License-Identifier: MIT
// What an administrator may do with a service and its sessions while the daemon runs.
#include <csignal>
#include <utility>

#include "service/timers.hpp"
#include "xsuperd/service/runner.hpp"

namespace xsuperd::service {

/// Waits for requests, unless they are to wait for us or for the next image of the daemon. A request that is known to
/// wait need not be waited for.
void Runner::listen(Endpoint& endpoint) {
  if (!endpoint.open() || facts_.standing == Standing::held || around_.sockets.holding) return;
  if (next_datagram_ && next_datagram_->first == endpoint.id())
    return request_of(endpoint, std::exchange(next_datagram_, std::nullopt)->second);
  endpoint.resume();
}

void Runner::stand(Standing standing) {
  if (state_.phase() == Phase::retiring || facts_.standing == standing) return;
  const bool had_socket = wants_socket();
  facts_.standing = standing;
  if (service().kind == config::Kind::tcpmux) return;  // it never has one: adopt() asks for the standing
  if (had_socket && !wants_socket()) {
    timers_->cancel(looking_);
    close_endpoints();
    feed(Closed{});  // which ends a pause of cps, too
    for (const auto& endpoint : endpoints_) feed(Closed{endpoint->id()});
    return;
  }
  if (!had_socket && wants_socket()) {
    (void)start();
    return;
  }
  for (std::size_t i = 0; i < endpoints_.size(); ++i) {
    const auto& endpoint = endpoints_[i];
    if (standing == Standing::held) endpoint->pause();
    if (standing == Standing::serving && listens(*endpoint)) listen(*endpoint);
  }
}

void Runner::leave_to_servers() const {
  for (const auto* all : {&endpoints_, &leaving_})
    for (const auto& endpoint : *all) endpoint->leave_to_server();
}

bool Runner::signal_session(Token token, int number) {
  const auto found = sessions_.find(token);
  if (found == sessions_.end() || !found->second.served()) return false;
  if (found->second.pid != 0) return signal_server(token, number);
  around_.serving.conversations.stop(token);
  return true;
}

/// With its process group. Who ignores TERM gets KILL after the grace (decision B15.31).
bool Runner::signal_server(Token token, int number) {
  if (!around_.serving.children.signal(token, number, around_.clock.grace)) return false;
  if (number != SIGTERM || state_.phase() == Phase::retiring) return true;  // retire() sees to all of them
  arm(around_.clock.grace, [token, pid = sessions_.at(token).pid](Runner& self) {
    const auto session = self.sessions_.find(token);
    if (session == self.sessions_.end() || session->second.pid != pid) return;
    if (self.around_.serving.children.signal(token, SIGKILL))
      self.around_.log.warning("Sending signal {} to {} server {}", SIGKILL, self.service().id, pid);
  });
  return true;
}

}  // namespace xsuperd::service
