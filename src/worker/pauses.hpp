// SPDX-License-Identifier: MIT
#pragma once
#include <algorithm>
#include <chrono>
#include <optional>

#include "xsuperd/base/time.hpp"
#include "xsuperd/worker/client.hpp"

namespace xsuperd::worker {

/// How long to wait until the successor of a worker is started: not at all after one that was ready for a while, and twice
/// as long each time after others. Pure.
class Pauses {
 public:
  /// The options outlive it: healthy_after, first_pause, longest_pause.
  explicit Pauses(const Client::Options& options) : options_(options) {}

  /// A worker is being started.
  void begins() { ready_since_.reset(); }
  void ready(base::Moment now) { ready_since_ = now; }
  /// It has ended; nothing: the next is started at once.
  [[nodiscard]] std::optional<std::chrono::milliseconds> next(base::Moment now) {
    const bool healthy = ready_since_ && now - *ready_since_ >= options_.healthy_after;
    const auto longer = std::min(std::max(last_ * 2, options_.first_pause), options_.longest_pause);
    last_ = healthy ? std::chrono::milliseconds(0) : longer;
    if (healthy) return std::nullopt;
    return last_;
  }

 private:
  const Client::Options& options_;
  std::optional<base::Moment> ready_since_;  // of the present worker or the last one
  std::chrono::milliseconds last_{0};        // 0 when the worker before it was healthy
};

}  // namespace xsuperd::worker
