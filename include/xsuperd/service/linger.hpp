// SPDX-License-Identifier: MIT
#pragma once
#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <list>
#include <memory>
#include <vector>

#include "xsuperd/base/fd.hpp"
#include "xsuperd/base/time.hpp"
#include "xsuperd/service/hand_over.hpp"

namespace boost::asio {
class io_context;
}

namespace xsuperd::service {

class CloseNotifier;
/// One connection whose peer has yet to close it.
class Leaving;

/// A server that ends with bytes of its peer unread makes the kernel answer them with a reset, in which what it has
/// sent itself may be lost on the peer's side (RFC 1122, 4.2.2.13). Here a connection is kept open instead: the peer is
/// told the end of our stream, and what it still sends is thrown away by the kernel (MSG_TRUNC, tcp(7)) until it closes,
/// too. No byte gets into our memory. Lives on the loop thread, never waits.
class Lingering {
 public:
  /// `most`: so many connections at a time, by all services together; the oldest gives way to one more.
  Lingering(boost::asio::io_context& loop, std::size_t most);
  ~Lingering();
  Lingering(const Lingering&) = delete;
  Lingering& operator=(const Lingering&) = delete;

  /// Takes a connection that no process uses any more. It is closed when the peer has closed it, on any error, and at
  /// the latest at `until` (CLOCK_MONOTONIC). Where the kernel watches no more descriptors, at once.
  void take(base::Fd connection, base::Moment until);
  /// The same for one in which the kernel speaks TLS. The peer is told the end of our stream first, as soon as it has taken
  /// what there is. What it still sends stays in the kernel. Without `stays` the connection is closed then.
  void take_covered(base::Fd connection, base::Moment until, bool stays);
  /// As the image before this one has had it.
  void take(base::Fd connection, const InheritedLinger& as);
  /// For an upgrade: all there are. Changes nothing.
  [[nodiscard]] std::vector<InheritedLinger> hand_over() const;
  [[nodiscard]] std::size_t size() const { return connections_.size(); }

 private:
  friend class Leaving;
  using Connections = std::list<std::shared_ptr<Leaving>>;  // the oldest first
  void add(std::shared_ptr<Leaving> one);
  void drop(Leaving& connection);

  boost::asio::io_context& loop_;
  std::size_t most_;
  std::unique_ptr<CloseNotifier> notifier_;  // null as long as nobody needs it
  Connections connections_;
};

/// Does anything live in the process group of that number? Of a server that has ended: has it left a child that may be
/// using the connection? (The number of a group is not given to another process as long as the group has members.)
[[nodiscard]] bool group_lives(pid_t group);

/// For Surroundings. `most` 0: one for each eight descriptors of the hard limit, and no more than a thousand.
[[nodiscard]] std::shared_ptr<Lingering> make_lingering(boost::asio::io_context& loop, std::size_t most = 0);

}  // namespace xsuperd::service
