// SPDX-License-Identifier: MIT
#include "net/libwrap_protocol.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace xsuperd::net::wrap {

namespace {

using Family = base::Address::Family;

WireEndpoint to_wire(const base::Endpoint& endpoint) {
  const base::Address address = endpoint.address.unmapped();  // fact B5.24
  WireEndpoint wire{AF_UNSPEC, endpoint.port, address.scope(), address.bytes()};
  if (address.family() == Family::ipv4) wire.family = AF_INET;
  if (address.family() == Family::ipv6) wire.family = AF_INET6;
  return wire;
}

bool known_family(const WireEndpoint& wire) {
  return wire.family == AF_UNSPEC || wire.family == AF_INET || wire.family == AF_INET6;
}

/// The descriptor beside a message. There is never more than one: the buffer has no room for it.
base::Fd connection_in(msghdr& message) {
  const cmsghdr* control = CMSG_FIRSTHDR(&message);
  if (!control || control->cmsg_level != SOL_SOCKET || control->cmsg_type != SCM_RIGHTS) return {};
  int number = -1;
  std::memcpy(&number, CMSG_DATA(control), sizeof number);
  return base::Fd(number);
}

}  // namespace

bool encode(const LibwrapQuestion& question, std::uint64_t id, Request& request) {
  if (question.daemon.size() > longest_name || question.daemon.find('\0') != std::string::npos) return false;
  if (question.user && question.user->groups.size() > most_groups) return false;
  request.version = version;
  request.id = id;
  request.peer = to_wire(question.peer);
  request.local = to_wire(question.local);
  request.has_connection = question.connection >= 0;
  const LibwrapUser user = question.user.value_or(LibwrapUser{});
  request.has_user = question.user.has_value();
  request.uid = user.uid;
  request.gid = user.gid;
  request.daemon.fill('\0');
  std::copy(question.daemon.begin(), question.daemon.end(), request.daemon.begin());
  request.group_count = static_cast<std::uint32_t>(user.groups.size());
  std::copy(user.groups.begin(), user.groups.end(), request.groups.begin());
  return true;
}

bool valid(const Request& request, std::size_t size, bool with_connection) {
  if (size < request_size(0) || request.version != version) return false;
  if (request.group_count > most_groups || size != request_size(request.group_count)) return false;
  return known_family(request.peer) && known_family(request.local) && request.has_connection <= 1 &&
         request.has_user <= 1 && (request.has_connection == 1) == with_connection &&
         request.daemon.back() == '\0';
}

bool valid(const Reply& reply, std::size_t size) {
  return size == sizeof reply && reply.version == version &&
         reply.answer <= static_cast<std::uint32_t>(LibwrapAnswer::twisted);
}

base::Endpoint endpoint_of(const WireEndpoint& wire) {
  if (wire.family == AF_INET6) return {base::Address::ipv6(wire.bytes, wire.scope), wire.port};
  if (wire.family != AF_INET) return {base::Address(), wire.port};
  std::uint32_t value = 0;
  for (int i = 0; i < 4; ++i) value = value << 8 | wire.bytes[static_cast<std::size_t>(i)];
  return {base::Address::ipv4(value), wire.port};
}

int send_request(int socket, const Request& request, int connection) {
  iovec part{const_cast<Request*>(&request), request_size(request.group_count)};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  if (connection >= 0) {
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    cmsghdr* rights = CMSG_FIRSTHDR(&message);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(sizeof connection);
    std::memcpy(CMSG_DATA(rights), &connection, sizeof connection);
  }
  ssize_t sent = 0;
  do sent = ::sendmsg(socket, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
  while (sent < 0 && errno == EINTR);
  return sent < 0 ? errno : 0;
}

std::optional<Received> receive_request(int socket, Request& request) {
  iovec part{&request, sizeof request};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  ssize_t size = 0;
  do size = ::recvmsg(socket, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  while (size < 0 && errno == EINTR);
  if (size <= 0) return Received{};
  Received received{static_cast<std::size_t>(size), connection_in(message)};
  // Out of descriptors, the kernel leaves the connection out and says so.
  const bool lost = (message.msg_flags & MSG_CTRUNC) != 0;
  const bool whole = (message.msg_flags & MSG_TRUNC) == 0;
  if (!whole || !valid(request, received.size, lost || received.connection)) return std::nullopt;
  return received;
}

}  // namespace xsuperd::net::wrap
