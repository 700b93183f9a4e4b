// SPDX-License-Identifier: MIT
#pragma once
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <catch2/catch.hpp>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <functional>
#include <iterator>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "fakes/fake_spawner.hpp"
#include "fakes/idle_processes.hpp"
#include "fleet/packets.hpp"
#include "xsuperd/fleet/words.hpp"

/// What tests share in which a process that shares bans says what the test wants.
namespace xsuperd::fleet::testing {

/// A store that lets everybody connect, and says nothing.
class SilentStore {
 public:
  SilentStore() : socket_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un name{};
    name.sun_family = AF_UNIX;
    socklen_t length = sizeof name.sun_family;  // the kernel chooses an abstract one
    REQUIRE(::bind(socket_.get(), reinterpret_cast<const sockaddr*>(&name), length) == 0);
    length = sizeof name;
    REQUIRE(::getsockname(socket_.get(), reinterpret_cast<sockaddr*>(&name), &length) == 0);
    path_ = '@' + std::string(&name.sun_path[1], length - offsetof(sockaddr_un, sun_path) - 1);
    REQUIRE(::listen(socket_.get(), 1024) == 0);
  }
  /// As StoreAddress has it.
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  base::Fd socket_;
  std::string path_;
};

/// The same by TCP, at an address of this host.
class SilentServer {
 public:
  explicit SilentServer(std::string address = "127.0.0.1")
      : address_(std::move(address)), socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
    sockaddr_in name{.sin_family = AF_INET, .sin_port = 0, .sin_addr = {}, .sin_zero = {}};
    socklen_t length = sizeof name;
    REQUIRE(::inet_pton(AF_INET, address_.c_str(), &name.sin_addr) == 1);
    REQUIRE(::bind(socket_.get(), reinterpret_cast<const sockaddr*>(&name), length) == 0);
    REQUIRE(::getsockname(socket_.get(), reinterpret_cast<sockaddr*>(&name), &length) == 0);
    REQUIRE(::listen(socket_.get(), 1024) == 0);
    port_ = ntohs(name.sin_port);
  }
  [[nodiscard]] const std::string& address() const { return address_; }
  [[nodiscard]] std::uint16_t port() const { return port_; }
  /// Has anybody connected who has not been counted yet?
  [[nodiscard]] bool was_reached() const { return static_cast<bool>(base::Fd(::accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC))); }

 private:
  const std::string address_;
  base::Fd socket_;
  std::uint16_t port_ = 0;
};

/// Starts processes that do nothing, while the test speaks in the place of the latest.
class PuppetProcess {
 public:
  explicit PuppetProcess(boost::asio::io_context& loop) : loop_(loop) {
    spawner.answer_at_once = [this](spawn::Job& job) -> std::optional<spawn::Outcome> {
      ++starts;
      processes_.end();
      socket = std::move(job.socket);
      spawn::Started started = processes_.start(job.token);
      pid = started.pid;
      return started;
    };
  }
  /// Whoever had them started is gone by now.
  ~PuppetProcess() {
    processes_.end();
    while (::waitpid(-1, nullptr, 0) > 0 || errno == EINTR) {
    }
  }
  PuppetProcess(const PuppetProcess&) = delete;
  PuppetProcess& operator=(const PuppetProcess&) = delete;

  /// False when it has not come to that for a long time.
  bool run_until(const std::function<bool()>& done, std::chrono::seconds patience = std::chrono::seconds(20)) {
    const auto deadline = std::chrono::steady_clock::now() + patience;
    while (!done()) {
      if (std::chrono::steady_clock::now() > deadline) return false;
      if (loop_.stopped()) loop_.restart();
      loop_.run_one_for(std::chrono::milliseconds(2));  // `done` may look at more than the loop does
    }
    return true;
  }
  void run_for(std::chrono::milliseconds time) {
    const auto end = std::chrono::steady_clock::now() + time;
    (void)run_until([end] { return std::chrono::steady_clock::now() >= end; });
  }

  /// Waits for room; no effect when nobody listens any more.
  void say(std::string_view bytes, std::span<const int> descriptors = {}) {
    REQUIRE(run_until([&] { return send(bytes, descriptors) != EAGAIN; }));
  }
  void say(const Word& word) { say(encode(word)); }
  /// The next order; waits for it.
  Order hear() {
    Packet packet;
    REQUIRE(run_until([&] { return receive_packet(socket.get(), packet) == Got::one; }));
    auto order = decode_order(packet.bytes);
    REQUIRE(order);
    return std::move(*order);
  }
  /// It becomes ready, and is told of the store.
  void hear_of_store() {
    say(Ready{});
    REQUIRE(std::holds_alternative<Meet>(hear()));
  }
  /// Are so many descriptors open here, as soon as what has ended is tidied away?
  bool comes_to_open(std::ptrdiff_t count) {
    return run_until([&] { return open_here() <= count; }, std::chrono::seconds(5)) && open_here() == count;
  }
  [[nodiscard]] static std::ptrdiff_t open_here() { return std::distance(std::filesystem::directory_iterator("/proc/self/fd"), {}); }

  fakes::FakeSpawner spawner;
  base::Fd socket;  ///< its end, of the latest
  pid_t pid = -1;
  int starts = 0;

 private:
  /// 0, or errno. Unlike send_packet() it sends any number of descriptors.
  int send(std::string_view bytes, std::span<const int> descriptors) {
    std::vector<char> control(descriptors.empty() ? 0 : CMSG_SPACE(descriptors.size_bytes()));
    iovec piece{const_cast<char*>(bytes.data()), bytes.size()};
    msghdr message{};
    message.msg_iov = &piece;
    message.msg_iovlen = 1;
    message.msg_control = control.empty() ? nullptr : control.data();
    message.msg_controllen = control.size();
    if (cmsghdr* header = CMSG_FIRSTHDR(&message)) {
      header->cmsg_level = SOL_SOCKET;
      header->cmsg_type = SCM_RIGHTS;
      header->cmsg_len = CMSG_LEN(descriptors.size_bytes());
      std::memcpy(CMSG_DATA(header), descriptors.data(), descriptors.size_bytes());
    }
    return ::sendmsg(socket.get(), &message, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0 ? 0 : errno;
  }

  boost::asio::io_context& loop_;
  fakes::IdleProcesses processes_;
};

}  // namespace xsuperd::fleet::testing
