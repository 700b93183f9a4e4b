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

std::optional<Job> JobRing::take() {
  std::unique_lock lock(mutex_);
  ++waiting_;
  filled_.wait(lock, [this] { return count_ > 0 || closed_; });
  --waiting_;
  if (closed_) return std::nullopt;
  Job job = std::move(jobs_[first_]);
  first_ = (first_ + 1) % jobs_.size();
  --count_;
  return job;
}

bool JobRing::all_wait(std::size_t threads) {
  const std::scoped_lock lock(mutex_);
  return count_ == 0 && waiting_ >= threads;
}

void JobRing::close() {
  {
    const std::scoped_lock lock(mutex_);
    closed_ = true;
  }
  filled_.notify_all();
}

}  // namespace xsuperd::spawn
