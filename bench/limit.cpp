// SPDX-License-Identifier: MIT
// limit MODE PORT ...: what this machine can do at most. Each mode is the work of one kind of service and nothing else:
// no configuration, no decision, no counting. bench/run measures it beside the daemons.
//
//   spawn PORT PROGRAM [UID LOG]   starts PROGRAM for each connection: a thread a processor, each of which accepts and
//                                  vforks; with UID as that user, and with two lines in the file LOG for each
//   deny PORT                      accepts and closes
//   echo PORT                      sends back what comes, any number of connections
//   relay PORT TARGET              connects to the port TARGET and splices both ways
//   udp PORT                       sends back each datagram
//   wait PORT PROGRAM              starts PROGRAM when a datagram is there, and waits for its end
//
// All on 127.0.0.1. Runs until it is ended.
#include <arpa/inet.h>
#include <fcntl.h>
#include <grp.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <thread>
#include <vector>

namespace {

[[noreturn]] void give_up(const char* what) {
  std::perror(what);
  std::exit(1);
}

sockaddr_in local(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

int open_socket(int port, int type) {
  const int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);
  const int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  const sockaddr_in address = local(port);
  if (bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) give_up("bind");
  if ((type & SOCK_STREAM) != 0 && (type & SOCK_DGRAM) == 0 && listen(fd, 4096) != 0) give_up("listen");
  return fd;
}

/// What each child becomes.
struct Program {
  char* argv[2];
  uid_t uid = 0;
  bool as_user = false;
  int log = -1;
};

/// Between vfork and exec: no library that could touch the parent's memory.
[[noreturn]] void become(const Program& program, int fd) {
  for (int low = 0; low < 3; ++low) dup2(fd, low);
  if (program.as_user && (setgroups(0, nullptr) != 0 || setgid(program.uid) != 0 || setuid(program.uid) != 0))
    _exit(1);
  char* environment[] = {nullptr};
  execve(program.argv[0], const_cast<char* const*>(program.argv), environment);
  _exit(127);
}

pid_t start(const Program& program, int fd) {
  const pid_t pid = vfork();  // NOLINT(clang-analyzer-security.insecureAPI.vfork): the point of it
  if (pid == 0) become(program, fd);
  return pid;
}

void note(const Program& program, const char* what, pid_t pid) {
  if (program.log < 0) return;
  std::array<char, 64> line;
  const int size = std::snprintf(line.data(), line.size(), "%s: pid=%d from=127.0.0.1\n", what, pid);
  (void)!write(program.log, line.data(), static_cast<std::size_t>(size));
}

void accept_and_start(const Program& program, int listener) {
  while (true) {
    const int fd = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) continue;
    const pid_t pid = start(program, fd);
    close(fd);
    note(program, "START", pid);
  }
}

/// Children are waited for, and so their time is counted as ours.
[[noreturn]] void reap(const Program& program) {
  while (true) {
    int status = 0;
    const pid_t pid = waitpid(-1, &status, 0);
    if (pid > 0)
      note(program, "EXIT", pid);
    else
      usleep(1000);  // there is none yet
  }
}

int spawn(int port, const Program& program) {
  const int listener = open_socket(port, SOCK_STREAM);
  const unsigned threads = std::max(1U, std::thread::hardware_concurrency());
  std::vector<std::jthread> all;
  for (unsigned i = 0; i < threads; ++i) all.emplace_back([&] { accept_and_start(program, listener); });
  reap(program);
}

int deny(int port) {
  const int listener = open_socket(port, SOCK_STREAM);
  while (true) {
    const int fd = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd >= 0) close(fd);
  }
}

/// An epoll set that `handle` is called for, by descriptor.
class Loop {
 public:
  void add(int fd, std::uint32_t events) {
    epoll_event event{events, {.fd = fd}};
    if (epoll_ctl(set_, EPOLL_CTL_ADD, fd, &event) != 0) give_up("epoll_ctl");
  }
  template <typename Handle>
  [[noreturn]] void run(Handle handle) {
    std::array<epoll_event, 256> events;
    while (true) {
      const int count = epoll_wait(set_, events.data(), events.size(), -1);
      for (int i = 0; i < count; ++i) handle(events[static_cast<std::size_t>(i)].data.fd);
    }
  }

 private:
  int set_ = epoll_create1(EPOLL_CLOEXEC);
};

int echo(int port) {
  Loop loop;
  const int listener = open_socket(port, SOCK_STREAM);
  loop.add(listener, EPOLLIN);
  std::vector<char> buffer(65536);
  loop.run([&](int fd) {
    if (fd == listener) {
      const int peer = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
      if (peer >= 0) loop.add(peer, EPOLLIN);
      return;
    }
    const ssize_t n = read(fd, buffer.data(), buffer.size());
    if (n > 0)
      (void)!write(fd, buffer.data(), static_cast<std::size_t>(n));
    else if (n == 0 || errno != EAGAIN)
      close(fd);
  });
}

/// One way of a relayed connection: what lies in the pipe has been read and not written yet.
struct Way {
  int from = -1, to = -1;
  std::array<int, 2> pipe{-1, -1};
  std::size_t inside = 0;
  bool ended = false;  ///< the end was passed on
};

constexpr std::size_t most_spliced = 1 << 20;

/// Moves what it can. False when the connection is broken.
bool move(Way& way) {
  while (!way.ended) {
    const unsigned flags = SPLICE_F_MOVE | SPLICE_F_NONBLOCK;
    ssize_t n = 1;
    if (way.inside == 0) {
      n = splice(way.from, nullptr, way.pipe[1], nullptr, most_spliced, flags);
      if (n < 0) return errno == EAGAIN;
      way.inside = static_cast<std::size_t>(n);
    }
    if (n == 0) {
      way.ended = true;
      shutdown(way.to, SHUT_WR);
      return true;
    }
    n = splice(way.pipe[0], nullptr, way.to, nullptr, way.inside, flags);
    if (n < 0) return errno == EAGAIN;
    way.inside -= static_cast<std::size_t>(n);
  }
  return true;
}

struct Pair {
  Way there, back;
};

class Relay {
 public:
  Relay(int port, int target) : listener_(open_socket(port, SOCK_STREAM | SOCK_NONBLOCK)), target_(local(target)) {}
  [[noreturn]] void run() {
    loop_.add(listener_, EPOLLIN);
    loop_.run([this](int fd) { fd == listener_ ? begin() : go_on(fd); });
  }

 private:
  void begin() {
    const int peer = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (peer < 0) return;
    const int target = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    (void)connect(target, reinterpret_cast<const sockaddr*>(&target_), sizeof target_);
    auto* pair = new Pair;
    pair->there.from = pair->back.to = peer;
    pair->there.to = pair->back.from = target;
    pair->there.pipe = new_pipe();
    pair->back.pipe = new_pipe();
    for (const int fd : {peer, target}) {
      if (pairs_.size() <= static_cast<std::size_t>(fd)) pairs_.resize(static_cast<std::size_t>(fd) + 1);
      pairs_[static_cast<std::size_t>(fd)] = pair;
      loop_.add(fd, EPOLLIN | EPOLLOUT | EPOLLET);
    }
  }

  void go_on(int fd) {
    Pair* pair = pairs_[static_cast<std::size_t>(fd)];
    if (pair == nullptr) return;  // closed in this round
    const bool works = move(pair->there) && move(pair->back);
    if (works && !(pair->there.ended && pair->back.ended)) return;
    for (const int socket : {pair->there.from, pair->there.to}) {
      pairs_[static_cast<std::size_t>(socket)] = nullptr;
      close(socket);
    }
    for (const Way* way : {&pair->there, &pair->back}) keep_or_close(*way);
    delete pair;
  }

  std::array<int, 2> new_pipe() {
    std::array<int, 2> pipe{-1, -1};
    if (!pipes_.empty()) {
      pipe = pipes_.back();
      pipes_.pop_back();
    } else if (pipe2(pipe.data(), O_CLOEXEC | O_NONBLOCK) != 0) {
      give_up("pipe2");
    } else {
      fcntl(pipe[1], F_SETPIPE_SZ, static_cast<int>(most_spliced));
    }
    return pipe;
  }
  void keep_or_close(const Way& way) {
    if (way.inside == 0) return pipes_.push_back(way.pipe);
    close(way.pipe[0]);
    close(way.pipe[1]);
  }

  Loop loop_;
  int listener_;
  sockaddr_in target_;
  std::vector<Pair*> pairs_;                ///< by descriptor
  std::vector<std::array<int, 2>> pipes_;  ///< empty ones, to be used again
};

int udp(int port) {
  constexpr std::size_t most = 64;
  constexpr std::size_t room = 2048;
  const int fd = open_socket(port, SOCK_DGRAM);
  std::vector<std::array<char, room>> bytes(most);
  std::vector<sockaddr_in> peers(most);
  std::vector<iovec> parts(most);
  std::vector<mmsghdr> messages(most);
  while (true) {
    for (std::size_t i = 0; i < most; ++i) {
      parts[i] = {bytes[i].data(), room};
      messages[i].msg_hdr = {&peers[i], sizeof peers[i], &parts[i], 1, nullptr, 0, 0};
    }
    const int count = recvmmsg(fd, messages.data(), most, MSG_WAITFORONE, nullptr);
    if (count < 1) continue;
    for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i) parts[i].iov_len = messages[i].msg_len;
    (void)sendmmsg(fd, messages.data(), static_cast<unsigned>(count), 0);
  }
}

int wait_for_datagrams(int port, const Program& program) {
  const int fd = open_socket(port, SOCK_DGRAM);
  while (true) {
    pollfd readable{fd, POLLIN, 0};
    if (poll(&readable, 1, -1) < 1) continue;
    const pid_t pid = start(program, fd);
    int status = 0;
    if (pid > 0) waitpid(pid, &status, 0);
  }
}

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);
  rlimit files{};
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  const std::string_view mode = argc > 2 ? argv[1] : "";
  const int port = argc > 2 ? std::atoi(argv[2]) : 0;
  Program program{{argc > 3 ? argv[3] : nullptr, nullptr}};
  if (argc > 5) {
    program.as_user = true;
    program.uid = static_cast<uid_t>(std::atoi(argv[4]));
    program.log = open(argv[5], O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  }
  if (mode == "spawn" && argc > 3) return spawn(port, program);
  if (mode == "deny") return deny(port);
  if (mode == "echo") return echo(port);
  if (mode == "relay" && argc > 3) Relay(port, std::atoi(argv[3])).run();
  if (mode == "udp") return udp(port);
  if (mode == "wait" && argc > 3) return wait_for_datagrams(port, program);
  std::fputs("usage: limit spawn|deny|echo|relay|udp|wait PORT ...\n", stderr);
  return 1;
}
