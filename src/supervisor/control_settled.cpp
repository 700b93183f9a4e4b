// SPDX-License-Identifier: MIT
// Answers that tell what has become of services wait for the look-ups that decide it.
#include <algorithm>
#include <boost/asio/steady_timer.hpp>

#include "supervisor/control.hpp"

namespace xsuperd::supervisor {

namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::milliseconds pause{20};
constexpr std::chrono::seconds patience{5};

struct Waiting {
  Waiting(Supervisor::Impl& of, std::function<void()> then) : daemon(of), timer(of.loop), told(std::move(then)) {}
  Supervisor::Impl& daemon;
  boost::asio::steady_timer timer;
  std::function<void()> told;
  Clock::time_point until = Clock::now() + patience;
};

bool settled(const Supervisor::Impl& daemon) {
  return std::none_of(daemon.runners.begin(), daemon.runners.end(), [](const auto& runner) { return runner->asks(); });
}

void look(const std::shared_ptr<Waiting>& waiting) {
  if (settled(waiting->daemon) || Clock::now() >= waiting->until) return waiting->told();
  waiting->timer.expires_after(pause);
  waiting->timer.async_wait([waiting](const boost::system::error_code& ended) {
    if (!ended) look(waiting);
  });
}

}  // namespace

void when_settled(Supervisor::Impl& daemon, std::function<void()> then) {
  look(std::make_shared<Waiting>(daemon, std::move(then)));
}

}  // namespace xsuperd::supervisor
