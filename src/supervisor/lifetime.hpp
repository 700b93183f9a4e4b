// SPDX-License-Identifier: MIT
// When the daemon began, and whether it is about to end. Internal to supervisor.
#pragma once
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstdint>
#include <utility>

#include "xsuperd/base/time.hpp"

namespace xsuperd::supervisor {

/// From the start of the daemon's first image to the exit status. Loop thread only.
class Lifetime {
 public:
  /// The loop outlives it.
  explicit Lifetime(boost::asio::io_context& loop) : loop_(loop) {}

  /// When the first image was started.
  [[nodiscard]] base::WallTime started() const { return started_; }
  /// That moment, as the image before this one knew it.
  void go_on_from(base::WallTime started) { started_ = started; }
  /// How often the running program was replaced since then, and how many lines of logs these images have lost.
  [[nodiscard]] std::uint64_t upgrades() const { return upgrades_; }
  [[nodiscard]] std::uint64_t lost_before() const { return lost_before_; }
  void come_after(std::uint64_t upgrades, std::uint64_t lost) {
    upgrades_ = upgrades + 1;
    lost_before_ = lost;
  }

  /// True once the daemon is to end: nothing new is begun any more.
  [[nodiscard]] bool ending() const { return ending_; }
  /// From now on it ends; false when it was ending already.
  bool begin_to_end() { return !std::exchange(ending_, true); }
  /// Ends the loop; `status` is the exit status.
  void stop(int status) {
    status_ = status;
    ending_ = true;
    loop_.stop();
  }
  [[nodiscard]] int status() const { return status_; }

 private:
  boost::asio::io_context& loop_;
  base::WallTime started_ = std::chrono::system_clock::now();
  std::uint64_t upgrades_ = 0;
  std::uint64_t lost_before_ = 0;
  bool ending_ = false;
  int status_ = 0;
};

}  // namespace xsuperd::supervisor
