// SPDX-License-Identifier: MIT
// The targets of a redirect: looked up before the service opens, and again after they could not be reached.
#include <fmt/format.h>

#include <algorithm>

#include "service/timers.hpp"
#include "xsuperd/net/forward_resolver.hpp"
#include "xsuperd/service/runner.hpp"

namespace xsuperd::service {

/// The name of a redirect's target is looked up again after it could not be reached (fact B10.1). Whoever asks meanwhile
/// waits for the same answer, and for no longer than he stays.
void Runner::find_targets(Token token) {
  const config::RedirectTarget target = *service().settings.redirect;
  if (const auto written = net::numeric_target(target.host, target.port)) {
    facts_.targets = {*written};
    return go(token, SessionEvent::target_found);
  }
  sessions_.at(token).target =
      around_.asked.targets->ask(target.host, target.port, [weak = weak_from_this(), token, target](std::vector<base::Endpoint> found) {
        if (const auto self = weak.lock()) self->targets_found(token, target, std::move(found));
      });
  watch_departures();
}

void Runner::targets_found(Token token, const config::RedirectTarget& target, std::vector<base::Endpoint> found) {
  const auto session = sessions_.find(token);
  if (session == sessions_.end()) return;
  session->second.target = 0;
  const bool changed = service().settings.redirect != target;
  if (changed && facts_.targets.empty()) return find_targets(token);
  if (changed) return go(token, SessionEvent::target_found);
  if (found.empty()) {
    around_.log.error("can't find remote host {} (service={})", target.host, service().id);
    facts_.counters.fail(std::chrono::system_clock::now());
    return let_go(token);
  }
  facts_.targets = std::move(found);
  go(token, SessionEvent::target_found);
}

/// Before the socket is opened: nobody is let in as long as there is no way on (decision B15.24).
bool Runner::needs_target() const {
  if (service().kind != config::Kind::redirect || !facts_.targets.empty()) return false;
  const config::RedirectTarget& target = *service().settings.redirect;
  return !net::numeric_target(target.host, target.port);
}

std::string Runner::waits_for() const {
  if (!service().waits_for.empty()) return fmt::format("the address of {}", service().waits_for);
  if (state_.phase() != Phase::closed || !wants_socket() || !needs_target()) return {};
  return fmt::format("the address of {}", service().settings.redirect->host);
}

/// False when there is nothing to look up.
bool Runner::find_first_targets() {
  if (!needs_target()) return false;
  if (first_targets_ != 0) return true;
  const config::RedirectTarget target = *service().settings.redirect;
  first_targets_ = around_.asked.targets->ask(target.host, target.port,
                                       [weak = weak_from_this(), target](std::vector<base::Endpoint> found) {
                                         if (const auto self = weak.lock()) self->first_targets_found(target, std::move(found));
                                       });
  return true;
}

void Runner::first_targets_found(const config::RedirectTarget& target, std::vector<base::Endpoint> found) {
  first_targets_ = 0;
  if (state_.phase() == Phase::retiring || !wants_socket()) return;
  if (service().settings.redirect == target) facts_.targets = std::move(found);
  if (!facts_.targets.empty()) {
    target_failures_ = 0;
    return (void)start();
  }
  // Said when it begins; the tries that follow are quiet.
  if (target_failures_++ == 0)
    around_.log.error("can't find remote host {} (service={}): the service is opened when there is one", target.host,
                      service().id);
  find_first_targets_later();
}

void Runner::find_first_targets_later() {
  const auto pause = std::min<std::chrono::milliseconds>(std::chrono::seconds(60),
                                                         std::chrono::seconds(1) * (1 << std::min(target_failures_, 6u)));
  looking_ = arm(pause, [](Runner& self) { (void)self.start(); });
}

void Runner::forget_first_targets() { around_.asked.targets->cancel(std::exchange(first_targets_, 0)); }

}  // namespace xsuperd::service
