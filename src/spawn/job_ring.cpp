// SPDX-License-Identifier: MIT
#include "spawn/job_ring.hpp"

#include <utility>

namespace xsuperd::spawn {

JobRing::JobRing(std::size_t capacity) : jobs_(capacity) {}

bool JobRing::push(Job& job) {
  {
    const std::scoped_lock lock(mutex_);
    if (count_ == jobs_.size()) return false;
    jobs_[(first_ + count_++) % jobs_.size()] = std::move(job);
  }
  filled_.notify_one();
  return true;
}

std::optional<Job> JobRing::take(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  filled_.wait(lock, stop, [this] { return count_ > 0; });
  if (stop.stop_requested()) return std::nullopt;
  Job job = std::move(jobs_[first_]);
  first_ = (first_ + 1) % jobs_.size();
  --count_;
  return job;
}

}  // namespace xsuperd::spawn
