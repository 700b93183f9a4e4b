// SPDX-License-Identifier: MIT
#include "log/local_socket.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>

namespace xsuperd::log {

namespace {

constexpr std::size_t safe_message = 1024;  // what RFC 3164 says that every receiver takes
constexpr int patience_ms = 100;

}  // namespace

int LocalSocket::open(int type) {
  sockaddr_un to{};
  to.sun_family = AF_UNIX;
  if (path_.size() >= sizeof to.sun_path) return ENAMETOOLONG;
  std::copy(path_.begin(), path_.end(), to.sun_path);
  base::Fd fd(::socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) return errno;
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0) return errno;
  fd_ = std::move(fd);
  stream_ = type == SOCK_STREAM;
  return 0;
}

int LocalSocket::connect() {
  const int code = open(SOCK_DGRAM);
  return code == EPROTOTYPE && kind_ == Kind::either ? open(SOCK_STREAM) : code;
}

void LocalSocket::close() {
  fd_.reset();
  done_ = 0;
}

int LocalSocket::send_rest(std::string_view rest) {
  while (true) {
    const ssize_t count = ::send(fd_.get(), rest.data(), rest.size(), MSG_NOSIGNAL);
    if (count >= 0) {
      if (!stream_ || static_cast<std::size_t>(count) == rest.size()) return 0;
      done_ += static_cast<std::size_t>(count);
      rest.remove_prefix(static_cast<std::size_t>(count));
      continue;
    }
    const int code = errno;
    pollfd waiting{fd_.get(), POLLOUT, 0};
    // The daemon behind the socket may be busy for a moment; one that takes nothing at all must not hold up
    // others.
    if (code == EINTR || (code == EAGAIN && ::poll(&waiting, 1, patience_ms) > 0)) continue;
    return code;
  }
}

int LocalSocket::send_connected(std::string_view message) {
  if (!stream_) {
    const int code = send_rest(message);
    return code == EMSGSIZE && kind_ == Kind::either ? send_rest(message.substr(0, safe_message)) : code;
  }
  // In a stream a NUL ends a message: the text comes from us as a std::string, so there is one behind it.
  const int code = send_rest(std::string_view(message.data() + done_, message.size() + 1 - done_));
  if (code == 0) done_ = 0;
  return code;
}

int LocalSocket::send(std::string_view message) {
  const bool fresh = !fd_;
  int code = fresh ? connect() : 0;
  if (code == 0) code = send_connected(message);
  if (code == 0 || code == EAGAIN) return code;
  close();
  if (fresh) return code;
  // The connection was of some age: most likely the daemon was restarted since.
  code = connect();
  if (code == 0) code = send_connected(message);
  if (code != 0 && code != EAGAIN) close();
  return code;
}

}  // namespace xsuperd::log
