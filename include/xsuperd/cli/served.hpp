// SPDX-License-Identifier: MIT
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "xsuperd/supervisor/supervisor.hpp"

namespace xsuperd::cli {

/// So many services are listed; of more, only how many they are is said.
inline constexpr std::size_t most_listed = 20;

/// For who has started the daemon at a terminal with -dontfork: what it serves, a line a service, and how it is ended.
/// Returns lines without their ends. Pure.
[[nodiscard]] std::vector<std::string> served_list(std::string_view program, long pid,
                                                   const std::vector<supervisor::Served>& all);

}  // namespace xsuperd::cli
