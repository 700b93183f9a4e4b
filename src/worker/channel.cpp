// SPDX-License-Identifier: MIT
#include "worker/channel.hpp"

#include <sys/socket.h>

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <deque>
#include <utility>
#include <vector>

namespace xsuperd::worker {

namespace {

/// Packets taken in one turn of the loop.
constexpr int batch = 64;
/// Until a packet is tried again for which the system lacked memory, or descriptors on their way.
constexpr std::chrono::milliseconds breath{10};
constexpr int room = 512 * 1024;

enum class Got : unsigned char { packet, nothing, end };

/// The descriptor beside a message.
base::Fd descriptor_in(msghdr& message) {
  const cmsghdr* control = CMSG_FIRSTHDR(&message);
  if (!control || control->cmsg_level != SOL_SOCKET || control->cmsg_type != SCM_RIGHTS) return {};
  int number = -1;
  std::memcpy(&number, CMSG_DATA(control), sizeof number);
  return base::Fd(number);
}

/// Takes one packet, with one descriptor at the most: the kernel closes others, as there is no room for them.
Got receive(int socket, std::vector<char>& buffer, Packet& packet) {
  iovec part{buffer.data(), buffer.size()};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = CMSG_LEN(sizeof(int));
  ssize_t size = -1;
  // ECONNRESET: the other end went away without reading all of ours. What it sent before that is still there.
  do {
    size = ::recvmsg(socket, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  } while (size < 0 && (errno == EINTR || errno == ECONNRESET));
  if (size < 0) return errno == EAGAIN || errno == EWOULDBLOCK ? Got::nothing : Got::end;
  packet.fd = descriptor_in(message);
  const bool more_descriptors = (message.msg_flags & MSG_CTRUNC) != 0 && packet.fd;
  if (size == 0 || (message.msg_flags & MSG_TRUNC) != 0 || more_descriptors) return Got::end;
  packet.bytes.assign(buffer.data(), static_cast<std::size_t>(size));
  return Got::packet;
}

/// Whether it will pass, though nothing tells when.
bool passing(int error) { return error == ENOBUFS || error == ENOMEM || error == ETOOMANYREFS; }

}  // namespace

struct Channel::Impl : std::enable_shared_from_this<Impl> {
  Impl(boost::asio::io_context& loop, base::Fd fd, Handlers the_handlers)
      : socket(loop, fd.get()), timer(loop), handlers(std::move(the_handlers)), buffer(largest_message + 1) {
    (void)fd.release();
  }

  void wait_for_packets();
  void take(int most);
  void end();
  void flush();
  void wait_for_room(int error);

  boost::asio::posix::stream_descriptor socket;
  boost::asio::steady_timer timer;
  Handlers handlers;
  std::vector<char> buffer;
  std::deque<Packet> kept;
  bool over = false;  // closed here or ended there
};

void Channel::Impl::wait_for_packets() {
  socket.async_wait(socket.wait_read, [self = weak_from_this()](const boost::system::error_code& error) {
    const auto impl = self.lock();
    if (!impl || error || impl->over) return;
    impl->take(batch);
    if (!impl->over) impl->wait_for_packets();
  });
}

void Channel::Impl::take(int most) {
  for (int taken = 0; taken < most && !over; ++taken) {
    Packet packet;
    switch (receive(socket.native_handle(), buffer, packet)) {
      case Got::packet:
        handlers.on_packet(std::move(packet));
        break;
      case Got::nothing:
        return;
      case Got::end:
        return end();
    }
  }
}

void Channel::Impl::end() {
  over = true;
  kept.clear();
  handlers.on_end();
}

void Channel::Impl::flush() {
  while (!kept.empty()) {
    const int error = send_now(socket.native_handle(), kept.front());
    if (error == EAGAIN || passing(error)) return wait_for_room(error);
    // Any other error is a broken connection, of which the reading half is about to hear.
    kept.pop_front();
  }
  if (handlers.on_sent) handlers.on_sent();
}

void Channel::Impl::wait_for_room(int error) {
  const auto again = [self = weak_from_this()](const boost::system::error_code& failed) {
    const auto impl = self.lock();
    if (impl && !failed && !impl->over) impl->flush();
  };
  if (error == EAGAIN) return socket.async_wait(socket.wait_write, again);
  timer.expires_after(breath);
  timer.async_wait(again);
}

Channel::Channel(boost::asio::io_context& loop, base::Fd socket, Handlers handlers)
    : impl_(std::make_shared<Impl>(loop, std::move(socket), std::move(handlers))) {
  impl_->wait_for_packets();
}

Channel::~Channel() {
  impl_->over = true;
  boost::system::error_code ignored;
  impl_->socket.close(ignored);
  impl_->timer.cancel();
}

void Channel::send(Packet packet) {
  if (impl_->over) return;
  if (impl_->kept.empty()) {
    const int error = send_now(impl_->socket.native_handle(), packet);
    if (error != EAGAIN && !passing(error)) return;
    impl_->wait_for_room(error);
  }
  impl_->kept.push_back(std::move(packet));
}

int Channel::socket() const { return impl_->socket.native_handle(); }

std::size_t Channel::kept() const { return impl_->kept.size(); }

void Channel::take_rest() {
  const auto impl = impl_;  // a callback may destroy us
  // Bounded, though an ended process sends nothing new: its socket may live on elsewhere.
  impl->take(1 << 16);
  if (!impl->over) impl->end();
}

int Channel::send_now(int socket, const Packet& packet) {
  iovec part{const_cast<char*>(packet.bytes.data()), packet.bytes.size()};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  if (packet.fd) {
    message.msg_control = control.data();
    message.msg_controllen = CMSG_SPACE(sizeof(int));
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    const int number = packet.fd.get();
    std::memcpy(CMSG_DATA(header), &number, sizeof number);
  }
  ssize_t sent = -1;
  do {
    sent = ::sendmsg(socket, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
  } while (sent < 0 && errno == EINTR);
  if (sent >= 0) return 0;
  return errno == EWOULDBLOCK ? EAGAIN : errno;
}

SocketPair make_socket_pair() {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) return {};
  for (const int end : ends) ::setsockopt(end, SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
  return {base::Fd(ends[0]), base::Fd(ends[1])};
}

}  // namespace xsuperd::worker
