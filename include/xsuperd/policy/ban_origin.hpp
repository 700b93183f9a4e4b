// SPDX-License-Identifier: MIT
#pragma once
#include <string_view>

/// Who has said that somebody is banned, in our own words; a line of ban_file may name others.
namespace xsuperd::policy::ban_origin {

inline constexpr std::string_view service = "service";  ///< a peer has caused it: it goes where room is needed
inline constexpr std::string_view administrator = "administrator";
inline constexpr std::string_view file = "file";        ///< a line that names nobody
inline constexpr std::string_view fleet = "fleet:";     ///< and the name of the host that has banned it, which shares its bans with us

inline constexpr std::string_view crowdsec = "crowdsec";  ///< its Local API has decided so

[[nodiscard]] constexpr bool is_fleet(std::string_view origin) { return origin.starts_with(fleet); }
/// Has somebody else said so, and can take it back?
[[nodiscard]] constexpr bool is_foreign(std::string_view origin) { return is_fleet(origin) || origin == crowdsec; }
inline constexpr std::string_view ours{};  ///< as a speaker
/// Whoever has said so: `ours`, `fleet` or `crowdsec`.
[[nodiscard]] constexpr std::string_view speaker_of(std::string_view origin) {
  if (is_fleet(origin)) return fleet;
  return origin == crowdsec ? crowdsec : ours;
}
/// Does such a ban go where room is needed, before those that an administrator has named here?
[[nodiscard]] constexpr bool goes_first(std::string_view origin) { return origin == service || is_foreign(origin); }

}  // namespace xsuperd::policy::ban_origin
