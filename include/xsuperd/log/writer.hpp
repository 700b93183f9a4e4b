// SPDX-License-Identifier: MIT
#pragma once
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <thread>

#include "xsuperd/log/output.hpp"

namespace xsuperd::log {

/// Where the rest of the program puts events. The seam of this layer: the real one is Writer, tests keep their
/// lines in memory.
class Sink {
 public:
  virtual ~Sink() = default;
  /// Takes one event for `to`, whose texts are copied. Never blocks; std::bad_alloc when there is no room for it.
  /// Called on the loop thread.
  virtual void write(const std::shared_ptr<Output>& to, Level level, base::WallTime when, const Event& event) = 0;
};

/// The thread that writes logs. To be made after the daemon left the foreground: threads do not survive
/// fork(2).
///
/// Lines travel in order through a bounded queue (counted in bytes). When it is full, lines are dropped, and how many
/// is said in the daemon log as soon as there is room again: nothing is lost silently. A line whose output says `later`
/// is kept and tried again with pauses that grow from 0.1 to 5 seconds, while other outputs go on; per output at most
/// `keep_bytes` wait, beyond that lines are counted, and the count is written to that output when it works again.
class Writer : public Sink {
 public:
  struct Sizes {
    std::size_t queue_bytes = 4u << 20;
    std::size_t keep_bytes = 1u << 20;
  };
  /// Starts the thread. `daemon_log` gets complaints and counts of lost lines; may be replaced later, may be
  /// none.
  Writer(std::shared_ptr<Output> daemon_log, Sizes sizes);
  explicit Writer(std::shared_ptr<Output> daemon_log) : Writer(std::move(daemon_log), Sizes{}) {}
  /// Writes what is queued, offers what is kept a last time, and ends the thread; gives up after two seconds.
  ~Writer() override;

  void write(const std::shared_ptr<Output>& to, Level level, base::WallTime when, const Event& event) override;
  /// The output for complaints from now on (after -filelog was reopened).
  void set_daemon_log(std::shared_ptr<Output> daemon_log);
  /// Waits until all that was written before has reached its output, at most `deadline`; false when time ran
  /// out. Kept lines are offered again at once, whatever the pause they are in.
  bool flush(std::chrono::milliseconds deadline);
  /// How many lines were not written, and will not be, for want of room or because an output could not write. Any thread.
  [[nodiscard]] std::uint64_t lost() const;

 private:
  struct State;
  /// Shared with the thread, which outlives us when it hangs in a write(2) that nobody can end.
  std::shared_ptr<State> state_;
  std::thread thread_;
};

}  // namespace xsuperd::log
