// SPDX-License-Identifier: MIT
// How the state travels from one image to the next. Internal to supervisor.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "xsuperd/base/error.hpp"
#include "xsuperd/base/fd.hpp"

namespace xsuperd::supervisor {

/// The environment variable that names the descriptor of the state. It is taken away before anybody could inherit it.
inline constexpr const char* take_over_variable = "XSUPERD_TAKE_OVER";
/// What the trial run's answer begins with when the state is good; its notes follow.
inline constexpr std::string_view trial_passed = "ready\n";

/// A file in memory that nobody can change any more (memfd_create(2), all seals).
[[nodiscard]] base::Result<base::Fd> make_sealed_memory(std::string_view text);
/// The contents of one; an error for any other descriptor.
[[nodiscard]] base::Result<std::string> read_sealed_memory(int fd);

/// Executes `path` in this process with the descriptors of `kept`, all others being close-on-exec. Returns only when
/// that failed, with everything as it was.
[[nodiscard]] base::Error execute_in_place(const std::string& path, const std::vector<std::string>& arguments,
                                           const std::vector<std::string>& environment, const std::vector<int>& kept);

}  // namespace xsuperd::supervisor
