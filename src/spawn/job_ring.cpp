// SPDX-License-Identifier: MIT
#include "spawn/job_ring.hpp"

#include <cerrno>
#include <utility>

namespace xsuperd::spawn {

JobRing::JobRing(std::size_t capacity) : jobs_(capacity) { ::sem_init(&filled_, 0, 0); }

JobRing::~JobRing() { ::sem_destroy(&filled_); }

bool JobRing::push(Job& job) {
  {
    const std::scoped_lock lock(mutex_);
    if (count_ == jobs_.size()) return false;
    jobs_[(first_ + count_++) % jobs_.size()] = std::move(job);
  }
  ::sem_post(&filled_);
  return true;
}

std::optional<Job> JobRing::take() {
  ++waiting_;
  while (::sem_wait(&filled_) == -1 && errno == EINTR) {
  }
  const std::scoped_lock lock(mutex_);
  --waiting_;
  if (closed_) {
    ::sem_post(&filled_);  // for the next that waits
    return std::nullopt;
  }
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
  ::sem_post(&filled_);  // each that wakes wakes another
}

}  // namespace xsuperd::spawn
