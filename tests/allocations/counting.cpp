// SPDX-License-Identifier: MIT
#include "allocations/counting.hpp"

#include <execinfo.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <utility>

// glibc's own, by the names under which a program may replace the others.
// NOLINTBEGIN(bugprone-reserved-identifier)
extern "C" {
void* __libc_malloc(std::size_t size);
void* __libc_calloc(std::size_t count, std::size_t size);
void* __libc_realloc(void* memory, std::size_t size);
void* __libc_memalign(std::size_t alignment, std::size_t size);
void __libc_free(void* memory);
}
// NOLINTEND(bugprone-reserved-identifier)

namespace xsuperd::allocations {

namespace {

struct Place {
  std::array<void*, 24> frames;
  int depth = 0;
};

std::atomic<bool> counting = false;
std::atomic<std::size_t> count = 0;
std::array<Place, 16> places;
thread_local std::size_t until_refusal = 0;
thread_local bool counted = false;

void note() {
  if (!counting.load(std::memory_order_relaxed)) return;
  const std::size_t number = count.fetch_add(1);
  if (number >= places.size()) return;
  places[number].depth = ::backtrace(places[number].frames.data(), static_cast<int>(places[number].frames.size()));
}

}  // namespace

/// Is it this one that is refused?
bool refuses();

void begin() {
  std::array<void*, 4> first;
  (void)::backtrace(first.data(), static_cast<int>(first.size()));  // the first call loads a library
  count = 0;
  counting = true;
}

std::size_t end() {
  counting = false;
  return count;
}

void refuse(std::size_t number) { until_refusal = number; }

bool refused() { return std::exchange(until_refusal, 0) == 0; }

bool refuses() { return counted && until_refusal != 0 && --until_refusal == 0; }

Counted::Counted() { counted = true; }
Counted::~Counted() { counted = false; }

void print_places() {
  const std::size_t known = std::min(count.load(), places.size());
  for (std::size_t i = 0; i < known; ++i) {
    (void)!::write(STDERR_FILENO, "memory from the heap:\n", 22);
    ::backtrace_symbols_fd(places[i].frames.data(), places[i].depth, STDERR_FILENO);
  }
}

}  // namespace xsuperd::allocations

using xsuperd::allocations::note;
using xsuperd::allocations::refuses;

namespace {
void* none() {
  errno = ENOMEM;
  return nullptr;
}
}  // namespace

extern "C" {
void* malloc(std::size_t size) {
  note();
  if (refuses()) return none();
  return __libc_malloc(size);
}
void* calloc(std::size_t number, std::size_t size) {
  note();
  if (refuses()) return none();
  return __libc_calloc(number, size);
}
void* realloc(void* memory, std::size_t size) {
  note();
  if (refuses()) return none();
  return __libc_realloc(memory, size);
}
void* memalign(std::size_t alignment, std::size_t size) {
  note();
  if (refuses()) return none();
  return __libc_memalign(alignment, size);
}
void* aligned_alloc(std::size_t alignment, std::size_t size) {
  note();
  if (refuses()) return none();
  return __libc_memalign(alignment, size);
}
int posix_memalign(void** memory, std::size_t alignment, std::size_t size) {
  note();
  if (refuses()) return ENOMEM;
  *memory = __libc_memalign(alignment, size);
  return *memory != nullptr ? 0 : ENOMEM;
}
void free(void* memory) { __libc_free(memory); }
}
