// SPDX-License-Identifier: MIT
#pragma once
#include <boost/container/static_vector.hpp>
#include <functional>
#include <memory>

#include "xsuperd/base/address.hpp"
#include "xsuperd/base/descriptor_reserve.hpp"
#include "xsuperd/base/fd.hpp"

namespace boost::asio {
class io_context;
}

namespace xsuperd::net {

/// A connection that was accepted: a bare descriptor, never registered with the loop unless somebody there needs it.
struct Connection {
  base::Fd fd;
  base::Endpoint peer;
};

/// A service's own socket on the loop: tells when it is readable, and accepts. One class for stream and datagram
/// sockets. Lives on the loop thread; its callback is never called after pause(), close() or its end.
class Listener {
 public:
  /// `ready` is called for each time the socket becomes readable while resumed; call again() to hear of it again.
  Listener(boost::asio::io_context& loop, base::Fd fd, std::function<void()> ready);
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  /// Begins to wait for readability, if it does not wait; where the kernel has no room for that, tries each second.
  void resume();
  /// Stops waiting and takes the socket off the loop's poll set, so that a server that owns it for now does not wake
  /// us with each of its datagrams.
  void pause();
  /// Waits for the next time; to be called from `ready`.
  void again() { resume(); }

  static constexpr std::size_t batch_size = 16;
  using Batch = boost::container::static_vector<Connection, batch_size>;
  /// Accepts what is waiting, at most a batch. `error` is set to the errno that ended it, 0 when the queue is empty or
  /// the batch full. Connections that were gone before they were accepted are skipped. An IPv4 connection on a
  /// dual-stack socket becomes an AF_INET socket (fact B4.21) unless `keep_family`. Where only the reserve is left, if
  /// one is given, the others stay in the queue, and the error is EMFILE.
  [[nodiscard]] Batch accept_batch(bool keep_family, int& error, base::DescriptorReserve* reserve = nullptr);

  /// The socket's number. Valid as long as the Listener.
  [[nodiscard]] int fd() const;
  /// Another descriptor for the same open socket, for a server that is to own it for a while; close-on-exec. Empty when
  /// no descriptor is available.
  [[nodiscard]] base::Fd duplicate() const;
  /// Gives the socket away; the Listener cannot be used afterwards.
  [[nodiscard]] base::Fd release();

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace xsuperd::net
