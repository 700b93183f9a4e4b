// SPDX-License-Identifier: MIT
#pragma once

/// The numbers that reserve_low_descriptors() fills. A child shares the daemon's descriptor table and copies
/// only what lies below first_high() when it takes a table of its own, so its connection must lie there: each
/// thread that clones puts it on a slot for that moment. One more has /dev/null, for servers whose errors are thrown away.
namespace xsuperd::spawn {

constexpr int first_slot = 3;

/// Slot of the loop thread: 0; of spawner threads: 1 to their number.
[[nodiscard]] constexpr int slot_number(unsigned thread) { return first_slot + static_cast<int>(thread); }
[[nodiscard]] constexpr int null_slot(unsigned threads) { return slot_number(threads) + 1; }

/// The first descriptor above the slots of the loop thread and of `threads` spawner threads.
[[nodiscard]] constexpr int first_high(unsigned threads) { return null_slot(threads) + 1; }

/// True when all slots stand ready.
[[nodiscard]] bool low_descriptors_reserved(unsigned threads);

}  // namespace xsuperd::spawn
