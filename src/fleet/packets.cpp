// SPDX-License-Identifier: MIT
#include "fleet/packets.hpp"

#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "xsuperd/fleet/words.hpp"

namespace xsuperd::fleet {

namespace {

union Control {
  cmsghdr header;
  char room[CMSG_SPACE(sizeof(int) * most_descriptors)];
};

/// All of them, so that none is left open.
std::vector<base::Fd> descriptors_of(msghdr& message) {
  std::vector<base::Fd> all;
  for (cmsghdr* one = CMSG_FIRSTHDR(&message); one; one = CMSG_NXTHDR(&message, one)) {
    if (one->cmsg_level != SOL_SOCKET || one->cmsg_type != SCM_RIGHTS) continue;
    std::array<int, most_descriptors> numbers{};
    const std::size_t count = std::min((one->cmsg_len - CMSG_LEN(0)) / sizeof(int), numbers.size());
    std::memcpy(numbers.data(), CMSG_DATA(one), count * sizeof(int));
    for (std::size_t i = 0; i < count; ++i) all.emplace_back(numbers[i]);
  }
  return all;
}

}  // namespace

Got receive_packet(int socket, Packet& packet) {
  packet.bytes.resize(longest_message);
  Control control{};
  iovec piece{packet.bytes.data(), packet.bytes.size()};
  mmsghdr message{};
  // Not the whole room: what is behind the last one for alignment the kernel would fill with one more.
  message.msg_hdr = {nullptr, 0, &piece, 1, &control, CMSG_LEN(sizeof(int) * most_descriptors), 0};
  const int count = ::recvmmsg(socket, &message, 1, MSG_DONTWAIT | MSG_CMSG_CLOEXEC, nullptr);
  if (count < 0) return errno == EAGAIN || errno == EINTR ? Got::later : Got::end;
  packet.descriptors = descriptors_of(message.msg_hdr);
  if (count == 0 || message.msg_len == 0) return Got::end;
  if ((message.msg_hdr.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0) return Got::wrong;
  packet.bytes.resize(message.msg_len);
  return Got::one;
}

int send_packet(int socket, std::string_view bytes, std::span<const int> descriptors) {
  iovec piece{const_cast<char*>(bytes.data()), bytes.size()};
  Control control{};
  mmsghdr message{};
  message.msg_hdr = {nullptr, 0, &piece, 1, nullptr, 0, 0};
  if (!descriptors.empty()) {
    message.msg_hdr.msg_control = &control;
    message.msg_hdr.msg_controllen = CMSG_SPACE(descriptors.size_bytes());
    cmsghdr* header = CMSG_FIRSTHDR(&message.msg_hdr);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(descriptors.size_bytes());
    std::memcpy(CMSG_DATA(header), descriptors.data(), descriptors.size_bytes());
  }
  return ::sendmmsg(socket, &message, 1, MSG_DONTWAIT | MSG_NOSIGNAL) == 1 ? 0 : errno;
}

}  // namespace xsuperd::fleet
