// SPDX-License-Identifier: MIT
// The sets of system calls that system_calls names. Internal to box.
#pragma once
#include <span>
#include <string_view>

namespace xsuperd::box {

/// Those that @service takes away, whatever their arguments.
[[nodiscard]] std::span<const std::string_view> needless_calls();
/// Those that @strict leaves, whatever their arguments.
[[nodiscard]] std::span<const std::string_view> strict_calls();

}  // namespace xsuperd::box
