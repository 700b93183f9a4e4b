// SPDX-License-Identifier: MIT
#pragma once
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "spawn/launch.hpp"

namespace xsuperd::spawn {

/// Outcomes on their way from the spawner threads to the loop, and starts that take too long for a thread. The
/// loop is woken once for all that have gathered, not once for each, and not at all while it is at work. What the handler
/// throws leaves the loop's run(); the box keeps the rest, and is delivered again for it. The loop does not end while there
/// is a box. put() is for any thread, and none may be in it at the box's end; everything else for the loop thread.
class OutcomeBox {
 public:
  explicit OutcomeBox(boost::asio::io_context& loop);
  ~OutcomeBox();
  OutcomeBox(const OutcomeBox&) = delete;
  OutcomeBox& operator=(const OutcomeBox&) = delete;

  void on_launched(std::function<void(Launched)> handler) { handler_ = std::move(handler); }
  /// Throws bad_alloc with `launched` as it was.
  void put(Launched&& launched);
  /// What has not been delivered.
  [[nodiscard]] std::vector<Launched> take_rest();

 private:
  struct Delivery;
  void ask_for_delivery();
  void deliver();
  void deliver_later();

  boost::asio::io_context& loop_;
  const boost::asio::executor_work_guard<boost::asio::io_context::executor_type> keeps_loop_;
  const std::shared_ptr<Delivery> delivery_;
  std::function<void(Launched)> handler_;
  std::mutex mutex_;
  bool asked_ = false;              ///< under mutex_: the loop is to deliver, and has not begun to
  std::vector<Launched> gathered_;  ///< under mutex_
  std::vector<Launched> delivering_;  ///< between two turns of the loop: what the handler has left by throwing
};

}  // namespace xsuperd::spawn
