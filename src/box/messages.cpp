// SPDX-License-Identifier: MIT
#include "box/messages.hpp"

#include <sys/socket.h>
#include <sys/uio.h>

#include <cerrno>
#include <cstring>

namespace xsuperd::box {

namespace {

union Room {
  char bytes[CMSG_SPACE(sizeof(int) * most_reply_descriptors)];
  cmsghdr align;
};

int sent(int socket, const msghdr& message) {
  ssize_t n = 0;
  do n = ::sendmsg(socket, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
  while (n == -1 && errno == EINTR);
  return n == -1 ? errno : 0;
}

Received told(ssize_t n) {
  if (n > 0) return Received::one;
  return n == -1 && errno == EAGAIN ? Received::nothing : Received::end;
}

void take_descriptors(msghdr& message, std::vector<base::Fd>& to) {
  for (cmsghdr* c = CMSG_FIRSTHDR(&message); c != nullptr; c = CMSG_NXTHDR(&message, c)) {
    if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS) continue;
    for (std::size_t at = 0; at + sizeof(int) <= c->cmsg_len - CMSG_LEN(0); at += sizeof(int)) {
      int number = -1;
      std::memcpy(&number, CMSG_DATA(c) + at, sizeof number);
      to.emplace_back(number);
    }
  }
}

}  // namespace

std::size_t descriptors_of(const Mould& mould) {
  const std::size_t views = mould.reuse && mould.pids ? 1 + static_cast<std::size_t>(mould.tmp) : 0;
  return 1 + views + static_cast<std::size_t>(mould.has_group());
}

int send_request(int socket, const Request& request, std::string_view bytes) {
  iovec parts[2]{{const_cast<Request*>(&request), sizeof request}, {const_cast<char*>(bytes.data()), bytes.size()}};
  msghdr message{};
  message.msg_iov = parts;
  message.msg_iovlen = bytes.empty() ? 1 : 2;
  return sent(socket, message);
}

int send_reply(int socket, const Reply& reply, const std::vector<int>& descriptors) {
  iovec part{const_cast<Reply*>(&reply), sizeof reply};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  Room room{};
  if (!descriptors.empty()) {
    message.msg_control = room.bytes;
    message.msg_controllen = CMSG_SPACE(sizeof(int) * descriptors.size());
    cmsghdr* c = CMSG_FIRSTHDR(&message);
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(sizeof(int) * descriptors.size());
    std::memcpy(CMSG_DATA(c), descriptors.data(), sizeof(int) * descriptors.size());
  }
  return sent(socket, message);
}

Received receive_request(int socket, Request& request, std::string& bytes) {
  bytes.resize(most_mould_bytes);
  iovec parts[2]{{&request, sizeof request}, {bytes.data(), bytes.size()}};
  msghdr message{};
  message.msg_iov = parts;
  message.msg_iovlen = 2;
  ssize_t n = 0;
  do n = ::recvmsg(socket, &message, MSG_DONTWAIT);
  while (n == -1 && errno == EINTR);
  if (n > 0 && (static_cast<std::size_t>(n) < sizeof request || (message.msg_flags & MSG_TRUNC) != 0)) return Received::end;
  bytes.resize(n > 0 ? static_cast<std::size_t>(n) - sizeof request : 0);
  return told(n);
}

Received receive_reply(int socket, Reply& reply, std::vector<base::Fd>& descriptors) {
  iovec part{&reply, sizeof reply};
  Room room{};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = room.bytes;
  message.msg_controllen = sizeof room.bytes;
  ssize_t n = 0;
  do n = ::recvmsg(socket, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  while (n == -1 && errno == EINTR);
  if (n > 0) take_descriptors(message, descriptors);
  if (n > 0 && (n != sizeof reply || (message.msg_flags & MSG_TRUNC) != 0)) return Received::end;
  reply.what[sizeof reply.what - 1] = '\0';
  return n > 0 && (message.msg_flags & MSG_CTRUNC) != 0 ? Received::short_of_descriptors : told(n);
}

}  // namespace xsuperd::box
