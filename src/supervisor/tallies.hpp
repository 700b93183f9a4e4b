// SPDX-License-Identifier: MIT
// What is counted for the daemon as a whole, by word, and how it outlives an upgrade. Internal to supervisor.
#pragma once
#include <string_view>
#include <vector>

#include "supervisor/hand_over.hpp"
#include "xsuperd/service/tallies.hpp"

namespace xsuperd::supervisor {

/// What HandOver::Tally::of says.
namespace tally_words {
inline constexpr std::string_view start = "start", handshake = "handshake", reload = "reload", upgrade = "upgrade", log = "log";
}

/// Starts that failed, and handshakes, that occurred.
[[nodiscard]] std::vector<HandOver::Tally> tallies_of(const service::Tallies& tallies);
/// The way back.
[[nodiscard]] service::Tallies restored_tallies(const std::vector<HandOver::Tally>& from);
/// Of one; 0: it is not there.
[[nodiscard]] std::uint64_t count_of(const std::vector<HandOver::Tally>& tallies, std::string_view of, std::string_view word);

}  // namespace xsuperd::supervisor
