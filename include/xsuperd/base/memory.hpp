// SPDX-License-Identifier: MIT
#pragma once
#include <cstddef>

/// Memory of the process. What is said to the allocator has no effect where that is not glibc's.
namespace xsuperd::base {

/// One pool of memory for all threads, instead of one for each: what a reload needs on its thread comes from what the
/// configuration before left behind. To be called before there are other threads. Allocating on many threads at once
/// gets slower; here threads other than the loop hardly ever allocate.
void share_memory_between_threads();

/// Blocks of 128 KiB and more come from the kernel by themselves and go back when they are freed, for the whole life of
/// the process. Otherwise the first large one that is freed moves that limit beyond its own size, and the next ones lie
/// in the heap, where something small behind them keeps them. To be called at the start.
void keep_large_blocks_out_of_heap();

/// Gives free pages back to the kernel, for after something that needed much for a while. Takes milliseconds with a
/// heap of 100 MB, in which other threads cannot allocate. Thread safe.
void give_back_memory();

/// Has the whole pages among those bytes, which nobody has touched yet, come from the kernel at once (madvise(2),
/// MADV_POPULATE_WRITE): cheaper than a fault for each. Nothing but time is lost where the kernel cannot (before Linux 5.14).
/// Thread safe.
void have_pages(void* memory, std::size_t length) noexcept;

}  // namespace xsuperd::base
