// SPDX-License-Identifier: MIT
#pragma once
#include <atomic>
#include <chrono>
#include <cstddef>
#include <map>
#include <mutex>
#include <string>

namespace xsuperd::spawn {

/// The programs whose exec took longer than somebody would wait for: the next start of the same shall not cost
/// the same time again. Any thread; costs nothing while there are none.
class SlowPrograms {
 public:
  using Clock = std::chrono::steady_clock;
  /// How long a program is remembered after the last slow start of it was through.
  static constexpr std::chrono::seconds memory{10};

  /// A start has taken as long as one may. One that was given less time because of what is remembered here does
  /// not count for that alone, or the mark would keep itself alive.
  void add(const std::string& program);
  /// One of those is through.
  void remove(const std::string& program, Clock::time_point now);

  /// There may be some.
  [[nodiscard]] bool any() const { return any_.load(std::memory_order_relaxed); }
  /// Such starts of this program are under way.
  [[nodiscard]] bool hangs(const std::string& program);
  /// That, or it was so a short time ago.
  [[nodiscard]] bool remembers(const std::string& program, Clock::time_point now);

 private:
  struct Entry {
    std::size_t under_way = 0;
    Clock::time_point until;  ///< when none is under way
  };
  std::atomic<bool> any_ = false;
  std::mutex mutex_;
  std::map<std::string, Entry> programs_;  ///< under mutex_
};

}  // namespace xsuperd::spawn
