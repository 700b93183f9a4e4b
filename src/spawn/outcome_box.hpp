// SPDX-License-Identifier: MIT
#pragma once
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "spawn/launch.hpp"
#include "xsuperd/loop/watch.hpp"

namespace xsuperd::spawn {

/// Outcomes on their way from the spawner threads to the loop, and starts that take too long for a thread. The
/// loop is woken once for all that have gathered, not once for each. What the handler throws leaves the loop's
/// run(); the box keeps the rest, and wakes the loop again for it. put() is for any thread, everything else for
/// the loop thread.
class OutcomeBox {
 public:
  explicit OutcomeBox(boost::asio::io_context& loop);

  void on_launched(std::function<void(Launched)> handler) { handler_ = std::move(handler); }
  /// Throws bad_alloc with `launched` as it was.
  void put(Launched&& launched);
  /// What has not been delivered.
  [[nodiscard]] std::vector<Launched> take_rest();

 private:
  void ring() const;
  void gather();
  void deliver();

  const base::Fd bell_;  ///< an eventfd, rung when the first outcome comes to lie in the box
  loop::Watch watch_;
  std::function<void(Launched)> handler_;
  std::mutex mutex_;
  std::vector<Launched> gathered_;  ///< under mutex_
  std::vector<Launched> delivering_;  ///< between two turns of the loop: what the handler has left by throwing
};

}  // namespace xsuperd::spawn
