// SPDX-License-Identifier: MIT
#include "xsuperd/service/targets.hpp"

#include <algorithm>
#include <chrono>

#include "service/journal.hpp"
#include "service/life.hpp"
#include "service/timers.hpp"

namespace xsuperd::service {

bool Targets::learn_as_written() {
  const config::RedirectTarget& target = *needs_.setup.service().settings.redirect;
  const auto written = net::numeric_target(target.host, target.port);
  if (written) known_ = {*written};
  return written.has_value();
}

bool Targets::needed() const {
  const config::Service& service = needs_.setup.service();
  if (service.kind != config::Kind::redirect || service.relays_locally() || !known_.empty()) return false;
  const config::RedirectTarget& target = *service.settings.redirect;
  return !net::numeric_target(target.host, target.port);
}

bool Targets::find_first() {
  if (!needed()) return false;
  if (first_ != 0) return true;
  const config::RedirectTarget target = *needs_.setup.service().settings.redirect;
  first_ = needs_.asked.targets->ask(target.host, target.port,
                                     needs_.life.guard([this, target](std::vector<base::Endpoint> found) {
                                       first_found(target, std::move(found));
                                     }));
  return true;
}

/// A service that is retired has forgotten the question.
void Targets::first_found(const config::RedirectTarget& target, std::vector<base::Endpoint> found) {
  first_ = 0;
  if (!needs_.doors.wants_socket()) return;
  if (needs_.setup.service().settings.redirect == target) known_ = std::move(found);
  if (!known_.empty()) {
    failures_ = 0;
    return needs_.open();
  }
  // Said when it begins; the tries that follow are quiet.
  if (failures_++ == 0)
    needs_.journal.daemon().error("can't find remote host {} (service={}): the service is opened when it has an address",
                                  target.host, needs_.setup.service().id);
  find_first_later();
}

void Targets::find_first_later() {
  const auto pause = std::min<std::chrono::milliseconds>(std::chrono::seconds(60),
                                                         std::chrono::seconds(1) * (1 << std::min(failures_, 6u)));
  next_try_ = needs_.timers.arm(pause, [this] { needs_.open(); });
}

void Targets::forget_first() { needs_.asked.targets->cancel(std::exchange(first_, 0)); }

net::LocalConnector::Id Targets::connect(net::LocalConnector::Done done) {
  net::LocalTarget target{needs_.setup.service().settings.redirect->host, std::nullopt};
  if (const auto& recipe = needs_.setup.recipe; recipe && recipe->credentials) {
    const spawn::Credentials& c = *recipe->credentials;
    target.as = net::ConnectAs{c.uid, c.gid, c.groups};
  }
  return needs_.asked.local_targets->connect(std::move(target), std::move(done));
}

void Targets::cancel(net::LocalConnector::Id connecting) { needs_.asked.local_targets->cancel(connecting); }

void Targets::stop_trying() { needs_.timers.cancel(next_try_); }

}  // namespace xsuperd::service
