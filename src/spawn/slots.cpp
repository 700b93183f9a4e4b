// SPDX-License-Identifier: MIT
#include "spawn/slots.hpp"

#include "spawn/low_descriptors.hpp"

namespace xsuperd::spawn {

Slots::Slots(unsigned threads) {
  for (unsigned thread = 1; thread <= threads; ++thread) free_.push_back(slot_number(thread));
}

int Slots::take() {
  std::unique_lock lock(mutex_);
  given_.wait(lock, [this] { return !free_.empty(); });
  const int number = free_.back();
  free_.pop_back();
  return number;
}

void Slots::give(int number) {
  {
    const std::scoped_lock lock(mutex_);
    free_.push_back(number);
  }
  given_.notify_one();
}

}  // namespace xsuperd::spawn
