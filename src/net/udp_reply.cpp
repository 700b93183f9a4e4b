// SPDX-License-Identifier: MIT
#include "xsuperd/net/udp_reply.hpp"

#include "net/passed_descriptors.hpp"

#include <netinet/in.h>

#include <cerrno>
#include <cstring>
#include <type_traits>
#include <utility>
#include <vector>

#include "net/sender.hpp"

namespace xsuperd::net {

namespace {

static_assert(std::tuple_size_v<decltype(Datagram::Way::control)> >= CMSG_SPACE(sizeof(in6_pktinfo)));
static_assert(alignof(Datagram::Way) >= alignof(cmsghdr));

int family_of(int fd) {
  int family = AF_UNSPEC;
  socklen_t length = sizeof family;
  ::getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &family, &length);
  return family;
}

void set_option(int fd, int level, int option, int value) { ::setsockopt(fd, level, option, &value, sizeof value); }

/// The only control message of the answer.
template <typename Info>
void answer_with(Datagram::Way& way, int level, int type, const Info& info) {
  static_assert(std::is_trivially_copyable_v<Info>);
  cmsghdr head{};
  head.cmsg_len = CMSG_LEN(sizeof info);
  head.cmsg_level = level;
  head.cmsg_type = type;
  way.control.fill(0);
  std::memcpy(way.control.data(), &head, sizeof head);
  std::memcpy(way.control.data() + CMSG_LEN(0), &info, sizeof info);
  way.control_length = CMSG_SPACE(sizeof info);
}

/// The interface is left to the routes: the way back need not be the way that the request came.
void answer_ipv4(Datagram::Way& way, const cmsghdr* message) {
  in_pktinfo info{};
  std::memcpy(&info, CMSG_DATA(message), sizeof info);
  // ipi_addr is what the header says, a broadcast address for instance; ipi_spec_dst is ours.
  in_pktinfo from{};
  from.ipi_spec_dst = info.ipi_spec_dst;
  answer_with(way, IPPROTO_IP, IP_PKTINFO, from);
}

/// A link-local address means nothing without its interface. A multicast address is nobody's: with the
/// interface alone, the kernel takes one of the interface's addresses.
void answer_ipv6(Datagram::Way& way, const cmsghdr* message) {
  in6_pktinfo info{};
  std::memcpy(&info, CMSG_DATA(message), sizeof info);
  const bool multicast = IN6_IS_ADDR_MULTICAST(&info.ipi6_addr);
  if (multicast) info.ipi6_addr = in6addr_any;
  if (!multicast && !IN6_IS_ADDR_LINKLOCAL(&info.ipi6_addr)) info.ipi6_ifindex = 0;
  answer_with(way, IPPROTO_IPV6, IPV6_PKTINFO, info);
}

/// An IPv4 datagram on a dual-stack socket comes with both messages: only IPv4's knows which address is ours.
void find_way(msghdr& message, Datagram::Way& way) {
  bool ipv4 = false;
  for (cmsghdr* c = CMSG_FIRSTHDR(&message); c; c = CMSG_NXTHDR(&message, c)) {
    if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
      answer_ipv4(way, c);
      ipv4 = true;
    } else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO && !ipv4) {
      answer_ipv6(way, c);
    }
  }
}

using ControlRoom = std::array<char, 256>;

/// What the kernel has reported about a datagram of `length` bytes that lie at `bytes`.
void read_message(msghdr& message, const char* bytes, std::size_t length, Datagram& datagram) {
  Datagram::Way& way = datagram.way;
  way.peer_length = message.msg_namelen;
  way.control_length = 0;
  datagram.peer = base::endpoint_of(way.peer);
  if (message.msg_namelen == 0 || way.peer.ss_family == AF_UNIX) datagram.peer.address = sender(message);
  datagram.bytes = {bytes, length};
  datagram.truncated = (message.msg_flags & MSG_TRUNC) != 0;
  find_way(message, way);
}

/// The kernel reads a message that it is to send, and changes nothing of it.
void write_message(msghdr& message, const Datagram::Way& way, iovec& part, std::string_view bytes) {
  part = {const_cast<char*>(bytes.data()), bytes.size()};
  message = {const_cast<sockaddr_storage*>(&way.peer), way.peer_length, &part, 1, nullptr, way.control_length, 0};
  if (way.control_length != 0) message.msg_control = const_cast<char*>(way.control.data());
}

}  // namespace

void enable_destination_info(int fd, bool on) {
  const int family = family_of(fd);
  if (family != AF_INET && family != AF_INET6) return;
  set_option(fd, IPPROTO_IP, IP_PKTINFO, on);
  if (family == AF_INET6) set_option(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, on);
}

std::optional<Datagram> receive(int fd, std::span<char> buffer) {
  Datagram datagram;
  alignas(cmsghdr) ControlRoom control{};
  iovec part{buffer.data(), buffer.size()};
  msghdr message{};
  ssize_t n = 0;
  do {
    message = {&datagram.way.peer, sizeof datagram.way.peer, &part, 1, control.data(), control.size(), 0};
    n = ::recvmsg(fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  } while (n < 0 && errno == EINTR);
  if (n < 0) return std::nullopt;
  close_passed(message);
  read_message(message, buffer.data(), static_cast<std::size_t>(n), datagram);
  return datagram;
}

void send_reply(int fd, const Datagram& request, std::string_view bytes) {
  iovec part{};
  msghdr message{};
  write_message(message, request.way, part, bytes);
  while (::sendmsg(fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 && errno == EINTR) {
  }
}

struct DatagramBatch::Slots {
  Slots(std::size_t most, std::size_t room);
  void ready_for(std::size_t i);

  std::vector<Datagram> datagrams;
  std::unique_ptr<char[]> bytes;  // room for each request, then for each answer; what is not needed is never touched
  struct alignas(cmsghdr) Control {
    ControlRoom room;
  };
  std::vector<Control> controls;
  std::vector<iovec> parts, answer_parts;
  std::vector<mmsghdr> messages, answers;
  std::size_t used = 0;      // messages that the kernel has written into
  std::size_t answered = 0;
};

DatagramBatch::Slots::Slots(std::size_t most, std::size_t room)
    : datagrams(most),
      bytes(std::make_unique_for_overwrite<char[]>(2 * most * room)),
      controls(most),
      parts(most),
      answer_parts(most),
      messages(most),
      answers(most) {
  for (std::size_t i = 0; i < most; ++i) {
    parts[i] = {bytes.get() + i * room, room};
    ready_for(i);
  }
}

void DatagramBatch::Slots::ready_for(std::size_t i) {
  Datagram::Way& way = datagrams[i].way;
  messages[i].msg_hdr = {&way.peer, sizeof way.peer, &parts[i], 1, controls[i].room.data(), sizeof(ControlRoom), 0};
}

DatagramBatch::DatagramBatch(std::size_t most, std::size_t room) : most_(most), room_(room) {}
DatagramBatch::~DatagramBatch() = default;

std::span<const Datagram> DatagramBatch::receive(int fd) {
  if (!slots_) slots_ = std::make_unique<Slots>(most_, room_);
  Slots& s = *slots_;
  for (std::size_t i = 0; i < s.used; ++i) s.ready_for(i);
  s.used = s.answered = 0;
  int n = 0;
  do n = ::recvmmsg(fd, s.messages.data(), static_cast<unsigned>(most_), MSG_DONTWAIT | MSG_CMSG_CLOEXEC, nullptr);
  while (n < 0 && errno == EINTR);
  if (n <= 0) return {};
  s.used = static_cast<std::size_t>(n);
  for (std::size_t i = 0; i < s.used; ++i) close_passed(s.messages[i].msg_hdr);
  for (std::size_t i = 0; i < s.used; ++i)
    read_message(s.messages[i].msg_hdr, static_cast<char*>(s.parts[i].iov_base), s.messages[i].msg_len, s.datagrams[i]);
  return {s.datagrams.data(), s.used};
}

std::span<char> DatagramBatch::room_for_answer() {
  return {slots_->bytes.get() + (most_ + slots_->answered) * room_, room_};
}

void DatagramBatch::answer(const Datagram& request, std::string_view bytes) {
  Slots& s = *slots_;
  write_message(s.answers[s.answered].msg_hdr, request.way, s.answer_parts[s.answered], bytes);
  ++s.answered;
}

void DatagramBatch::send(int fd) {
  if (!slots_) return;
  const std::size_t count = std::exchange(slots_->answered, 0);
  for (std::size_t sent = 0; sent < count;) {
    const int n = ::sendmmsg(fd, slots_->answers.data() + sent, static_cast<unsigned>(count - sent),
                             MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n > 0) sent += static_cast<std::size_t>(n);
    if (n <= 0 && errno != EINTR) ++sent;  // this one cannot be sent; the others can
  }
}

}  // namespace xsuperd::net
