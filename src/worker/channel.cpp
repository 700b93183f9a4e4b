// SPDX-License-Identifier: MIT
#include "worker/channel.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <deque>
#include <memory>
#include <utility>

namespace xsuperd::worker {

namespace {

/// Packets taken in one turn of the loop, and by one system call.
constexpr int batch = 64;
constexpr std::size_t burst = 8;
/// Bytes after which a turn is over: what they say has to be looked at, and others wait for the loop.
constexpr std::size_t turn = 256 * 1024;
/// Of an ended process. More than its socket holds.
constexpr std::size_t last_words = 8 * 1024 * 1024;
/// Until a packet is tried again for which the system lacked memory, or descriptors on their way.
constexpr std::chrono::milliseconds breath{10};
constexpr int room = 512 * 1024;
constexpr std::size_t buffer_size = largest_message + 1;

/// What one message on its way needs beside its bytes.
struct Envelope {
  iovec part{};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};

  void address_for_receiving(msghdr& message, char* buffer) {
    part = {buffer, buffer_size};
    message = {nullptr, 0, &part, 1, control.data(), CMSG_LEN(sizeof(int)), 0};
  }

  void address(msghdr& message, const Packet& packet) {
    part = {const_cast<char*>(packet.bytes.data()), packet.bytes.size()};
    message = {nullptr, 0, &part, 1, nullptr, 0, 0};
    if (!packet.fd) return;
    message.msg_control = control.data();
    message.msg_controllen = CMSG_SPACE(sizeof(int));
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    const int number = packet.fd.get();
    std::memcpy(CMSG_DATA(header), &number, sizeof number);
  }
};

struct Mail {
  std::array<mmsghdr, burst> messages{};
  std::array<Envelope, burst> envelopes;
};

/// The descriptor beside a message.
base::Fd descriptor_in(msghdr& message) {
  const cmsghdr* control = CMSG_FIRSTHDR(&message);
  if (!control || control->cmsg_level != SOL_SOCKET || control->cmsg_type != SCM_RIGHTS) return {};
  int number = -1;
  std::memcpy(&number, CMSG_DATA(control), sizeof number);
  return base::Fd(number);
}

/// False when it is no packet of ours, or the end. A packet has one descriptor at the most: the kernel closes
/// others, as there is no room for them.
bool unpack(mmsghdr& got, Packet& packet) {
  msghdr& message = got.msg_hdr;
  packet.fd = descriptor_in(message);
  const bool more_descriptors = (message.msg_flags & MSG_CTRUNC) != 0 && packet.fd;
  if (got.msg_len == 0 || (message.msg_flags & MSG_TRUNC) != 0 || more_descriptors) return false;
  packet.bytes.assign(static_cast<const char*>(message.msg_iov->iov_base), got.msg_len);
  return true;
}

/// The outcome of one system call. There may be packets before the end.
struct Received {
  std::array<Packet, burst> packets;
  std::size_t count = 0;
  bool end = false;
};

void receive(int socket, char* buffers, std::size_t most, Received& received) {
  Mail mail;
  for (std::size_t i = 0; i < most; ++i)
    mail.envelopes[i].address_for_receiving(mail.messages[i].msg_hdr, buffers + i * buffer_size);
  int count = -1;
  // ECONNRESET: the other end went away without reading all of ours. What it sent before that is still there.
  do {
    count = ::recvmmsg(socket, mail.messages.data(), static_cast<unsigned>(most), MSG_DONTWAIT | MSG_CMSG_CLOEXEC,
                       nullptr);
  } while (count < 0 && (errno == EINTR || errno == ECONNRESET));
  if (count < 0) received.end = errno != EAGAIN && errno != EWOULDBLOCK;
  for (int i = 0; i < count; ++i) {
    // Descriptors behind a broken packet are taken out too, so that they are closed.
    const bool good = unpack(mail.messages[static_cast<std::size_t>(i)], received.packets[received.count]);
    if (!received.end && good) ++received.count;
    received.end = received.end || !good;
  }
}

/// Whether it will pass, though nothing tells when.
bool passing(int error) { return error == ENOBUFS || error == ENOMEM || error == ETOOMANYREFS; }

}  // namespace

struct Channel::Impl : std::enable_shared_from_this<Impl> {
  Impl(boost::asio::io_context& the_loop, base::Fd fd, Handlers the_handlers)
      : loop(the_loop),
        socket(loop),
        timer(loop),
        handlers(std::move(the_handlers)),
        buffers(std::make_unique_for_overwrite<char[]>(burst * buffer_size)) {
    boost::system::error_code refused;
    socket.assign(fd.get(), refused);
    if (refused) {
      error = refused.value();
      over = true;
      unwatched = std::move(fd);
    } else {
      (void)fd.release();
    }
  }

  void wait_for_packets();
  void take(int most, std::size_t bytes);
  void end();
  void flush_soon();
  void flush();
  [[nodiscard]] int send_some();
  void wait_for_room(int error);

  boost::asio::io_context& loop;
  boost::asio::posix::stream_descriptor socket;
  boost::asio::steady_timer timer;
  Handlers handlers;
  const std::unique_ptr<char[]> buffers;  // their pages are taken by large packets only
  std::deque<Packet> kept;
  bool gathers = false;
  bool stuck = false;    // there is no room, and we shall be told when there is
  bool posted = false;   // flush() comes at the end of this turn
  bool over = false;  // closed here or ended there
  int error = 0;
  base::Fd unwatched;  // the socket, when there is an error
};

void Channel::Impl::wait_for_packets() {
  socket.async_wait(socket.wait_read, [self = weak_from_this()](const boost::system::error_code& error) {
    const auto impl = self.lock();
    if (!impl || error || impl->over) return;
    try {
      impl->take(batch, turn);
    } catch (...) {
      if (!impl->over) impl->wait_for_packets();  // whatever a handler throws, the next packet is heard of
      throw;
    }
    if (!impl->over) impl->wait_for_packets();
  });
}

void Channel::Impl::take(int most, std::size_t bytes) {
  std::size_t taken = 0;
  while (most > 0 && taken < bytes && !over) {
    Received received;
    const std::size_t wanted = std::min(burst, static_cast<std::size_t>(most));
    receive(socket.native_handle(), buffers.get(), wanted, received);
    for (std::size_t i = 0; i < received.count && !over; ++i) {
      taken += received.packets[i].bytes.size();
      handlers.on_packet(std::move(received.packets[i]));
    }
    if (received.end && !over) return end();
    if (received.count < wanted) return;
    most -= static_cast<int>(wanted);
  }
}

void Channel::Impl::end() {
  over = true;
  kept.clear();
  handlers.on_end();
}

/// What one turn of the loop has to say goes out in one system call.
void Channel::Impl::flush_soon() {
  if (stuck || posted) return;
  posted = true;
  boost::asio::post(loop, [self = weak_from_this()] {
    const auto impl = self.lock();
    if (!impl) return;
    impl->posted = false;
    if (!impl->over) impl->flush();
  });
}

void Channel::Impl::flush() {
  if (stuck) return;
  const bool something = !kept.empty();
  while (!kept.empty()) {
    const int error = send_some();
    if (error == EAGAIN || passing(error)) return wait_for_room(error);
    // Any other error is a broken connection, of which the reading half is about to hear.
    if (error != 0) kept.pop_front();
  }
  if (something && handlers.on_sent) handlers.on_sent();
}

/// Sends the first few of the kept packets; 0 or the errno value of the first.
int Channel::Impl::send_some() {
  Mail mail;
  const std::size_t count = std::min(burst, kept.size());
  for (std::size_t i = 0; i < count; ++i) mail.envelopes[i].address(mail.messages[i].msg_hdr, kept[i]);
  int sent = -1;
  do {
    sent = ::sendmmsg(socket.native_handle(), mail.messages.data(), static_cast<unsigned>(count),
                      MSG_DONTWAIT | MSG_NOSIGNAL);
  } while (sent < 0 && errno == EINTR);
  if (sent < 0) return errno == EWOULDBLOCK ? EAGAIN : errno;
  kept.erase(kept.begin(), kept.begin() + sent);
  return 0;
}

void Channel::Impl::wait_for_room(int error) {
  stuck = true;
  const auto again = [self = weak_from_this()](const boost::system::error_code& failed) {
    const auto impl = self.lock();
    if (!impl) return;
    impl->stuck = false;
    if (!failed && !impl->over) impl->flush();
  };
  if (error == EAGAIN) return socket.async_wait(socket.wait_write, again);
  timer.expires_after(breath);
  timer.async_wait(again);
}

Channel::Channel(boost::asio::io_context& loop, base::Fd socket, Handlers handlers, Sending sending)
    : impl_(std::make_shared<Impl>(loop, std::move(socket), std::move(handlers))) {
  impl_->gathers = sending == Sending::gathered;
  if (!impl_->over) impl_->wait_for_packets();
}

Channel::~Channel() {  // NOLINT(bugprone-exception-escape): as said in the header
  if (!impl_->over) {
    impl_->handlers.on_sent = nullptr;
    impl_->flush();
  }
  impl_->over = true;
  boost::system::error_code ignored;
  impl_->socket.close(ignored);
  impl_->timer.cancel();
}

int Channel::error() const { return impl_->error; }

base::Fd Channel::take_socket() { return std::move(impl_->unwatched); }

void Channel::send(Packet packet) {
  if (impl_->over) return;
  impl_->kept.push_back(std::move(packet));
  impl_->gathers ? impl_->flush_soon() : impl_->flush();
}

void Channel::flush() {
  if (!impl_->over) impl_->flush();
}

int Channel::socket() const { return impl_->error != 0 ? impl_->unwatched.get() : impl_->socket.native_handle(); }

std::size_t Channel::kept() const { return impl_->kept.size(); }

void Channel::take_rest() {
  const auto impl = impl_;  // a callback may destroy us
  // Bounded, though an ended process sends nothing new: its socket may live on elsewhere.
  impl->take(1 << 16, last_words);
  if (!impl->over) impl->end();
}

void Channel::take_present() {
  const auto impl = impl_;
  impl->take(batch, turn);
}

int Channel::send_now(int socket, const Packet& packet) {
  Envelope envelope;
  msghdr message{};
  envelope.address(message, packet);
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
