// SPDX-License-Identifier: MIT
// Words in the values of rates and penalties, for reading and for writing them. Internal to config.
#pragma once
#include <cstdint>
#include <string_view>

#include "xsuperd/config/limits.hpp"

namespace xsuperd::config {

struct Period {
  std::string_view word;
  std::string_view letter;
  std::uint32_t seconds;
};
inline constexpr Period periods[]{{"second", "s", 1}, {"minute", "m", 60}, {"hour", "h", 3600}, {"day", "d", 86'400}};

struct CauseWord {
  std::string_view word;
  Penalty::Cause cause;
};
inline constexpr CauseWord causes[]{{"exit", Penalty::Cause::exit}, {"signal", Penalty::Cause::signal},
                             {"timeout", Penalty::Cause::timeout}, {"refused", Penalty::Cause::refused}};

}  // namespace xsuperd::config
