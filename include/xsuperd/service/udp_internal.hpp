// SPDX-License-Identifier: MIT
#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "xsuperd/base/address.hpp"
#include "xsuperd/base/time.hpp"

/// What the internal datagram services answer (facts B9.14 to B9.24). Pure: no socket, no clock, no log. They
/// run on the daemon's loop, because they copy bytes and parse none.
namespace xsuperd::service {

/// Room for a request, and for every answer: echo gives back no more of a longer datagram (fact B9.14).
inline constexpr std::size_t udp_room = 2048;

/// How many datagrams a service may take in one turn of the loop, so that others get their turn.
inline constexpr std::size_t udp_turn = 64;

/// Where chargen goes on: the line its next answer begins with. One for the whole process (fact B9.24); only
/// datagrams move it, 14 lines each.
struct ChargenPosition {
  unsigned line = 0;  ///< 0..94
};

/// The answer of internal service `name`, "echo" for instance, to one datagram; nothing when it sends none,
/// which may also be because there is no such service. An empty answer is sent as an empty datagram. The
/// bytes are those of `request` or lie in `buffer`, which may not be where `request` is.
[[nodiscard]] std::optional<std::string_view> udp_answer(std::string_view name, std::string_view request,
                                                         std::span<char, udp_room> buffer, base::WallTime now,
                                                         ChargenPosition& chargen);

/// May a datagram of `peer` be answered at all (fact B12.42, decision B15.20)? Not when its port is below 1024 or is
/// one of `own_ports`, those of all internal datagram services: two such services would answer one another forever, and
/// the address may be forged. Nor when the address is none that one host has: broadcast, multicast, or none. Mapped
/// addresses count as IPv4. A broadcast address of a network cannot be told by its looks; the kernel lets none in as a
/// source, nor sends to one from our sockets.
[[nodiscard]] bool may_answer(const base::Endpoint& peer, std::span<const std::uint16_t> own_ports);

}  // namespace xsuperd::service
