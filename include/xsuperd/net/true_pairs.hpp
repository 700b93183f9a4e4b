// SPDX-License-Identifier: MIT
#pragma once
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>

#include "xsuperd/base/address.hpp"
#include "xsuperd/base/error.hpp"
#include "xsuperd/base/fd.hpp"

namespace boost::asio {
class io_context;
}

/// Address-true pairs: what a server gets in place of a connection that somebody else has to read first, or that came through
/// a proxy. To the server it is the client's connection: getpeername(2) and getsockname(2) say so, half a connection can be
/// closed, and a reset is a reset. Whoever has the other end, a worker, passes the bytes on.
namespace xsuperd::net {

/// Two ends of one stream. Both close-on-exec.
struct TruePair {
  base::Fd handler;  ///< for the server: blocking; its peer is the client, its own address is the one that the client called
  base::Fd carrier;  ///< for who carries the bytes: non-blocking
  /// TCP, with those addresses. Else it is a pair of UNIX sockets, which tell none.
  bool addresses_true = false;
};

/// A pair of UNIX sockets, at once.
[[nodiscard]] base::Result<TruePair> plain_pair();

/// Makes such pairs off the loop, on a thread of its own. That thread lives in a network namespace in which all addresses are
/// this machine's (`lo` alone, no way out): there it binds to the client's address, connects to the one that the client
/// called, and accepts. Servers get a socket of that namespace, and no way into it. Lives on the loop thread.
///
/// The thread is started by the first pair. Without CAP_SYS_ADMIN and CAP_NET_ADMIN, or where the kernel refuses the
/// namespace, pairs are UNIX sockets: see usable().
class TruePairs {
 public:
  struct Options {
    std::size_t queue = 4096;  ///< pairs that may wait to be made
  };
  /// The pair, or why there is none.
  using Done = std::function<void(base::Result<TruePair>)>;
  /// Names a wish; 0: none.
  using Id = std::uint64_t;

  /// The loop must outlive the object, not its thread.
  TruePairs(boost::asio::io_context& loop, Options options);
  explicit TruePairs(boost::asio::io_context& loop) : TruePairs(loop, Options{}) {}
  /// Does not block. Wishes that are still open are never answered.
  ~TruePairs();
  TruePairs(const TruePairs&) = delete;
  TruePairs& operator=(const TruePairs&) = delete;

  /// `done` is called once, on the loop thread and never from inside this call. It may make() again, and may end this object.
  ///
  /// Both addresses are IP addresses of one family, an IPv4-mapped one counting as IPv4, and not multicast; else there is
  /// an Error. A client's
  /// port of 0, and one that another live pair of the same two addresses and ports has, is replaced by some other port.
  Id make(const base::Endpoint& client, const base::Endpoint& local, Done done);
  /// `done` is not called any more; a pair that is made meanwhile is closed. Without effect when it has been called.
  void cancel(Id id);

  /// Whether pairs will have true addresses: tries a namespace once, on a thread that ends with it, and remembers the
  /// answer. Blocks for a millisecond or two; thread safe. The Error says why they will be UNIX sockets.
  [[nodiscard]] static const base::Result<void>& usable();

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace xsuperd::net
