// SPDX-License-Identifier: MIT
#pragma once
#include <string>
#include <string_view>

#include "log/stamp.hpp"
#include "xsuperd/log/event.hpp"

/// Events as JSON objects. Pure.
namespace xsuperd::log {

/// "2026-12-01T11:30:11": the time in UTC up to its second, as RFC 3339 has it.
[[nodiscard]] std::string utc_stamp(base::WallTime when);
/// Its microseconds and its zone, which follow: ".123456Z".
void append_microseconds(std::string& to, base::WallTime when);

/// `text` made valid UTF-8: each byte that belongs to no character becomes U+FFFD; cut at a character, and ended by "...", where
/// it is longer than `most` bytes.
[[nodiscard]] std::string valid_text(std::string_view text, std::size_t most);
/// The longest text of a field, in bytes.
inline constexpr std::size_t longest_field = 1024;

/// Appends the event as one object, without a line end. `stamp` formats by utc_stamp().
void append_json(std::string& to, Stamp& stamp, base::WallTime when, const Event& event);

}  // namespace xsuperd::log
