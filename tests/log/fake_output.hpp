// SPDX-License-Identifier: MIT
#pragma once
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include "xsuperd/log/output.hpp"

namespace xsuperd::log::test {

/// An output in memory that fails as often as it is told to. May be looked at from other threads.
class FakeOutput : public Output {
 public:
  explicit FakeOutput(int failures = 0) : failures_(failures) {}

  Outcome write(const Line& line) override {
    std::unique_lock lock(mutex_);
    ++attempts_;
    changed_.notify_all();
    changed_.wait(lock, [this] { return !held_; });
    if (on_write) on_write();
    if (failures_ > 0) {
      --failures_;
      return Outcome::later;
    }
    texts_.push_back(text_of(line.event));
    return Outcome::written;
  }
  std::optional<Remark> take_complaint() override {
    const std::lock_guard lock(mutex_);
    if (remarks_.empty()) return std::nullopt;
    Remark remark = remarks_.front();
    remarks_.pop_front();
    return remark;
  }

  /// Said after the next write.
  void remark(Level level, std::string text) {
    const std::lock_guard lock(mutex_);
    remarks_.push_back({level, std::move(text)});
  }
  void fail(int times) {
    const std::lock_guard lock(mutex_);
    failures_ = times;
  }
  /// From now on write() blocks, until release().
  void hold() {
    const std::lock_guard lock(mutex_);
    held_ = true;
  }
  void release() {
    const std::lock_guard lock(mutex_);
    held_ = false;
    changed_.notify_all();
  }
  void wait_for_attempts(int count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return attempts_ >= count; });
  }
  std::vector<std::string> texts() {
    const std::lock_guard lock(mutex_);
    return texts_;
  }
  int attempts() {
    const std::lock_guard lock(mutex_);
    return attempts_;
  }

  std::function<void()> on_write;

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> texts_;
  std::deque<Remark> remarks_;
  int failures_;
  int attempts_ = 0;
  bool held_ = false;
};

}  // namespace xsuperd::log::test
