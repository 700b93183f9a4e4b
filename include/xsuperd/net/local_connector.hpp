// SPDX-License-Identifier: MIT
#pragma once
#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "xsuperd/base/fd.hpp"

namespace boost::asio {
class io_context;
}

/// The way to UNIX sockets, for the targets of `redirect`: those who hold the conversations have no file system.
namespace xsuperd::net {

/// Whose permissions count.
struct ConnectAs {
  uid_t user = 0;
  gid_t group = 0;
  std::vector<gid_t> groups;  ///< supplementary groups; empty: none
};

struct LocalTarget {
  std::string name;             ///< a path, or '@' and an abstract name
  std::optional<ConnectAs> as;  ///< none: the daemon itself. A daemon that is not root can only be that
};

/// What came of it.
struct LocalConnection {
  base::Fd fd;            ///< a stream socket, non-blocking; none: see `error`
  int error = 0;          ///< errno; EAGAIN: the backlog is full, which may change
  bool unfit = false;     ///< the thread could not become itself again (SlowWork::Unfit)
};

/// Tries once. Blocks as long as the path takes; thread safe. While it runs, the calling thread, and no other, has the
/// effective ids of `as`. Throws bad_alloc.
[[nodiscard]] LocalConnection connect_locally(const LocalTarget& target);

/// Connects to UNIX sockets off the loop, with a deadline. Lives on the loop thread. The work is SlowWork: what hangs in a
/// file system at the end is abandoned. Who finds a full backlog leaves the thread, and tries again a little later.
class LocalConnector {
 public:
  struct Options {
    std::size_t threads = 2;
    std::size_t queue = 1024;                    ///< tries that may wait for a thread
    std::chrono::milliseconds deadline{10'000};  ///< for each connection, as for a relay's targets over TCP
    std::chrono::milliseconds first_pause{10};   ///< after which a full backlog is tried again; doubled each time ...
    std::chrono::milliseconds longest_pause{250};  ///< ... up to this
    std::function<LocalConnection(const LocalTarget&)> connect = connect_locally;
  };
  /// The connection, or none and errno: ETIMEDOUT when there was none in time, EAGAIN when too many wait.
  using Done = std::function<void(base::Fd, int error)>;
  /// Names an attempt; 0: none.
  using Id = std::uint64_t;

  /// The loop must outlive the object.
  LocalConnector(boost::asio::io_context& loop, Options options);
  /// Attempts that are still open are never answered. Does not block.
  ~LocalConnector();
  LocalConnector(const LocalConnector&) = delete;
  LocalConnector& operator=(const LocalConnector&) = delete;

  /// `done` is called once, on the loop thread and never from inside this call. It may connect again, and may end the
  /// connector.
  Id connect(LocalTarget target, Done done);
  /// `done` is not called any more. Without effect when it has been.
  void cancel(Id id);

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace xsuperd::net
