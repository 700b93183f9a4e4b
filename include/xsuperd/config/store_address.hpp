// SPDX-License-Identifier: MIT
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "xsuperd/base/error.hpp"

namespace xsuperd::config {

inline constexpr std::uint16_t usual_store_port = 6379, usual_sentinel_port = 26379;
inline constexpr std::size_t longest_primary_name = 64;  ///< bytes

/// An element of ban_share: where Redis, Valkey, or what speaks like them is, or a Sentinel that knows where. A value.
struct StoreAddress {
  std::string path = {};      ///< of a UNIX socket, or '@' and an abstract name; empty: by TCP
  std::string host = {};      ///< a name or an address, without brackets
  std::uint16_t port = usual_store_port;
  std::string user = {};      ///< of the store (ACL), also behind a Sentinel; empty: its default
  std::uint16_t database = 0;
  bool tls = false;           ///< to a Sentinel, and to the store that it names
  std::string primary = {};   ///< a Sentinel is there, which knows the store by this name; empty: the store itself is there
  bool operator==(const StoreAddress&) const = default;

  /// As parse_store_address() reads it.
  [[nodiscard]] std::string text() const;
};

inline constexpr std::size_t most_store_addresses = 16;

/// "redis:unix:/run/redis.sock", "redis://limits@store.example.org:6380/2", "rediss://[2001:db8::5]",
/// "sentinel://limits@sentinel.example.org:26379/mymaster/2". The error says what is wrong, and is fit for a finding. Pure.
[[nodiscard]] base::Result<StoreAddress> parse_store_address(std::string_view text);

/// Was xsuperd built with hiredis, which reads what a store answers? Any thread.
[[nodiscard]] bool can_share_bans();

}  // namespace xsuperd::config
