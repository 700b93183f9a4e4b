// SPDX-License-Identifier: MIT
#pragma once
#include <string_view>

/// Who has said that somebody is banned, in our own words; a line of ban_file may name others.
namespace xsuperd::policy::ban_origin {

inline constexpr std::string_view service = "service";  ///< a peer has caused it: it goes where room is needed
inline constexpr std::string_view administrator = "administrator";
inline constexpr std::string_view file = "file";        ///< a line that names nobody

}  // namespace xsuperd::policy::ban_origin
