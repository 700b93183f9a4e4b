// SPDX-License-Identifier: MIT
#pragma once
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "xsuperd/log/output.hpp"

namespace xsuperd::log {

/// Where the rest of the program puts lines. The seam of this layer: the real one is Writer, tests keep the lines in
/// memory.
class Sink {
 public:
  virtual ~Sink() = default;
  /// Takes one line for `to`. Never blocks and never fails; called on the loop thread.
  virtual void write(const std::shared_ptr<Output>& to, Level level, base::WallTime when, std::string_view text) = 0;
};

/// The thread that writes logs.
///
/// Lines travel in order through a bounded queue (counted in bytes). When it is full, lines are dropped, and how many
/// is logged as soon as there is room again: nothing is lost silently. A line whose output says `later` is kept and
/// tried again with pauses that grow from 0.1 to 5 seconds, while other outputs go on; per output at most `keep`
/// bytes wait, beyond that lines are counted and the count is logged when the output works again.
class Writer : public Sink {
 public:
  struct Sizes {
    std::size_t queue_bytes = 4u << 20;
    std::size_t keep_bytes = 1u << 20;
  };
  /// Starts the thread. `daemon_log` gets complaints and counts of lost lines; may be replaced later.
  Writer(std::shared_ptr<Output> daemon_log, Sizes sizes);
  explicit Writer(std::shared_ptr<Output> daemon_log) : Writer(std::move(daemon_log), Sizes{}) {}
  ~Writer() override;  ///< flushes for at most two seconds and ends the thread

  void write(const std::shared_ptr<Output>& to, Level level, base::WallTime when, std::string_view text) override;
  /// The output for complaints from now on (after -filelog was reopened).
  void set_daemon_log(std::shared_ptr<Output> daemon_log);
  /// Waits until all that was written before has reached its output, at most `deadline`; false when time ran out.
  bool flush(std::chrono::milliseconds deadline);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace xsuperd::log
