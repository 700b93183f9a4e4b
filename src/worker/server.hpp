// SPDX-License-Identifier: MIT
#pragma once
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>

#include "xsuperd/base/fd.hpp"
#include "xsuperd/worker/process.hpp"

namespace boost::asio {
class io_context;
}

namespace xsuperd::worker {

/// What a worker does on its loop: takes conversations from the daemon, has them held, reports their ends. No end is
/// ever left out: what the socket has no room for waits.
class Server {
 public:
  /// `on_finished` is called when nothing is left to do: the daemon is gone or wants no more, and the last
  /// conversation has ended. It may be called more than once, but never from inside the constructor. Without
  /// a word the daemon is taken to have died: then conversations that still go on after `orphan_limit` are
  /// cut off.
  Server(boost::asio::io_context& loop, base::Fd socket, Starter starter,
         std::chrono::milliseconds orphan_limit, std::function<void()> on_finished);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// Conversations that go on.
  [[nodiscard]] std::size_t running() const;
  /// Messages that wait for room in the socket.
  [[nodiscard]] std::size_t kept() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace xsuperd::worker
