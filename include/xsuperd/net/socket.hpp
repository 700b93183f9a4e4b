// SPDX-License-Identifier: MIT
#pragma once
#include <cstdint>
#include <optional>

#include "xsuperd/base/address.hpp"
#include "xsuperd/base/error.hpp"
#include "xsuperd/base/fd.hpp"
#include "xsuperd/config/model.hpp"

/// Sockets by plain system calls, all close-on-exec. Nothing here waits, so all of it may be called on the loop.
namespace xsuperd::net {

/// A socket that is ready to serve.
struct Opened {
  base::Fd fd;
  bool ipv4_fallback = false;  ///< no IPv6 on this system: it is an IPv4 socket (fact B3.48)
};

/// Creates, sets up and binds, as facts B4.1, B3.46 to B3.48 say. Connections are refused until listen_on(). The error's
/// sentence is xinetd's, less the service: "bind failed (Address already in use (errno = 98))", its code the errno.
[[nodiscard]] base::Result<Opened> bind_socket(const config::ListenSpec& spec);
/// For streams listens, with the backlog of the specification; may be called again for another backlog. Another socket
/// may have begun to listen at the same place since this one was bound.
[[nodiscard]] base::Result<void> listen_on(int fd, const config::ListenSpec& spec);
/// Both.
[[nodiscard]] base::Result<Opened> open_socket(const config::ListenSpec& spec);

/// A second socket at the place of `first`, which was opened for the same specification, for net::steer to choose between
/// them. `first` is bound by itself and begins to share only now: so a group is made of exactly these two, in this order,
/// whoever else may be bound there.
[[nodiscard]] base::Result<Opened> open_beside(int first, config::ListenSpec spec);

/// NODELAY and KEEPALIVE follow the flags of a changed configuration; accepted sockets inherit them.
void apply_options(int fd, const config::ListenSpec& spec);

/// Has a socket take nobody in any more, in whatever process it is open: streams refuse, datagrams go past it, and
/// another one can be bound in its place. What has been sent still arrives.
void hang_up(int fd);

/// The local end of a socket.
[[nodiscard]] base::Endpoint local_endpoint(int fd);

/// The datagram at the head of the queue. `arrival` tells two datagrams apart even when a peer repeats itself.
struct Head {
  base::Endpoint peer;
  std::int64_t arrival = 0;  ///< nanoseconds, the kernel's stamp
};
/// Looks without taking (MSG_PEEK). Nothing when the queue is empty.
[[nodiscard]] std::optional<Head> peek_datagram(int fd);
/// Takes one datagram off the queue.
void drop_datagram(int fd);
/// Takes one connection off the queue and closes it.
void drop_connection(int fd);

/// Writes what fits without waiting; the number of bytes written, or -1 with errno for an error that is final.
[[nodiscard]] std::ptrdiff_t send_now(int fd, std::string_view bytes);

}  // namespace xsuperd::net
