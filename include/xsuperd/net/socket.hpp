// SPDX-License-Identifier: MIT
#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "xsuperd/base/address.hpp"
#include "xsuperd/base/error.hpp"
#include "xsuperd/base/fd.hpp"
#include "xsuperd/config/model.hpp"
#include "xsuperd/net/socket_path.hpp"

/// Sockets by plain system calls, all close-on-exec. Nothing here waits, so all of it may be called on the loop.
namespace xsuperd::net {

/// A socket that is ready to serve.
struct Opened {
  base::Fd fd;
  bool ipv4_fallback = false;  ///< no IPv6 on this system: it is an IPv4 socket (fact B3.48)
  bool without_mptcp = false;  ///< no multipath TCP on this system: it is a TCP socket
  SocketPath path = {};        ///< the file of a UNIX socket
};

/// What is done to a socket before it is bound: from then on it may have peers.
using BeforeBinding = std::function<void(int fd)>;

/// Creates, sets up and binds, as facts B4.1, B3.46 to B3.48 say. Connections are refused until listen_on(). The error's
/// sentence is xinetd's, less the service: "bind failed (Address already in use (errno = 98))", its code the errno. A datagram
/// socket shares its place with those that were left there to servers (leave_open_to_others()) and with nobody that comes later
/// (decision B15.26).
[[nodiscard]] base::Result<Opened> bind_socket(const config::ListenSpec& spec, const BeforeBinding& before = {});
/// For streams listens, with the backlog of the specification; may be called again for another backlog. Another socket
/// may have begun to listen at the same place since this one was bound.
[[nodiscard]] base::Result<void> listen_on(int fd, const config::ListenSpec& spec);
/// Both.
[[nodiscard]] base::Result<Opened> open_socket(const config::ListenSpec& spec, const BeforeBinding& before = {});

/// A second socket at the place of `first`, which was opened for the same specification, for net::steer to choose between
/// them. `first` is bound by itself and begins to share only now: so a group is made of exactly these two, in this order,
/// whoever else may be bound there. Nobody reaches it before unguard() is called for it.
[[nodiscard]] base::Result<Opened> open_beside(int first, config::ListenSpec spec);

/// NODELAY and KEEPALIVE follow the flags of a changed configuration; accepted sockets inherit them. A socket that another
/// service's is to be bound beside shares its port from now on.
void apply_options(int fd, const config::ListenSpec& spec);

/// Makes a socket take nobody in any more, in whatever process it is open: streams refuse, datagrams bypass it, and
/// another one can be bound in its place. What has been sent still arrives. Processes without CAP_NET_RAW that have it
/// cannot undo this on Linux 5.1 or later.
void hang_up(int fd);
/// A datagram socket that the daemon leaves to a server: another one can be bound beside it from now on, and gets what
/// arrives. And the opposite, which bind_socket() has done.
void leave_open_to_others(int fd);
void keep_from_others(int fd);
/// A server like nmbd binds further sockets to its port, at single addresses. From now on it can (SO_REUSEPORT), as
/// long as it runs as the daemon's user: the kernel lets no other user share the port (socket(7)). A socket that comes
/// back no longer has the option.
void let_server_bind_beside(int fd);

/// The local end of an IP socket; of another one an unknown address.
[[nodiscard]] base::Endpoint local_endpoint(int fd);
/// The path, or '@' and the abstract name, to which a UNIX socket is bound; empty for none, and for other sockets.
[[nodiscard]] std::string bound_name(int fd);
/// The options that `after` no longer has become those of a fresh socket; apply_options() sets those that it has.
void reset_options(int fd, const config::ListenSpec& before, const config::ListenSpec& after);
/// Who is at the other end of a UNIX socket, as the kernel noted it when that end connected (SO_PEERCRED); where it did not,
/// a user that nobody is, 4294967295.
[[nodiscard]] base::Address peer_credentials(int fd);
/// All groups of that peer, in no order; empty where they are not known.
[[nodiscard]] std::vector<gid_t> peer_groups(int fd);

/// The datagram at the head of the queue. `arrival` tells two datagrams apart even when a peer repeats itself.
struct Head {
  base::Endpoint peer;
  std::int64_t arrival = 0;  ///< nanoseconds, the kernel's stamp
};
/// Looks without taking (MSG_PEEK). Nothing when the queue is empty.
[[nodiscard]] std::optional<Head> peek_datagram(int fd);
/// Takes one datagram off the queue.
void drop_datagram(int fd);
/// Has the kernel throw away the next `size` bytes of a TCP connection, which have arrived: none of them reaches us. False when
/// they have not.
[[nodiscard]] bool drop_bytes(int fd, std::size_t size);
/// Takes one connection off the queue and closes it. Waits for one if somebody else has the socket and makes it blocking.
void drop_connection(int fd);

/// Writes what fits without waiting; the number of bytes written, or -1 with errno for an error that is final.
[[nodiscard]] std::ptrdiff_t send_now(int fd, std::string_view bytes);

}  // namespace xsuperd::net
