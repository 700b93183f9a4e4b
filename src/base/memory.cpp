// SPDX-License-Identifier: MIT
#include "xsuperd/base/memory.hpp"

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

}  // namespace xsuperd::base
