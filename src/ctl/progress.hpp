// SPDX-License-Identifier: MIT
// What whoever waits at a terminal is told. Internal to ctl.
#pragma once
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <string>
#include <thread>

namespace xsuperd::ctl {

/// A line about what takes longer than a second, as "checking /etc/xinetd.conf: 4213 files, 3s": it is there from one
/// second after birth, follows the clock, and is gone at the end, before which nothing else is to be printed. Where `err`
/// is no terminal there is none. By a thread of its own, so that it does not matter what is waited for.
class Progress {
 public:
  /// `what` goes on; `things` is what count() counts, in the singular, or empty.
  Progress(std::FILE* err, std::string what, std::string things = {});
  ~Progress() { end(); }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// One more of the things. Any thread.
  void count() { count_.fetch_add(1, std::memory_order_relaxed); }
  /// Takes the line away; no further one comes.
  void end();

 private:
  void tell(const std::stop_token& stop);
  [[nodiscard]] std::string text(std::chrono::seconds passed) const;

  std::FILE* err_;
  std::string what_, things_;
  std::atomic<std::uint64_t> count_{0};
  std::jthread thread_;
};

}  // namespace xsuperd::ctl
