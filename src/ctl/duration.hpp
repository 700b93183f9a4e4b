// SPDX-License-Identifier: MIT
// For how long, as somebody writes it. Internal to ctl; pure.
#pragma once
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "xsuperd/base/error.hpp"

namespace xsuperd::ctl {

/// Minutes of "30m", "1h", "7d", and of a bare number, which means minutes. Nothing when it is not such a text, or less
/// than a minute, or more than 10,000,000,000 minutes.
[[nodiscard]] std::optional<std::int64_t> minutes_of(std::string_view word);
/// The same the other way round, in the largest unit that leaves no remainder: "90m", "1h", "7d".
[[nodiscard]] std::string minutes_text(std::int64_t minutes);
/// The time between two looks: a number of seconds from 0.1 to 3600, perhaps with a fraction. The Error is a sentence about what is
/// none.
[[nodiscard]] base::Result<std::chrono::milliseconds> interval_of(const std::string& word);

}  // namespace xsuperd::ctl
