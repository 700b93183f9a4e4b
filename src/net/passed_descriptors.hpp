// SPDX-License-Identifier: MIT
// Descriptors that a peer has sent along with a datagram over a UNIX socket. Internal to net.
#pragma once
#include <sys/socket.h>
#include <unistd.h>

#include <cstddef>
#include <cstring>

namespace xsuperd::net {

/// Closes those that recvmsg(2) has installed with the message: nobody wants them, and each look at a datagram (MSG_PEEK)
/// installs them anew. To be received with MSG_CMSG_CLOEXEC.
inline void close_passed(msghdr& message) {
  for (cmsghdr* c = CMSG_FIRSTHDR(&message); c; c = CMSG_NXTHDR(&message, c)) {
    if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS) continue;
    for (std::size_t at = 0; at + sizeof(int) <= c->cmsg_len - CMSG_LEN(0); at += sizeof(int)) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(c) + at, sizeof fd);
      ::close(fd);
    }
  }
}

}  // namespace xsuperd::net
