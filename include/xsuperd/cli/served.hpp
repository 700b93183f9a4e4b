// SPDX-License-Identifier: MIT
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "xsuperd/supervisor/supervisor.hpp"

namespace xsuperd::cli {

/// At most so many services are listed; of more, only their number is given.
inline constexpr std::size_t most_listed = 20;

/// For those who start the daemon at a terminal with -dontfork: what it serves, one line per service, and how to end
/// it. Returns lines without their ends. Pure.
[[nodiscard]] std::vector<std::string> served_list(std::string_view program, long pid,
                                                   const std::vector<supervisor::Served>& all);

}  // namespace xsuperd::cli
