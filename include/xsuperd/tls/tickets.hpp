// SPDX-License-Identifier: MIT
#pragma once
#include <array>
#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

#include "xsuperd/base/described.hpp"
#include "xsuperd/base/time.hpp"

namespace xsuperd::tls {

/// Bytes of one key of tickets: 16 that name it, 32 for its digest and 32 for its cipher.
inline constexpr std::size_t ticket_key_size = 80;

/// With what peers' tickets are encrypted: they bring their sessions back themselves (RFC 5077, RFC 8446). Secret, and never on a
/// disk: what was recorded of old connections stays unreadable as soon as the keys of that time are gone. Values; any thread.
struct TicketKeys {
  std::string current;   ///< ticket_key_size bytes; empty: there are none yet
  std::string previous;  ///< still taken, and answered with a ticket of the current one; empty: none
  bool operator==(const TicketKeys&) const = default;
};

/// So long tickets are made with one key; they are taken for as long again.
inline constexpr std::chrono::hours ticket_period{12};

/// The keys after these. Pure: `fresh` is ticket_key_size random bytes.
[[nodiscard]] TicketKeys rotated(const TicketKeys& keys, std::string fresh);
/// Are both of them keys, or none?
[[nodiscard]] bool in_order(const TicketKeys& keys);
/// ticket_key_size bytes from the kernel; empty when it gives none.
[[nodiscard]] std::string fresh_ticket_key();

/// In hexadecimal digits, for the next image of the daemon.
struct InheritedTickets {
  std::string current;
  std::string previous;
  base::WallTime since{};  ///< when the current one was made
  bool operator==(const InheritedTickets&) const = default;
};
BOOST_DESCRIBE_STRUCT(InheritedTickets, (), (current, previous, since))

}  // namespace xsuperd::tls
