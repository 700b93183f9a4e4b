// SPDX-License-Identifier: MIT
#pragma once
#include <fmt/format.h>

#include <concepts>
#include <iterator>
#include <string>
#include <string_view>

#include "xsuperd/base/text.hpp"
#include "xsuperd/log/event.hpp"

/// The values of the fields of records as words, for outputs that write them in one way or another.
namespace xsuperd::log {

/// Seconds with six digits behind the point.
inline void append_value(std::string& to, record::Seconds time) {
  const auto whole = time.count() / 1'000'000, part = time.count() % 1'000'000;
  fmt::format_to(std::back_inserter(to), "{}.{:06}", whole, part < 0 ? 0 : part);
}
inline void append_value(std::string& to, std::integral auto number) { fmt::format_to(std::back_inserter(to), "{}", number); }
inline void append_value(std::string& to, std::chrono::seconds time) { append_value(to, time.count()); }
inline void append_value(std::string& to, ByteCount count) { append_value(to, count.bytes); }
inline void append_value(std::string& to, const base::Address& address) { to.append(base::AddressText(address).view()); }
inline void append_value(std::string& to, const base::AddressText& address) { to.append(address.view()); }
inline void append_value(std::string& to, const record::Rule& rule) {
  fmt::format_to(std::back_inserter(to), "{}:{}", rule.file, rule.line);
}
inline void append_value(std::string& to, std::string_view words) { to.append(words); }
inline void append_value(std::string& to, const PeerText& text) { to.append(text.bytes()); }

/// Is a value of this type a number, in JSON as well?
template <typename Value>
concept Numeric = std::integral<Value> || std::same_as<Value, record::Seconds> || std::same_as<Value, std::chrono::seconds> ||
                  std::same_as<Value, ByteCount>;

}  // namespace xsuperd::log
