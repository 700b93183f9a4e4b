// SPDX-License-Identifier: MIT
#include "supervisor/tickets.hpp"

#include <fmt/format.h>
#include <string.h>

#include <algorithm>
#include <utility>

namespace xsuperd::supervisor {

namespace {

using std::chrono::milliseconds;

/// Where the kernel has no random numbers yet.
constexpr milliseconds try_again{10'000};

std::string in_hexadecimal(const std::string& key) {
  std::string text;
  for (const char byte : key) text += fmt::format("{:02x}", static_cast<unsigned char>(byte));
  return text;
}

int digit(char c) { return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1; }

std::string from_hexadecimal(const std::string& text) {
  std::string key;
  for (std::size_t i = 0; i + 1 < text.size(); i += 2) {
    const int high = digit(text[i]), low = digit(text[i + 1]);
    if (high < 0 || low < 0) return {};
    key.push_back(static_cast<char>(high << 4 | low));
  }
  return key;
}

void wipe(std::string& text) { ::explicit_bzero(text.data(), text.size()); }

}  // namespace

Tickets::Tickets(boost::asio::io_context& loop, Use use, Now now) : use_(std::move(use)), now_(std::move(now)), alarm_(loop, [this] { due(); }) {
  rotate();
}

Tickets::~Tickets() { wipe(keys_.current), wipe(keys_.previous); }

void Tickets::due() { rotate(); }

/// A key that has served its second period is gone.
void Tickets::rotate() {
  std::string fresh = tls::fresh_ticket_key();
  if (fresh.empty()) return alarm_.set(try_again);
  wipe(keys_.previous);
  keys_ = tls::rotated(keys_, std::move(fresh));
  since_ = now_();
  go_on();
}

void Tickets::go_on() {
  const auto left = std::chrono::duration_cast<milliseconds>(since_ + tls::ticket_period - now_());
  alarm_.set(std::clamp(left, milliseconds(0), milliseconds(tls::ticket_period)));
  use_(keys_);
}

tls::InheritedTickets Tickets::hand_over() const { return {in_hexadecimal(keys_.current), in_hexadecimal(keys_.previous), since_}; }

void Tickets::restore(const tls::InheritedTickets& inherited) {
  tls::TicketKeys keys{from_hexadecimal(inherited.current), from_hexadecimal(inherited.previous)};
  // Older than two periods: nobody is to bring a session back by them.
  if (keys.current.empty() || !tls::in_order(keys) || now_() - inherited.since >= 2 * tls::ticket_period) return;
  keys_ = std::move(keys);
  since_ = inherited.since;
  go_on();
}

}  // namespace xsuperd::supervisor
