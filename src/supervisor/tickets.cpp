// SPDX-License-Identifier: MIT
#include "supervisor/tickets.hpp"

#include <string.h>

#include <algorithm>
#include <utility>

#include "xsuperd/base/text.hpp"

namespace xsuperd::supervisor {

namespace {

using std::chrono::milliseconds;

/// Where the kernel has no random numbers yet.
constexpr milliseconds try_again{10'000};

/// Empty for what is none.
std::string key_of(const std::string& digits) { return base::from_hexadecimal(digits).value_or(std::string()); }

void wipe(std::string& text) { ::explicit_bzero(text.data(), text.size()); }
void wipe(tls::TicketKeys& keys) { wipe(keys.current), wipe(keys.previous); }

}  // namespace

Tickets::Tickets(boost::asio::io_context& loop, Use use, Now now) : use_(std::move(use)), now_(std::move(now)), alarm_(loop, [this] { due(); }) {
  rotate();
}

Tickets::~Tickets() { wipe(keys_); }

void Tickets::due() { rotate(); }

/// What is replaced leaves nothing in memory that is free.
void Tickets::replace(tls::TicketKeys keys) {
  wipe(keys_);
  keys_ = std::move(keys);
}

/// A key that has served its second period is gone.
void Tickets::rotate() {
  std::string fresh = tls::fresh_ticket_key();
  if (fresh.empty()) return alarm_.set(try_again);
  replace(tls::rotated(keys_, std::move(fresh)));
  since_ = now_();
  go_on();
}

void Tickets::go_on() {
  const auto left = std::chrono::duration_cast<milliseconds>(since_ + tls::ticket_period - now_());
  alarm_.set(std::clamp(left, milliseconds(0), milliseconds(tls::ticket_period)));
  use_(keys_);
}

tls::InheritedTickets Tickets::hand_over() const { return {base::hexadecimal(keys_.current), base::hexadecimal(keys_.previous), since_}; }

void Tickets::restore(const tls::InheritedTickets& inherited) {
  tls::TicketKeys keys{key_of(inherited.current), key_of(inherited.previous)};
  // Older than two periods: nobody is to bring a session back by them.
  if (keys.current.empty() || !tls::in_order(keys) || now_() - inherited.since >= 2 * tls::ticket_period) return;
  replace(std::move(keys));
  since_ = inherited.since;
  go_on();
}

}  // namespace xsuperd::supervisor
