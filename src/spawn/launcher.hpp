// SPDX-License-Identifier: MIT
#pragma once
#include <chrono>
#include <memory>

#include "spawn/launch.hpp"

namespace xsuperd::spawn {

/// The best manner that the kernel, the reserved descriptors and the options allow. `self`: pidfd of this process.
[[nodiscard]] Manner choose_manner(const CloneOptions& options, int self = -1);

/// Starts one program at a time. Each thread that starts programs has its own, with a Launch that is used again, until one
/// is given away because it takes too long.
class Launcher {
 public:
  /// `null` is an open /dev/null, which outlives the launcher.
  Launcher(Manner manner, int null);

  /// Returns when the program runs or has failed, or with the start when that takes longer than `patience`. `slot` is a
  /// descriptor that nobody else uses meanwhile. `inherits`: see Launch.
  [[nodiscard]] Launched launch(Job job, std::chrono::nanoseconds patience, int slot, bool inherits = false);

 private:
  // Both: true when the child is through.
  [[nodiscard]] bool start_plainly(std::chrono::nanoseconds patience);
  [[nodiscard]] bool start_by_slot(std::chrono::nanoseconds patience, int slot);

  /// The slot for descriptor 2, with what the job has for it; -1 if that is the connection. errno in `error`.
  [[nodiscard]] int fill_error_slot(int slot, int& error) const;

  Manner manner_;
  int null_;
  std::unique_ptr<Launch> launch_;  ///< null: the last one was given away
};

}  // namespace xsuperd::spawn
