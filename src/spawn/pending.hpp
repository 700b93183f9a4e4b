// SPDX-License-Identifier: MIT
#pragma once
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "spawn/launch.hpp"
#include "spawn/slow_programs.hpp"

namespace xsuperd::spawn {

/// The starts that nobody waits for any more: the exec of their programs takes long. Looks at them from time to
/// time, and never wakes up when there are none. Counts those as slow that a look finds not yet through. What the
/// handler throws leaves the loop's run(), and the others' outcomes come with the next look. Lives on the loop
/// thread.
///
/// Its end kills the children that are not through, but for those given away. One that cannot be killed, because the
/// file system it reads from does not answer, keeps its memory forever.
class PendingLaunches {
 public:
  PendingLaunches(boost::asio::io_context& loop, SlowPrograms& slow);
  ~PendingLaunches();
  PendingLaunches(const PendingLaunches&) = delete;
  PendingLaunches& operator=(const PendingLaunches&) = delete;

  /// Gets the outcome of each that was added with `owed`.
  void on_outcome(std::function<void(Outcome)> handler) { handler_ = std::move(handler); }
  /// Not owed: its child was given away, and the start is kept for its memory alone.
  void add(std::unique_ptr<Launch> launch, bool owed);
  /// Answers all that are owed as Started.
  void presume();
  [[nodiscard]] std::size_t size() const { return pending_.size() + through_.size(); }

 private:
  struct Pending {
    std::unique_ptr<Launch> launch;
    bool owed;
  };
  void look_later();
  void look();
  void take_through();
  void count_slow();
  void deliver(Pending one);
  /// The outcome of one that is through; nothing when it is not owed.
  [[nodiscard]] static std::optional<Outcome> end_of(Pending& one);

  boost::asio::steady_timer timer_;
  SlowPrograms& slow_;
  std::function<void(Outcome)> handler_;
  std::vector<Pending> pending_;
  std::deque<Pending> through_;  ///< between two turns of the loop: what the handler has left by throwing
  std::chrono::milliseconds pause_{0};
  bool look_is_due_ = false;  ///< the timer runs
  std::shared_ptr<const bool> alive_ = std::make_shared<const bool>(true);  ///< seen by a wait that outlives this
};

}  // namespace xsuperd::spawn
