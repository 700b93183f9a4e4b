// SPDX-License-Identifier: MIT
#pragma once

/// The numbers that reserve_low_descriptors() fills. A child shares the daemon's descriptor table and copies
/// only what lies below first_high() when it takes a table of its own, so its connection must lie there: each
/// thread that clones puts it on its own slot for that moment.
namespace xsuperd::spawn {

constexpr int first_slot = 3;

/// Slot of the loop thread: 0; of spawner thread n: n + 1.
[[nodiscard]] constexpr int slot_number(unsigned thread) { return first_slot + static_cast<int>(thread); }

/// The first descriptor above the slots of the loop thread and of `threads` spawner threads.
[[nodiscard]] constexpr int first_high(unsigned threads) { return slot_number(threads) + 1; }

/// True when all slots stand ready.
[[nodiscard]] bool low_descriptors_reserved(unsigned threads);

}  // namespace xsuperd::spawn
