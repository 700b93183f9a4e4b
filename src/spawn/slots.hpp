// SPDX-License-Identifier: MIT
#pragma once
#include <condition_variable>
#include <mutex>
#include <vector>

namespace xsuperd::spawn {

/// The slots (low_descriptors.hpp) of the threads that start servers, which are more threads than slots: each has one as
/// long as it makes a child. Any thread.
class Slots {
 public:
  /// Those of `threads` spawner threads.
  explicit Slots(unsigned threads);

  /// One of them; waits until one is free.
  class Use {
   public:
    explicit Use(Slots& slots) : slots_(slots), number_(slots.take()) {}
    ~Use() { slots_.give(number_); }
    Use(const Use&) = delete;
    Use& operator=(const Use&) = delete;
    [[nodiscard]] int number() const { return number_; }

   private:
    Slots& slots_;
    const int number_;
  };

 private:
  [[nodiscard]] int take();
  void give(int number);

  std::mutex mutex_;
  std::condition_variable given_;
  std::vector<int> free_;
};

}  // namespace xsuperd::spawn
