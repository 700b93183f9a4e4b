// SPDX-License-Identifier: MIT
// streamload MODE ...: what is on both sides of a relay, and the clients of echo.
//
//   target PORT                    serves until it is ended: PORT reads and throws away, PORT+1 sends for as
//   long as it
//                                  is read, PORT+2 sends back what comes, PORT+3 sends a line and closes
//   up|down PORT STREAMS SECONDS   sends (reads) as much as possible over so many connections; prints MB per
//   second and
//                                  how many connections broke
//   rounds PORT STREAMS SECONDS    sends 64 bytes and waits for them to come back, again and again, on each
//   of the
//                                  connections; prints "ROUNDS RATE P50 P99 ERRORS": round trips, those per
//                                  second, and microseconds
//
// All on 127.0.0.1, with one thread and epoll. A MB is a million bytes.
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

enum class Role : std::uint8_t { none, accept, sink, source, echo, line };
constexpr std::array roles{Role::sink, Role::source, Role::echo, Role::line};
constexpr std::size_t message_size = 64;

std::array<char, 256 * 1024> buffer;

struct Connection {
  Role role = Role::none;  ///< of accept: of its connections
  Role accepted = Role::none;
  std::size_t pending = 0;  ///< bytes of a round trip that have not come back
  Clock::time_point sent;
};

std::vector<Connection> connections;  // by descriptor
int poller = -1;

sockaddr_in local(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

[[noreturn]] void give_up(const char* what) {
  std::perror(what);
  std::exit(1);
}

Connection& watch(int fd, Role role, std::uint32_t events) {
  if (connections.size() <= static_cast<std::size_t>(fd))
    connections.resize(static_cast<std::size_t>(fd) + 1);
  Connection& connection = connections[static_cast<std::size_t>(fd)] = {};
  connection.role = role;
  epoll_event event{events, {.fd = fd}};
  if (epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event) != 0) give_up("epoll_ctl");
  return connection;
}

void no_delay(int fd) {
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

void listen_on(int port, Role role) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  const int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  const sockaddr_in address = local(port);
  if (bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 || listen(fd, 4096) != 0)
    give_up("listen");
  watch(fd, Role::accept, EPOLLIN).accepted = role;
}

void accept_all(int listener, Role role) {
  while (true) {
    const int fd = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0) return;
    if (role == Role::line) {
      (void)!write(fd, "welcome\n", 8);
      close(fd);
      continue;
    }
    no_delay(fd);
    watch(fd, role, role == Role::source ? EPOLLIN | EPOLLOUT : EPOLLIN);
  }
}

bool over(ssize_t n) { return n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR); }

/// False when the connection is over. Whoever sends more than socket buffers hold without reading is cut off.
bool echo(int fd) {
  const ssize_t n = read(fd, buffer.data(), buffer.size());
  if (n <= 0) return !over(n);
  return write(fd, buffer.data(), static_cast<std::size_t>(n)) == n;
}

bool serve(int fd, Role role, std::uint32_t events) {
  if (role == Role::echo) return echo(fd);
  if (role == Role::sink || (events & EPOLLIN) != 0) return !over(read(fd, buffer.data(), buffer.size()));
  return !over(write(fd, buffer.data(), buffer.size()));
}

int target(int port) {
  for (std::size_t i = 0; i < roles.size(); ++i) listen_on(port + static_cast<int>(i), roles[i]);
  std::puts("ready");
  std::fflush(stdout);
  std::array<epoll_event, 256> events{};
  while (true) {
    const int count = epoll_wait(poller, events.data(), events.size(), -1);
    for (int i = 0; i < count; ++i) {
      const epoll_event& event = events[static_cast<std::size_t>(i)];
      const int fd = event.data.fd;
      const Connection connection = connections[static_cast<std::size_t>(fd)];
      if (connection.role == Role::accept) {
        accept_all(fd, connection.accepted);
      } else if (!serve(fd, connection.role, event.events)) {
        close(fd);
      }
    }
  }
}

std::vector<int> connect_all(int port, int streams, std::uint32_t events) {
  std::vector<int> fds;
  const sockaddr_in address = local(port);
  for (int i = 0; i < streams; ++i) {
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
      give_up("connect");
    no_delay(fd);
    fcntl(fd, F_SETFL, O_NONBLOCK);
    watch(fd, Role::none, events);
    fds.push_back(fd);
  }
  return fds;
}

/// Calls `handle` with each descriptor that has something until the time is over.
template <typename Handle>
double run_for(int seconds, Handle handle) {
  const auto start = Clock::now();
  const auto end = start + std::chrono::seconds(seconds);
  std::array<epoll_event, 256> events{};
  while (Clock::now() < end) {
    const int count = epoll_wait(poller, events.data(), events.size(), 100);
    for (int i = 0; i < count; ++i) handle(events[static_cast<std::size_t>(i)].data.fd);
  }
  return std::chrono::duration<double>(Clock::now() - start).count();
}

int throughput(bool up, int port, int streams, int seconds) {
  (void)connect_all(port, streams, up ? EPOLLOUT : EPOLLIN);
  std::uint64_t bytes = 0;
  int broken = 0;
  const double took = run_for(seconds, [&](int fd) {
    const ssize_t n = up ? write(fd, buffer.data(), buffer.size()) : read(fd, buffer.data(), buffer.size());
    if (n > 0) bytes += static_cast<std::uint64_t>(n);
    if (!over(n)) return;
    ++broken;
    close(fd);
  });
  std::printf("%.1f %d\n", static_cast<double>(bytes) / took / 1e6, broken);
  return 0;
}

int rounds(int port, int streams, int seconds) {
  std::vector<std::uint32_t> microseconds;
  int errors = 0;
  const auto send = [&](int fd) {
    Connection& connection = connections[static_cast<std::size_t>(fd)];
    connection.sent = Clock::now();
    connection.pending = message_size;
    if (write(fd, buffer.data(), message_size) != static_cast<ssize_t>(message_size)) ++errors;
  };
  for (const int fd : connect_all(port, streams, EPOLLIN)) send(fd);
  const double took = run_for(seconds, [&](int fd) {
    Connection& connection = connections[static_cast<std::size_t>(fd)];
    const ssize_t n = read(fd, buffer.data(), buffer.size());
    if (over(n) || (n > 0 && static_cast<std::size_t>(n) > connection.pending)) {
      ++errors;
      close(fd);
      return;
    }
    connection.pending -= static_cast<std::size_t>(std::max<ssize_t>(n, 0));
    if (connection.pending > 0) return;
    const auto time = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - connection.sent);
    microseconds.push_back(static_cast<std::uint32_t>(time.count()));
    send(fd);
  });
  std::sort(microseconds.begin(), microseconds.end());
  const auto at = [&](std::size_t percent) {
    return microseconds.empty() ? 0U : microseconds[(microseconds.size() - 1) * percent / 100];
  };
  std::printf("%zu %.1f %u %u %d\n", microseconds.size(), static_cast<double>(microseconds.size()) / took,
              at(50), at(99), errors);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);
  poller = epoll_create1(EPOLL_CLOEXEC);
  const std::string_view mode = argc > 1 ? argv[1] : "";
  const auto number = [&](int index) { return index < argc ? std::atoi(argv[index]) : 0; };
  const int port = number(2);
  const bool timed = number(3) > 0 && number(4) > 0;
  if (port < 1 || port > 65530) {
  } else if (mode == "target") {
    return target(port);
  } else if ((mode == "up" || mode == "down") && timed) {
    return throughput(mode == "up", port, number(3), number(4));
  } else if (mode == "rounds" && timed) {
    return rounds(port, number(3), number(4));
  }
  std::fputs("usage: streamload target PORT | up|down|rounds PORT STREAMS SECONDS\n", stderr);
  return 1;
}
