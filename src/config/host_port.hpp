// SPDX-License-Identifier: MIT
// HOST[:PORT] in the addresses of what the daemon connects to. Internal to config; pure.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "xsuperd/base/text.hpp"

namespace xsuperd::config {

inline constexpr std::size_t longest_host_name = 253;

/// Digits and no sign: false for all else, and for what is out of bounds.
template <typename Number>
bool read_plain_number(std::string_view text, long long least, long long most, Number& to) {
  if (text.empty() || text.find_first_not_of("0123456789") != text.npos) return false;
  const auto value = base::parse_number(text, least, most);
  if (value) to = static_cast<Number>(*value);
  return value.has_value();
}

/// "store.example.org", "192.0.2.1:6380", "[2001:db8::5]:6380"; without a port that one stays. What is wrong, or nothing.
[[nodiscard]] std::string_view read_host_and_port(std::string_view text, std::string& host, std::uint16_t& port);
/// The host as it is written there.
[[nodiscard]] std::string in_brackets(const std::string& host);

}  // namespace xsuperd::config
