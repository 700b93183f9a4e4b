// SPDX-License-Identifier: MIT
#include "xsuperd/base/memory.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>

#ifdef __GLIBC__
#include <malloc.h>
#endif

namespace xsuperd::base {

void share_memory_between_threads() {
#ifdef __GLIBC__
  (void)::mallopt(M_ARENA_MAX, 1);
#endif
}

void keep_large_blocks_out_of_heap() {
#ifdef __GLIBC__
  (void)::mallopt(M_MMAP_THRESHOLD, 128 * 1024);
#endif
}

void give_back_memory() {
#ifdef __GLIBC__
  (void)::malloc_trim(0);
#endif
}

void have_pages(void* memory, std::size_t length) noexcept {
  const auto begin = reinterpret_cast<std::uintptr_t>(memory), page = static_cast<std::uintptr_t>(::getpagesize());
  const std::uintptr_t first = (begin + page - 1) / page * page, end = (begin + length) / page * page;
  if (first < end) (void)::madvise(reinterpret_cast<void*>(first), end - first, MADV_POPULATE_WRITE);
}

}  // namespace xsuperd::base
