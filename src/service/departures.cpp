// SPDX-License-Identifier: MIT
#include "service/departures.hpp"

#include <poll.h>
#include <sys/ioctl.h>

#include <utility>
#include <vector>

namespace xsuperd::service {

using namespace std::chrono_literals;

void Departures::watch() {
  if (std::exchange(watching_, true)) return;
  timers_.arm(500ms, [this] {
    watching_ = false;
    look();
  });
}

/// Who has hung up wants nothing any more. Who has only sent his end may want an answer; but of a redirect, which has not
/// even a target, nobody wants one who said nothing at all and has waited on for half a second.
Departures::Seen Departures::look_at(Session& session) {
  const bool waits = session.phase == SessionPhase::naming || session.phase == SessionPhase::target;
  if (!waits || !session.socket) return Seen::not_watched;
  pollfd look{session.socket.get(), POLLRDHUP, 0};
  if (::poll(&look, 1, 0) != 1) return Seen::waits;
  int unread = 0;
  const bool hung_up = (look.revents & (POLLHUP | POLLERR)) != 0;
  const bool silent = ::ioctl(session.socket.get(), FIONREAD, &unread) == 0 && unread == 0;
  return hung_up || (session.target != 0 && silent && ++session.silent_ends > 1) ? Seen::gone : Seen::waits;
}

void Departures::look() {
  bool wait_on = false;
  std::vector<Token> gone;
  for (auto& [token, session] : sessions_.all()) {
    const Seen seen = look_at(session);
    wait_on = wait_on || seen != Seen::not_watched;
    if (seen == Seen::gone) gone.push_back(token);
  }
  for (const Token token : gone)
    if (sessions_.contains(token)) endings_.withdraw(token);
  if (wait_on) watch();
}

}  // namespace xsuperd::service
