// SPDX-License-Identifier: MIT
// Work with files, which the loop does not wait for. Internal to supervisor.
#pragma once
#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>
#include <thread>
#include <utility>

#include "xsuperd/loop/off_loop.hpp"

namespace xsuperd::supervisor {

/// Two threads for what takes little time but may block: opening, reading and writing files. Never for the network.
/// Loop thread only.
class FileWork {
 public:
  /// The loop outlives it.
  explicit FileWork(boost::asio::io_context& loop) : loop_(loop), second_([this] { pool_.attach(); }) {}
  ~FileWork() {
    pool_.stop();
    join();
  }
  FileWork(const FileWork&) = delete;
  FileWork& operator=(const FileWork&) = delete;

  /// Does `work` on one of the threads, and then calls `then` on the loop with what came of it: see loop::off_loop().
  template <typename Work, typename Then>
  void off_loop(Work work, Then then) {
    loop::off_loop(pool_, loop_, std::move(work), std::move(then));
  }
  /// Where `then` is called.
  [[nodiscard]] boost::asio::io_context& loop() const { return loop_; }
  [[nodiscard]] boost::asio::thread_pool& pool() { return pool_; }
  /// Waits until all has been done that was asked for.
  void join() {
    pool_.join();
    if (second_.joinable()) second_.join();
  }

 private:
  boost::asio::io_context& loop_;
  boost::asio::thread_pool pool_{1};
  std::thread second_;  ///< Asio's pool of two would wait for the first for ever where there is no second to be had
};

}  // namespace xsuperd::supervisor
