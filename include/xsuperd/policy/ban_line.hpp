// SPDX-License-Identifier: MIT
#pragma once
#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "xsuperd/base/error.hpp"
#include "xsuperd/base/time.hpp"
#include "xsuperd/policy/network.hpp"

/// The lines of ban_file, for writing and for reading them: one JSON object each, without line end. Pure.
namespace xsuperd::policy {

/// What a line says of a ban of ours that stands behind somebody else's. The members are as those of BanLine.
struct BanLineOfOurs {
  std::optional<base::WallTime> until = {}, since = {};
  std::string reason = {}, origin = {};
  bool operator==(const BanLineOfOurs&) const = default;
};

/// What a line says. A later line about the same prefix replaces it; one whose end has passed lifts the ban, and leaves ours.
struct BanLine {
  Network peer;
  std::optional<base::WallTime> until = {};  ///< whole seconds; nothing: forever
  std::optional<base::WallTime> since = {};  ///< whole seconds; nothing: it does not say
  std::string reason = {};
  std::string origin = {};
  /// A ban of ours that stands behind it, where it is somebody else's.
  std::optional<BanLineOfOurs> ours = {};
  bool operator==(const BanLine&) const = default;
};

/// No line is longer, its end counted; what may be longer in it is cut.
inline constexpr std::size_t longest_ban_line = 4096;
inline constexpr std::size_t longest_ban_reason = 200;
inline constexpr std::size_t longest_ban_origin = 100;

/// Adds {"prefix":"192.0.2.7","until":"2026-12-01T15:00:00Z","reason":"refused ftp","origin":"service"} and a line end.
/// "until" is null when there is no end. For `ours` there are "our_until" and so on: one line still says everything of a prefix, and
/// what does not know these members reads what it did. Bytes of reason and origin that are no UTF-8 become '?'.
void write_ban_line(std::string& to, const BanLine& line);

/// Reads such an object, its members in any order and anything else among them that is no object and no list; what is
/// missing but the prefix may be missing, and without "our_until" there is no `ours`. RFC 8259, and RFC 3339 for times, which
/// may be of any zone. The error says what is wrong, as a sentence without its subject.
[[nodiscard]] base::Result<BanLine> read_ban_line(std::string_view text);

/// "2026-12-01T15:00:00Z" (RFC 3339); a part of a second is left out.
[[nodiscard]] std::string rfc3339_text(base::WallTime time);
/// No end that is later can be read.
inline constexpr base::WallTime latest_ban_end{std::chrono::sys_days{std::chrono::year{2261} / 12 / 31}};
/// Nothing where it is not such a time, or one before 1970 or after 2261.
[[nodiscard]] std::optional<base::WallTime> rfc3339_time(std::string_view text);

}  // namespace xsuperd::policy
