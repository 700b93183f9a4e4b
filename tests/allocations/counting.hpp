// SPDX-License-Identifier: MIT
#pragma once
#include <cstddef>

/// Counts what this program takes from the heap, and refuses it: malloc(3) and its relatives, by any thread, and with them
/// `new`. They are functions of ours that pass on to glibc's. Any thread.
namespace xsuperd::allocations {

/// Begins to count at zero.
void begin();
/// Ends it, and returns how often memory was asked for since begin().
[[nodiscard]] std::size_t end();
/// Lets memory be refused to this thread once: the request of that number from now on, 1 for the next, of those that are
/// made while a Counted lives.
void refuse(std::size_t number);
struct Counted {
  Counted();
  ~Counted();
  Counted(const Counted&) = delete;
  Counted& operator=(const Counted&) = delete;
};
/// Ends that; whether it came so far.
[[nodiscard]] bool refused();
/// Writes to standard error where the first of them came from, as function names and addresses for addr2line(1).
void print_places();

}  // namespace xsuperd::allocations
