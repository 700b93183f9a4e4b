// SPDX-License-Identifier: MIT
#pragma once
#include <cstddef>
#include <functional>
#include <memory>

#include "xsuperd/base/fd.hpp"
#include "xsuperd/worker/protocol.hpp"

namespace boost::asio {
class io_context;
}

namespace xsuperd::worker {

/// One end of the socket between daemon and worker, on the loop. What does not fit into the socket is kept,
/// in order, until it does. Its callbacks may destroy it; it calls nothing afterwards.
class Channel {
 public:
  struct Handlers {
    std::function<void(Packet)> on_packet;
    /// The other end is gone, or sent something that is not a packet of ours. Called once, after all packets before
    /// that.
    std::function<void()> on_end;
    /// Nothing is left to send: called whenever the last kept packet went out.
    std::function<void()> on_sent = {};
  };
  enum class Sending : unsigned char {
    at_once,
    gathered,  ///< at the end of a turn of the loop, what it had to say in as few system calls as possible
  };
  /// Never throws for what the system refuses: see error().
  Channel(boost::asio::io_context& loop, base::Fd socket, Handlers handlers, Sending sending = Sending::at_once);
  ~Channel();  // NOLINT(bugprone-exception-escape): handlers do not throw, a timer that is cancelled does not fail
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;

  /// Why the socket cannot be watched (errno; ENOSPC, for instance, when no more may be: epoll_ctl(2)), or 0. A Channel
  /// with an error does nothing, and calls nothing; take_socket() has the socket for another try.
  [[nodiscard]] int error() const;
  [[nodiscard]] base::Fd take_socket();

  /// Sends now, or at the end of this turn, or, if need be, later; what is kept when the Channel is destroyed
  /// goes out as far as there is room. Does nothing when the other end is gone.
  void send(Packet packet);
  /// Sends now what can be sent without waiting.
  void flush();
  /// The number of the socket; valid as long as the Channel.
  [[nodiscard]] int socket() const;
  /// Packets that are being kept.
  [[nodiscard]] std::size_t kept() const;
  /// Takes what is there already, without waiting for the loop: the last words of a process that has ended.
  void take_rest();
  /// Takes what is there already, as far as one turn of the loop would.
  void take_present();

  /// Sends without waiting; 0 or errno. For those without a loop.
  [[nodiscard]] static int send_now(int socket, const Packet& packet);

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

/// Two connected ends, close-on-exec, with room for the largest messages. Both empty, with errno, when there is none
/// available.
struct SocketPair {
  base::Fd daemon;
  base::Fd worker;
};
[[nodiscard]] SocketPair make_socket_pair();

}  // namespace xsuperd::worker
