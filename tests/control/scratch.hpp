// SPDX-License-Identifier: MIT
#pragma once
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <functional>
#include <string>

#include "xsuperd/base/fd.hpp"
#include "xsuperd/control/frame.hpp"

namespace xsuperd::control::test {

using namespace std::chrono_literals;

/// A directory that goes away with the test.
class Scratch {
 public:
  Scratch() {
    std::string pattern = std::filesystem::temp_directory_path() / "xsuperd-control-XXXXXX";
    path_ = ::mkdtemp(pattern.data());
  }
  ~Scratch() { std::filesystem::remove_all(path_); }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  [[nodiscard]] std::string operator/(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

/// A connection to a socket, without any of the manners of Client; -1 when there is none.
inline base::Fd connect_to(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
  base::Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) fd.reset();
  return fd;
}

/// Runs the loop until `done`, for ten seconds at most; whether it came to that.
inline bool run_until(boost::asio::io_context& loop, const std::function<bool()>& done) {
  const auto until = std::chrono::steady_clock::now() + 10s;
  while (!done()) {
    if (std::chrono::steady_clock::now() > until) return false;
    loop.restart();
    loop.run_one_for(10ms);
  }
  return true;
}

/// What a raw peer sees: frames, and the end.
class RawPeer {
 public:
  RawPeer(boost::asio::io_context& loop, const std::string& path) : loop_(loop), fd_(connect_to(path)) {}

  void send(std::string_view bytes) const {
    while (!bytes.empty()) {
      const ssize_t n = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
      if (n > 0)
        bytes.remove_prefix(static_cast<std::size_t>(n));
      else if (!run_some())
        return;
    }
  }
  /// The next frame; empty when the connection ends before it, or nothing comes.
  [[nodiscard]] std::string frame() {
    std::optional<std::string> body;
    (void)run_until(loop_, [&] {
      body = reader_.next();
      if (!body && !ended_) take();
      return body || ended_;
    });
    return body.value_or("");
  }
  [[nodiscard]] bool ended() {
    return run_until(loop_, [&] {
      take();
      return ended_;
    });
  }
  [[nodiscard]] int fd() const { return fd_.get(); }

 private:
  void take() {
    char buffer[65536];
    const ssize_t n = ::recv(fd_.get(), buffer, sizeof buffer, MSG_DONTWAIT);
    if (n > 0) reader_.feed({buffer, static_cast<std::size_t>(n)});
    if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) ended_ = true;
  }
  bool run_some() const {
    loop_.restart();
    loop_.run_one_for(10ms);
    return errno == EAGAIN;
  }

  boost::asio::io_context& loop_;
  base::Fd fd_;
  FrameReader reader_{longest_reply_frame};
  bool ended_ = false;
};

}  // namespace xsuperd::control::test
