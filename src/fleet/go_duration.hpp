// SPDX-License-Identifier: MIT
// How CrowdSec writes how long a decision holds: as the language Go does. Internal to fleet; pure.
#pragma once
#include <cstdint>
#include <optional>
#include <string_view>

namespace xsuperd::fleet {

/// "3h59m12.3s", "1.5h", "300ms", "-2m", "0", and so on, in whole seconds: what has begun counts; 0 for what is negative. What is
/// longer than most_seconds is most_seconds + 1. Nothing when it is no such text.
[[nodiscard]] std::optional<std::uint64_t> read_go_duration(std::string_view text);

}  // namespace xsuperd::fleet
