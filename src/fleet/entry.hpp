// SPDX-License-Identifier: MIT
// What stands in the store, and what is told through it: JSON (RFC 8259). Internal to fleet; pure.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "xsuperd/fleet/words.hpp"
#include "xsuperd/policy/network.hpp"

namespace xsuperd::fleet {

/// The braces have a cluster keep all in one place, so that one node has everything, and SCAN finds it there.
inline constexpr std::string_view key_begin = "{xsuperd}:ban:";
inline constexpr std::string_view host_begin = "{xsuperd}:host:";  ///< a key for each host that is there; gone when the store is flushed
inline constexpr std::string_view now_begin = "{xsuperd}:now:";
inline constexpr std::string_view rate_begin = "{xsuperd}:rate:";
inline constexpr std::string_view channel = "{xsuperd}:bans";
inline constexpr std::size_t longest_entry = 2048;  ///< bytes; what is longer is not looked at

[[nodiscard]] std::string key_of(const policy::Network& peer);
/// Where something is counted: {xsuperd}:now:SERVICE:SOURCE:BUCKET, or {xsuperd}:rate:.... Of the id whatever is not a letter, a
/// digit or one of "_.-" is written as %XX.
[[nodiscard]] std::string key_of(const Count& count, std::uint64_t bucket);
/// Nothing when it is none of our keys, or its end is neither an address nor a network.
[[nodiscard]] std::optional<policy::Network> peer_of(std::string_view key);

/// The value of a key: {"host":"alpha","reason":"sensor telnet"}.
struct Entry {
  std::string host = {};
  std::string reason = {};
  bool operator==(const Entry&) const = default;
};
[[nodiscard]] std::string text_of(const Entry& entry);
/// Members may be missing, and there may be others. Nothing when it is no object, or too long.
[[nodiscard]] std::optional<Entry> read_entry(std::string_view text);

/// What is told: {"by":"1f…","ban":"192.0.2.7","seconds":600,"host":"alpha","reason":"sensor telnet"}, or with "unban" and
/// without what follows.
struct Notice {
  std::uint64_t by = 0;
  policy::Network peer = {};
  bool lifted = false;
  std::uint64_t seconds = 0;  ///< 0: for ever
  Entry entry = {};
  bool operator==(const Notice&) const = default;
};
[[nodiscard]] std::string text_of(const Notice& notice);
[[nodiscard]] std::optional<Notice> read_notice(std::string_view text);

}  // namespace xsuperd::fleet
