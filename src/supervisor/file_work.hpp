// SPDX-License-Identifier: MIT
// Work with files, which the loop does not wait for. Internal to supervisor.
#pragma once
#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>
#include <utility>

#include "xsuperd/loop/off_loop.hpp"

namespace xsuperd::supervisor {

/// Two threads for what takes little time but may block: opening, reading and writing files. Never for the network.
/// Loop thread only.
class FileWork {
 public:
  /// The loop outlives it.
  explicit FileWork(boost::asio::io_context& loop) : loop_(loop) {}

  /// Does `work` on one of the threads, and then calls `then` on the loop with what came of it: see loop::off_loop().
  template <typename Work, typename Then>
  void off_loop(Work work, Then then) {
    loop::off_loop(pool_, loop_, std::move(work), std::move(then));
  }
  /// Where `then` is called.
  [[nodiscard]] boost::asio::io_context& loop() const { return loop_; }
  [[nodiscard]] boost::asio::thread_pool& pool() { return pool_; }
  /// Waits until all has been done that was asked for.
  void join() { pool_.join(); }

 private:
  boost::asio::io_context& loop_;
  boost::asio::thread_pool pool_{2};
};

}  // namespace xsuperd::supervisor
