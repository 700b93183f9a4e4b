// SPDX-License-Identifier: MIT
#pragma once
#include <algorithm>
#include <array>
#include <concepts>
#include <cstdint>
#include <string_view>

#include "xsuperd/base/address.hpp"

namespace xsuperd::base {

/// The text of an address without memory from the heap: a std::string has no room of its own for most of IPv6. A value.
class AddressText {
 public:
  /// Enough for each address with its scope: INET6_ADDRSTRLEN counts a NUL, IF_NAMESIZE another.
  static constexpr std::size_t room = 46 + 16;

  AddressText() = default;
  /// What is longer than `room` is cut.
  template <std::convertible_to<std::string_view> Text>
  AddressText(const Text& words) {  // NOLINT(google-explicit-constructor): stands for the text
    const std::string_view text = words;
    size_ = static_cast<std::uint8_t>(std::min(text.size(), room));
    std::copy_n(text.begin(), size_, bytes_.begin());
  }
  /// As Address::text().
  explicit AddressText(const Address& address);

  [[nodiscard]] std::string_view view() const { return {bytes_.data(), size_}; }
  operator std::string_view() const { return view(); }  // NOLINT(google-explicit-constructor)
  friend bool operator==(const AddressText& text, std::string_view other) { return text.view() == other; }

 private:
  std::array<char, room> bytes_{};
  std::uint8_t size_ = 0;
};

}  // namespace xsuperd::base
