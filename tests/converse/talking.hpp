// SPDX-License-Identifier: MIT
// Peers of conversations, on the thread of the loop: real sockets, and nothing that waits.
#pragma once
#include <dirent.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <catch2/catch.hpp>
#include <cerrno>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "xsuperd/base/address.hpp"
#include "xsuperd/base/fd.hpp"
#include "xsuperd/converse/conversation.hpp"

namespace xsuperd::converse::testing {

using namespace std::chrono_literals;

/// Descriptors that are open now.
inline int open_descriptors() {
  int count = 0;
  const std::unique_ptr<DIR, int (*)(DIR*)> dir(::opendir("/proc/self/fd"), ::closedir);
  while (::readdir(dir.get()) != nullptr) ++count;
  return count;
}

/// Runs the loop until `enough` says so. False when it has not for twenty seconds.
template <typename Enough>
bool run_until(boost::asio::io_context& loop, Enough enough) {
  const auto work = boost::asio::make_work_guard(loop);
  const auto end = std::chrono::steady_clock::now() + 20s;
  while (!enough()) {
    if (std::chrono::steady_clock::now() > end) return false;
    loop.restart();
    loop.run_one_for(1ms);  // short, because what is waited for need not be an event of this loop
  }
  return true;
}

/// A listening socket on a port of its own.
struct Server {
  explicit Server(const char* at = "127.0.0.1", int backlog = 64) {
    endpoint.address = *base::Address::parse(at);
    const bool ipv6 = endpoint.address.family() == base::Address::Family::ipv6;
    fd.reset(::socket(ipv6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_storage to;
    socklen_t length = base::fill_sockaddr(endpoint, ipv6, to);
    REQUIRE(::bind(fd.get(), reinterpret_cast<const sockaddr*>(&to), length) == 0);
    REQUIRE(::listen(fd.get(), backlog) == 0);
    length = sizeof to;
    ::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&to), &length);
    endpoint = base::endpoint_of(to);
  }
  /// A client of this server, connected or about to be.
  [[nodiscard]] base::Fd client() const {
    const bool ipv6 = endpoint.address.family() == base::Address::Family::ipv6;
    base::Fd client(::socket(ipv6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    sockaddr_storage to;
    const socklen_t length = base::fill_sockaddr(endpoint, ipv6, to);
    ::connect(client.get(), reinterpret_cast<const sockaddr*>(&to), length);
    return client;
  }
  [[nodiscard]] bool called() const {
    pollfd watched{fd.get(), POLLIN, 0};
    return ::poll(&watched, 1, 0) > 0;
  }
  [[nodiscard]] base::Fd accepted() const {
    base::Fd connection(::accept4(fd.get(), nullptr, nullptr, SOCK_CLOEXEC));
    REQUIRE(connection);
    return connection;
  }

  base::Fd fd;
  base::Endpoint endpoint;
};

/// Two ends of a TCP connection: the peer's, which never blocks, and ours.
inline std::pair<base::Fd, base::Fd> tcp_pair(const char* at = "127.0.0.1") {
  const Server server(at);
  base::Fd client = server.client();
  return {std::move(client), server.accepted()};
}

inline std::pair<base::Fd, base::Fd> unix_pair() {
  int ends[2];
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
  ::fcntl(ends[0], F_SETFL, O_NONBLOCK);
  return {base::Fd(ends[0]), base::Fd(ends[1])};
}

/// An endpoint at which nobody listens.
inline base::Endpoint nobody(const char* at = "127.0.0.1") { return Server(at).endpoint; }

/// A server that takes no further connection: its queue is full.
struct Deaf {
  Deaf() {
    for (int i = 0; i < 4; ++i) queue.push_back(server.client());
  }
  Server server{"127.0.0.1", 0};
  std::vector<base::Fd> queue;
};

/// Closing it will reset the connection.
inline void reset_when_closed(const base::Fd& fd) {
  const linger now{1, 0};
  ::setsockopt(fd.get(), SOL_SOCKET, SO_LINGER, &now, sizeof now);
}

/// A conversation with a client.
struct Talking {
  explicit Talking(Kind kind, Parameters parameters = {}, std::pair<base::Fd, base::Fd> ends = tcp_pair())
      : client(std::move(ends.first)) {
    conversation = start(loop, kind, std::move(ends.second), std::move(parameters), [this](Report r) {
      ++calls;
      report = std::move(r);
    });
    REQUIRE(calls == 0);
  }

  /// All of it must fit into the socket's buffer.
  void say(std::string_view text) const {
    REQUIRE(::send(client.get(), text.data(), text.size(), MSG_NOSIGNAL) ==
            static_cast<ssize_t>(text.size()));
  }
  void end_writing() const { ::shutdown(client.get(), SHUT_WR); }

  /// Appends what there is. False at the end of file or an error.
  bool hear() {
    while (true) {
      char bytes[16 * 1024];
      const ssize_t n = ::recv(client.get(), bytes, sizeof bytes, MSG_DONTWAIT);
      if (n <= 0) return n < 0 && errno == EAGAIN;
      heard.append(bytes, static_cast<std::size_t>(n));
    }
  }
  /// What comes until at least `size` bytes are there.
  std::string hear(std::size_t size) {
    REQUIRE(run_until(loop, [&] { return !hear() || heard.size() >= size; }));
    return std::exchange(heard, {});
  }
  /// What comes until the other side has closed in order.
  std::string hear_all() {
    REQUIRE(run_until(loop, [&] { return !hear(); }));
    CHECK(::recv(client.get(), nullptr, 0, MSG_DONTWAIT) == 0);
    return std::exchange(heard, {});
  }
  const Report& result() {
    REQUIRE(run_until(loop, [&] { return report.has_value(); }));
    loop.restart();
    loop.poll();
    CHECK(calls == 1);
    return *report;
  }
  /// Runs what there is to be run.
  void settle() {
    for (int i = 0; i < 20; ++i) {
      loop.restart();
      loop.poll();
    }
  }

  boost::asio::io_context loop;
  base::Fd client;
  std::string heard;
  std::optional<Report> report;
  int calls = 0;
  std::unique_ptr<Conversation> conversation;
};

}  // namespace xsuperd::converse::testing
