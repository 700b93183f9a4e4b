// SPDX-License-Identifier: MIT
#include "xsuperd/tls/tickets.hpp"

#include <sys/random.h>

#include <utility>

namespace xsuperd::tls {

TicketKeys rotated(const TicketKeys& keys, std::string fresh) { return {std::move(fresh), keys.current}; }

bool in_order(const TicketKeys& keys) {
  const auto good = [](const std::string& key) { return key.empty() || key.size() == ticket_key_size; };
  return good(keys.current) && good(keys.previous) && (keys.previous.empty() || !keys.current.empty());
}

std::string fresh_ticket_key() {
  std::string key(ticket_key_size, '\0');
  // So few bytes are given at once, or none before there is any randomness.
  const ssize_t count = ::getrandom(key.data(), key.size(), GRND_NONBLOCK);
  if (count != static_cast<ssize_t>(key.size())) key.clear();
  return key;
}

}  // namespace xsuperd::tls
