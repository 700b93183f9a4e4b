// SPDX-License-Identifier: MIT
// The daemon's end of the control socket. Internal to supervisor.
#pragma once
#include <sys/types.h>

#include <boost/asio/io_context.hpp>
#include <memory>
#include <optional>
#include <string>

#include "xsuperd/base/fd.hpp"
#include "xsuperd/control/server.hpp"
#include "xsuperd/log/daemon_log.hpp"

namespace xsuperd::supervisor {

/// Where requests come in. Loop thread only; what it refers to outlives it.
class ControlDoor {
 public:
  ControlDoor(boost::asio::io_context& loop, const log::DaemonLog& log) : loop_(loop), log_(log) {}

  /// From now on clients are accepted and their requests given to `handler`. `inherited`: the socket of the image before
  /// this one, if there was one. Without the socket the daemon serves all the same: the log says why. Nothing happens when
  /// `path` is empty.
  void open(const std::string& path, std::optional<gid_t> group, base::Fd inherited, control::Server::Handler handler);
  /// Clients that wait for an answer hear nothing more.
  void close() { server_.reset(); }

  /// The socket's number, or -1.
  [[nodiscard]] int listening_fd() const { return server_ ? server_->listening_fd() : -1; }
  /// How many clients there are.
  [[nodiscard]] std::size_t clients() const { return server_ ? server_->clients() : 0; }

 private:
  boost::asio::io_context& loop_;
  const log::DaemonLog& log_;
  std::unique_ptr<control::Server> server_;
};

}  // namespace xsuperd::supervisor
