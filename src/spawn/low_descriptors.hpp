// SPDX-License-Identifier: MIT
#pragma once

/// The numbers that reserve_low_descriptors() fills. A child shares the daemon's descriptor table and copies
/// only what lies below first_high() when it takes a table of its own, so its connection must lie there: each
/// thread that clones puts it on its own slot for that moment. What is to become descriptor 2, if that is something else,
/// is put on a second slot, which has /dev/null for those that write there in vain.
namespace xsuperd::spawn {

constexpr int first_slot = 3;

/// The slots of the loop thread are those of thread 0, the slots of spawner thread n those of thread n.
[[nodiscard]] constexpr int slot_number(unsigned thread) { return first_slot + 2 * static_cast<int>(thread); }
/// The second one that goes with a slot.
[[nodiscard]] constexpr int error_slot_of(int slot) { return slot + 1; }

/// The first descriptor above the slots of the loop thread and of `threads` spawner threads.
[[nodiscard]] constexpr int first_high(unsigned threads) { return error_slot_of(slot_number(threads)) + 1; }

/// True when all slots stand ready.
[[nodiscard]] bool low_descriptors_reserved(unsigned threads);

}  // namespace xsuperd::spawn
