// SPDX-License-Identifier: MIT
#include "converse/socket.hpp"

#include <fcntl.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace xsuperd::converse {

namespace {
bool nothing_now() { return errno == EAGAIN || errno == EWOULDBLOCK; }
}  // namespace

int Socket::open(base::Fd fd) {
  close();
  fd_ = std::move(fd);
  readable_ = writable_ = broken_ = hung_up_ = surprises_ = nonblocking_ = pipe_ = false;
  const int error = poller_.add(*this);
  watched_ = error == 0;
  return error;
}

void Socket::unwatch(bool closing) {
  if (watched_) poller_.remove(*this, closing);
  watched_ = readable_ = writable_ = false;
}

void Socket::close() {
  unwatch(true);
  fd_.reset();
}

base::Fd Socket::release() {
  unwatch(false);
  ::fcntl(fd_.get(), F_SETFL, 0);
  return std::move(fd_);
}

void Socket::make_nonblocking() {
  if (!std::exchange(nonblocking_, true)) ::fcntl(fd_.get(), F_SETFL, O_NONBLOCK);
}

Handler& Socket::note(std::uint32_t events) {
  constexpr std::uint32_t over = EPOLLHUP | EPOLLERR;
  if (events & (EPOLLIN | EPOLLPRI | EPOLLRDHUP | over)) readable_ = true;
  if (events & (EPOLLOUT | over)) writable_ = true;
  if (events & EPOLLERR) broken_ = true;
  if (events & EPOLLHUP) hung_up_ = true;
  if (events & (EPOLLPRI | EPOLLRDHUP | over)) surprises_ = true;
  return handler_;
}

Moved Socket::receive(std::span<char> to, std::size_t& count, int flags) {
  ssize_t n = 0;
  do {
    n = pipe_ ? ::read(fd_.get(), to.data(), to.size()) : ::recv(fd_.get(), to.data(), to.size(), flags | MSG_DONTWAIT);
    if (n < 0 && errno == ENOTSOCK && !std::exchange(pipe_, true)) {
      make_nonblocking();
      errno = EINTR;
    }
  } while (n < 0 && errno == EINTR);
  if (n > 0) {
    count = static_cast<std::size_t>(n);
    if (count < to.size() && !surprises_) readable_ = false;
    return Moved::some;
  }
  if (n == 0) return Moved::end;
  if (!nothing_now()) return Moved::failed;
  readable_ = false;
  return Moved::later;
}

Moved Socket::send(std::string_view bytes, std::size_t& count, int flags) {
  ssize_t n = 0;
  do n = ::send(fd_.get(), bytes.data(), bytes.size(), flags | MSG_DONTWAIT | MSG_NOSIGNAL);
  while (n < 0 && errno == EINTR);
  if (n >= 0) {
    count = static_cast<std::size_t>(n);
    return Moved::some;
  }
  if (!nothing_now()) return Moved::failed;
  writable_ = false;
  return Moved::later;
}

Moved Socket::splice_to(const Pipe& pipe, std::size_t most, std::size_t& count) {
  make_nonblocking();
  const ssize_t n =
      ::splice(fd_.get(), nullptr, pipe.in.get(), nullptr, most, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
  if (n > 0) {
    count = static_cast<std::size_t>(n);
    return Moved::some;
  }
  // Neither "nothing" nor "the end" can be believed next to urgent data, at which splice(2) stops.
  if (n == 0) return Moved::later;
  if (!nothing_now()) return errno == EINVAL || errno == EINTR ? Moved::later : Moved::failed;
  readable_ = surprises_;
  return Moved::later;
}

Moved Socket::splice_from(const Pipe& pipe, std::size_t most, std::size_t& count) {
  make_nonblocking();
  ssize_t n = 0;
  do n = ::splice(pipe.out.get(), nullptr, fd_.get(), nullptr, most, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
  while (n < 0 && errno == EINTR);
  if (n > 0) {
    count = static_cast<std::size_t>(n);
    return Moved::some;
  }
  if (n == 0 || !nothing_now()) return Moved::failed;
  writable_ = false;
  return Moved::later;
}

void keep_urgent_data(int fd) {
  const int on = 1;
  ::setsockopt(fd, SOL_SOCKET, SO_OOBINLINE, &on, sizeof on);
}

int take_error(int fd) {
  int error = 0;
  socklen_t length = sizeof error;
  return ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) == 0 ? error : errno;
}

namespace {

void switch_on(int fd, int level, int option) {
  const int on = 1;
  ::setsockopt(fd, level, option, &on, sizeof on);
}

}  // namespace

void keep_alive(int fd) { switch_on(fd, SOL_SOCKET, SO_KEEPALIVE); }
void hurry(int fd) { switch_on(fd, IPPROTO_TCP, TCP_NODELAY); }

bool underway(int fd) {
  int bytes = 0;
  return ::ioctl(fd, SIOCOUTQ, &bytes) == 0 && bytes > 0;
}

/// The kernel resets a connection that is disconnected from its peer's address while it is open.
void Socket::reset() {
  const sockaddr nowhere{.sa_family = AF_UNSPEC, .sa_data = {}};
  (void)::connect(fd_.get(), &nowhere, sizeof nowhere);
}

void Socket::end_writing() { ::shutdown(fd_.get(), SHUT_WR); }

}  // namespace xsuperd::converse
