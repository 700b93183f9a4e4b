// SPDX-License-Identifier: MIT
#pragma once
#include <chrono>
#include <memory>

#include "spawn/launch.hpp"

namespace xsuperd::spawn {

/// The best manner that the kernel, the reserved descriptors and the options allow.
[[nodiscard]] Manner choose_manner(const CloneOptions& options);

/// Starts one program at a time. Each thread that starts programs has its own, with a Launch that is used again, until one
/// is given away because it takes too long.
class Launcher {
 public:
  /// `null` is an open /dev/null, which outlives the launcher.
  Launcher(Manner manner, int null);

  /// Returns when the program runs or has failed, or with the start when that takes longer than `patience`. `slot` is a
  /// descriptor that nobody else uses meanwhile. `inherits`: see Launch.
  [[nodiscard]] Launched launch(Job&& job, std::chrono::nanoseconds patience, int slot, bool inherits = false);

 private:
  // Both: true when the child is through.
  [[nodiscard]] bool start_plainly(std::chrono::nanoseconds patience);
  [[nodiscard]] bool start_by_slot(std::chrono::nanoseconds patience, int slot);

  Manner manner_;
  int null_;
  std::unique_ptr<Launch> launch_;  ///< null: the last one was given away
};

}  // namespace xsuperd::spawn
