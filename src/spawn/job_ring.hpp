// SPDX-License-Identifier: MIT
#pragma once
#include <semaphore.h>

#include <atomic>
#include <cstddef>
#include <mutex>
#include <optional>
#include <vector>

#include "xsuperd/spawn/spawner.hpp"

namespace xsuperd::spawn {

/// Jobs on their way from the loop to threads, first in, first out. Bounded: the loop never
/// waits, it starts a job itself when the ring is full. Any thread.
class JobRing {
 public:
  explicit JobRing(std::size_t capacity);
  ~JobRing();
  JobRing(const JobRing&) = delete;
  JobRing& operator=(const JobRing&) = delete;

  /// Takes the job, or leaves it untouched and returns false when there is no room.
  [[nodiscard]] bool push(Job& job);
  /// Waits for a job; nothing once the ring was closed, even if there are jobs left.
  [[nodiscard]] std::optional<Job> take();
  /// Is there no job, and do that many threads wait for one?
  [[nodiscard]] bool all_wait(std::size_t threads);
  /// Ends the waiting of all threads.
  void close();

 private:
  /// Counts the jobs. Whoever wakes from a condition variable leaves its mutex with a system call, which is to wake others
  /// that might wait for that, too.
  sem_t filled_;
  std::mutex mutex_;
  std::vector<Job> jobs_;
  std::size_t first_ = 0;
  std::size_t count_ = 0;
  std::atomic<std::size_t> waiting_ = 0;
  bool closed_ = false;
};

}  // namespace xsuperd::spawn
