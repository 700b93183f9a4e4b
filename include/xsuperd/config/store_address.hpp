// SPDX-License-Identifier: MIT
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "xsuperd/base/error.hpp"

namespace xsuperd::config {

/// An element of ban_share: where Redis, Valkey, or what speaks like them is. A value.
struct StoreAddress {
  std::string path = {};      ///< of a UNIX socket, or '@' and an abstract name; empty: by TCP
  std::string host = {};      ///< a name or an address, without brackets
  std::uint16_t port = 6379;
  std::string user = {};      ///< of the store (ACL); empty: its default
  std::uint16_t database = 0;
  bool tls = false;
  bool operator==(const StoreAddress&) const = default;

  /// As parse_store_address() reads it.
  [[nodiscard]] std::string text() const;
};

inline constexpr std::size_t most_store_addresses = 16;

/// "redis:unix:/run/redis.sock", "redis://limits@store.example.org:6380/2", "rediss://[2001:db8::5]". The error says what is
/// wrong, and is fit for a finding. Pure.
[[nodiscard]] base::Result<StoreAddress> parse_store_address(std::string_view text);

/// Was xsuperd built with hiredis, which reads what a store answers? Any thread.
[[nodiscard]] bool can_share_bans();

}  // namespace xsuperd::config
