// SPDX-License-Identifier: MIT
#pragma once
#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>

#include "xsuperd/control/message.hpp"
#include "xsuperd/control/socket_file.hpp"

namespace boost::asio {
class io_context;
}

namespace xsuperd::control {

/// The client: what the kernel says about the process that connected (SO_PEERCRED, unix(7)).
struct Peer {
  uid_t uid = 0;
  pid_t pid = 0;
  bool may_change = false;  ///< root, or the user that the daemon runs as; others may look
};

/// The daemon's side of the control socket. A client can hold up nobody: what it sends, how long it takes for it, what
/// it leaves untaken and how many there are, all is bounded, and the loop never waits. Nor does a client wait for others
/// that do nothing: when all places are taken, one of those who have sent no whole request, or do not take their answer,
/// is sent away for a new one. Lives on the loop thread.
class Server {
 public:
  struct Limits {
    std::size_t clients = 16;  ///< beyond that one who does nothing gives way to a new one, else that is told `busy`
    std::size_t lookers = 12;  ///< of these, those who may only look: they cannot keep root out
    std::chrono::milliseconds blocked{1'000};  ///< how long one may leave a reply untaken and keep its place all the same
    std::chrono::milliseconds request{10'000};  ///< for a whole request, from its first byte or the connection on
    std::chrono::milliseconds idle{60'000};     ///< between a reply and the first byte of the next request
    std::chrono::milliseconds answer{120'000};  ///< until the handler must have answered
    std::chrono::milliseconds taking{10'000};   ///< for one frame of a reply to be taken by the client
    std::size_t frame = 64 * 1024;              ///< how much of a list is sent before the client has taken it
  };
  struct Options {
    Limits limits = {};
    uid_t owner = 0;              ///< may change things, as root may
    std::optional<gid_t> group{};  ///< whose members may look
  };
  /// Answers once, at once or later, on the loop thread; an answer that nobody waits for any more is dropped.
  using Respond = std::function<void(Reply)>;
  using Handler = std::function<void(const Request&, const Peer&, Respond)>;

  /// `loop` outlives it.
  Server(boost::asio::io_context& loop, SocketFile socket, Options options, Handler handler);
  /// Closes the socket and all connections.
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  [[nodiscard]] std::size_t clients() const;
  /// The listening socket, which another image of the daemon can go on with.
  [[nodiscard]] int listening_fd() const;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace xsuperd::control
