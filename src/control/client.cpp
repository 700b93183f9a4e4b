// SPDX-License-Identifier: MIT
#include "xsuperd/control/client.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <array>
#include <cerrno>
#include <cstring>


namespace xsuperd::control {

using Clock = std::chrono::steady_clock;

base::Result<Client> Client::connect(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof address.sun_path)
    return base::Error{ENAMETOOLONG, path + " is too long for a socket path"};
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  base::Fd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!socket) return base::system_error(errno, "socket");
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    return base::system_error(errno, "connecting to " + path);
  return Client(std::move(socket));
}

base::Result<void> Client::wait(short events, Clock::time_point until) const {
  while (true) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - Clock::now()).count();
    if (left <= 0) return base::Error{ETIMEDOUT, "the daemon does not answer"};
    pollfd one{socket_.get(), events, 0};
    const int ready = ::poll(&one, 1, static_cast<int>(left));
    if (ready > 0) return {};
    if (ready < 0 && errno != EINTR) return base::system_error(errno, "poll");
  }
}

base::Result<void> Client::send(std::string_view bytes, std::chrono::milliseconds patience) const {
  const auto until = Clock::now() + patience;
  while (!bytes.empty()) {
    const ssize_t n = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(n));
      continue;
    }
    // The daemon has closed: perhaps it said why before.
    if (errno == EPIPE || errno == ECONNRESET) return {};
    if (errno != EAGAIN && errno != EINTR) return base::system_error(errno, "sending to the daemon");
    if (auto waited = wait(POLLOUT, until); !waited) return waited;
  }
  return {};
}

base::Result<std::string> Client::receive(std::chrono::milliseconds patience) {
  const auto until = Clock::now() + patience;
  std::array<char, 64 * 1024> buffer;
  while (true) {
    if (auto body = reader_.next()) return std::move(*body);
    if (reader_.too_long()) return base::Error{EMSGSIZE, "the peer on that socket is not xsuperd"};
    if (auto waited = wait(POLLIN, until); !waited) return waited.error();
    const ssize_t n = ::recv(socket_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) continue;
    if (n < 0) return base::system_error(errno, "reading from the daemon");
    if (n == 0) return base::Error{ECONNRESET, "the daemon closed the connection without an answer"};
    reader_.feed({buffer.data(), static_cast<std::size_t>(n)});
  }
}

base::Result<ReplyPart> Client::ask(const Request& request, std::chrono::milliseconds patience,
                                    const std::function<void(json::object)>& on_row) {
  if (auto sent = send(frame(request_text(request)), patience); !sent) return sent.error();
  while (true) {
    const auto body = receive(patience);
    if (!body) return body.error();
    auto part = parse_reply(*body);
    if (!part) return part;
    for (json::value& row : part->rows)
      if (row.is_object()) on_row(std::move(row.get_object()));
    if (part->last) return part;
  }
}

}  // namespace xsuperd::control
