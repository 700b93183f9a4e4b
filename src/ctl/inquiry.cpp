// SPDX-License-Identifier: MIT
#include "ctl/inquiry.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace xsuperd::ctl {

base::Result<Inquiry> Inquiry::begin(const std::string& path, const control::Request& request) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof address.sun_path)
    return base::Error{ENAMETOOLONG, path + " is too long for a socket path"};
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  base::Fd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket) return base::system_error(errno, "socket");
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    return base::system_error(errno, "connecting to " + path);
  return Inquiry(std::move(socket), control::frame(control::request_text(request)));
}

short Inquiry::events() const { return unsent_.empty() ? POLLIN : POLLOUT; }

base::Result<void> Inquiry::go_on() {
  while (!unsent_.empty()) {
    const ssize_t n = ::send(socket_.get(), unsent_.data(), unsent_.size(), MSG_NOSIGNAL);
    if (n < 0 && errno == EAGAIN) return {};
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno != EPIPE && errno != ECONNRESET) return base::system_error(errno, "sending to the daemon");
    // The daemon has closed: perhaps it said why before.
    unsent_.erase(0, n < 0 ? std::string::npos : static_cast<std::size_t>(n));
  }
  std::array<char, 64 * 1024> buffer;
  const ssize_t n = ::recv(socket_.get(), buffer.data(), buffer.size(), 0);
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) return {};
  if (n < 0) return base::system_error(errno, "reading from the daemon");
  if (n == 0) return base::Error{ECONNRESET, "the daemon closed the connection without an answer"};
  reader_.feed({buffer.data(), static_cast<std::size_t>(n)});
  return read_frames();
}

base::Result<void> Inquiry::read_frames() {
  while (const auto body = reader_.next()) {
    auto part = control::parse_reply(*body);
    if (!part) return part.error();
    for (json::value& row : part->rows)
      if (row.is_object()) answer_.rows.push_back(std::move(row.get_object()));
    if (part->failure) return base::Error{part->failure->code == control::Code::busy ? EBUSY : 0, part->failure->sentence};
    if (!part->last) continue;
    answer_.result = std::move(part->result);
    done_ = true;
    return {};
  }
  if (reader_.too_long()) return base::Error{EMSGSIZE, "the peer on that socket is not xsuperd"};
  return {};
}

base::Result<Answer> ask_within(const std::string& path, const control::Request& request,
                                std::chrono::milliseconds patience) {
  using Clock = std::chrono::steady_clock;
  const auto until = Clock::now() + patience;
  auto inquiry = Inquiry::begin(path, request);
  if (!inquiry) return inquiry.error();
  while (true) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now()).count();
    if (left <= 0) return base::Error{ETIMEDOUT, "the daemon does not answer"};
    pollfd one{inquiry->descriptor(), inquiry->events(), 0};
    if (::poll(&one, 1, static_cast<int>(left)) <= 0) continue;
    if (const auto gone_on = inquiry->go_on(); !gone_on) return gone_on.error();
    if (inquiry->done()) return inquiry->take();
  }
}

}  // namespace xsuperd::ctl
