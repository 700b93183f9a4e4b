// SPDX-License-Identifier: MIT
#pragma once
#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include "xsuperd/base/described.hpp"

namespace xsuperd::base {

/// What is counted for each service and for all: in the daemon, in the state that outlives an upgrade, in answers and
/// in the tables of xsuperctl, under the same names. All there is to do for a new count is to add it here, in
/// BOOST_DESCRIBE_STRUCT and in members_since(), and to count.
struct Counts {
  std::uint64_t accepted = 0;   ///< requests: connections taken, datagrams or waiting sockets looked at
  std::uint64_t served = 0;     ///< a server or conversation began, and may have ended since
  std::uint64_t banned = 0;     ///< of those refused by address: a sensor has the peer on its list
  std::uint64_t failed = 0;     ///< admitted, but no server could be started, or no target of a redirect was found
  std::uint64_t withdrawn = 0;  ///< the peer, or the service, went away before; or it did not identify itself (IDONLY)
  std::uint64_t bytes_in = 0;   ///< of conversations that have ended: from the peers
  std::uint64_t bytes_out = 0;  ///< and to them
  std::uint64_t ended = 0;      ///< servers and conversations that have ended
  std::uint64_t busy_ms = 0;    ///< the time that those took, in milliseconds
  std::uint64_t queued = 0;     ///< requests that had to wait in the queue
  std::uint64_t queue_ms = 0;   ///< the time that those waited that have had their turn, in milliseconds
  std::uint64_t limited = 0;    ///< of those served: a limit of time or memory has ended the session

  Counts& operator+=(const Counts& other);
  bool operator==(const Counts&) const = default;
};
BOOST_DESCRIBE_STRUCT(Counts, (), (accepted, served, banned, failed, withdrawn, bytes_in, bytes_out, ended, busy_ms, queued, queue_ms, limited))
constexpr auto members_since(const Counts*) {
  return std::array{Since{"ended", 8}, Since{"busy_ms", 8}, Since{"queued", 8}, Since{"queue_ms", 8}, Since{"limited", 8}};
}

/// One of them.
struct Count {
  std::string_view name;
  std::uint64_t Counts::*member = nullptr;
};
/// All, in the order in which they are described. Lives as long as the program.
[[nodiscard]] std::span<const Count> all_counts();

}  // namespace xsuperd::base
