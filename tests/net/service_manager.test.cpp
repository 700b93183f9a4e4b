// SPDX-License-Identifier: MIT
#include "xsuperd/net/service_manager.hpp"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <catch2/catch.hpp>
#include <cstddef>
#include <functional>

#include "net/sockets.hpp"
#include "xsuperd/base/environment.hpp"
#include "xsuperd/base/text.hpp"

using namespace xsuperd;
using namespace xsuperd::net;
using namespace xsuperd::net::testing;

namespace {

/// A manager's end: an abstract socket that NOTIFY_SOCKET names as long as the test.
struct Manager {
  Manager() : socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    name = "@xsuperd-test-" + std::to_string(::getpid());
    sockaddr_un at{};
    at.sun_family = AF_UNIX;
    name.copy(at.sun_path, name.size());
    at.sun_path[0] = '\0';
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
    REQUIRE(::bind(socket.get(), reinterpret_cast<const sockaddr*>(&at), size) == 0);
    ::setenv("NOTIFY_SOCKET", name.c_str(), 1);
  }
  ~Manager() { ::unsetenv("NOTIFY_SOCKET"); }

  /// The next message; `passed` is the descriptor that came with it.
  std::string hear(base::Fd& passed) {
    char text[4096];
    alignas(cmsghdr) char control[256];
    iovec part{text, sizeof text};
    msghdr message{nullptr, 0, &part, 1, control, sizeof control, 0};
    const ssize_t n = ::recvmsg(socket.get(), &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    for (cmsghdr* c = CMSG_FIRSTHDR(&message); n >= 0 && c; c = CMSG_NXTHDR(&message, c))
      if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS)
        passed.reset(*reinterpret_cast<const int*>(CMSG_DATA(c)));
    return n < 0 ? "nothing" : std::string(text, static_cast<std::size_t>(n));
  }
  std::string hear() {
    base::Fd ignored;
    return hear(ignored);
  }

  base::Fd socket;
  std::string name;
};

int in_child(const std::function<int()>& act) {
  const pid_t pid = ::fork();
  if (pid == 0) ::_exit(act());
  int status = 0;
  ::waitpid(pid, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

}  // namespace

TEST_CASE("the variables of a service manager are known, and no others") {
  for (const char* variable : {"NOTIFY_SOCKET=/run/x", "LISTEN_FDS=1", "LISTEN_PID=2", "LISTEN_FDNAMES=a:b", "FDSTORE=9",
                               "WATCHDOG_USEC=1", "WATCHDOG_PID=2"})
    CHECK(base::is_for_daemon_alone(variable));
  for (const char* variable : {"NOTIFY_SOCKETS=1", "LISTEN=1", "PATH=/bin", "", "=LISTEN_FDS"})
    CHECK_FALSE(base::is_for_daemon_alone(variable));
}

TEST_CASE("names of descriptors are printable ASCII without colons, and tell ids apart") {
  CHECK(descriptor_name("web") == "web");
  CHECK(descriptor_name("a:b/c d\\") == "a\\x3ab\\x2fc\\x20d\\x5c");
  CHECK(descriptor_name("\xc3\xa9") == "\\xc3\\xa9");
  CHECK(descriptor_name(std::string(255, 'x')).size() == 255);
  CHECK(descriptor_name(std::string(256, 'x')).empty());
}

TEST_CASE("a stored name tells the service and the place of its socket") {
  auto spec = tcp_at("127.0.0.1");
  spec.at.port = 7001;
  CHECK(stored_name("web", spec) == "xsuperd/web/tcp/127.0.0.1/7001");
  CHECK(stored_refusing_name("web", spec) == "xsuperd/web/tcp/127.0.0.1/7001/refused");
  CHECK(stored_name("a:b/c", spec) == "xsuperd/a\\x3ab\\x2fc/tcp/127.0.0.1/7001");
  spec.at.address = address("::ffff:127.0.0.1");
  CHECK(stored_name("web", spec) == "xsuperd/web/tcp/127.0.0.1/7001");
  spec = udp_at("fe80::1");
  CHECK(stored_name("web", spec) == "xsuperd/web/udp/fe80--1/0");
  spec.at.address = {};
  CHECK(stored_name("web", spec) == "xsuperd/web/udp/*/0");
  spec.v6only = true;
  CHECK(stored_name("web", spec) == "xsuperd/web/udp/ipv6/0");
  spec.v6only = spec.ipv6 = false;
  CHECK(stored_name("web", spec) == "xsuperd/web/udp/ipv4/0");
  CHECK(is_stored_name(stored_name("web", spec)));
  CHECK_FALSE(is_stored_name("web"));
}

TEST_CASE("a stored name that would be too long ends in a hash, which does not see case") {
  const auto spec = tcp_at("127.0.0.1");
  const auto udp = udp_at("127.0.0.1");
  for (const std::size_t length : {220, 221, 222, 223, 230, 255, 4000}) {
    const std::string name = stored_name(std::string(length, 'x'), spec);
    CHECK(name.size() <= 247);
    CHECK(stored_refusing_name(std::string(length, 'x'), spec) == name + "/refused");
    CHECK(name != stored_name(std::string(length, 'x'), udp));
    CHECK(name != stored_name(std::string(length - 1, 'x') + "y", spec));
    CHECK(base::iequals(name, stored_name(std::string(length, 'X'), spec)));
  }
  const std::string odd = stored_name(std::string(300, ':'), spec);
  CHECK(odd.size() == 247);
  CHECK(odd.find(':') == std::string::npos);
}

TEST_CASE("a manager hears words, and gets and forgets descriptors by name") {
  if (!service_manager_available()) {
    WARN("skipped: built without libsystemd");
    return;
  }
  CHECK(make_service_manager() == nullptr);
  Manager manager;
  const auto words = make_service_manager();
  REQUIRE(words);
  CHECK(words->tell("READY=1\nSTATUS=fine").has_value());
  CHECK(manager.hear() == "READY=1\nSTATUS=fine");
  const base::Fd listener = opened(tcp_at("127.0.0.1"));
  CHECK(words->store(listener.get(), "xsuperd/web").has_value());
  base::Fd passed;
  CHECK(manager.hear(passed) == "FDSTORE=1\nFDNAME=xsuperd/web");
  REQUIRE(passed);
  CHECK(local_endpoint(passed.get()) == local_endpoint(listener.get()));
  CHECK(words->forget("xsuperd/web").has_value());
  CHECK(manager.hear() == "FDSTOREREMOVE=1\nFDNAME=xsuperd/web");
  CHECK(manager.hear() == "nothing");
  CHECK(base::variables_for_daemon_alone() == std::vector<std::string>{"NOTIFY_SOCKET=" + manager.name});
  manager.socket.reset();
  const auto lost = words->tell("READY=1");
  REQUIRE(lost.has_error());
  CHECK(lost.error().sentence.starts_with("talking to the service manager: "));
}

TEST_CASE("a watchdog counts only when it is this process that is watched") {
  if (!service_manager_available()) {
    WARN("skipped: built without libsystemd");
    return;
  }
  CHECK_FALSE(watchdog_period());
  CHECK(in_child([] {
          ::setenv("WATCHDOG_USEC", "3000000", 1);
          ::setenv("WATCHDOG_PID", std::to_string(::getpid()).c_str(), 1);
          return watchdog_period() == std::chrono::seconds(3) ? 0 : 1;
        }) == 0);
  CHECK(in_child([] {
          ::setenv("WATCHDOG_USEC", "3000000", 1);
          ::setenv("WATCHDOG_PID", "1", 1);
          return watchdog_period() ? 1 : 0;
        }) == 0);
}

TEST_CASE("how many descriptors a manager keeps is known when it says so") {
  CHECK_FALSE(store_room());
  for (const auto& [said, room] : {std::pair{"512", 512}, {"0", 0}, {"", -1}, {"many", -1}, {"-1", -1}, {"5 ", -1}}) {
    INFO(said);
    CHECK(in_child([said = said, room = room] {
            ::setenv("FDSTORE", said, 1);
            return store_room() == (room < 0 ? std::nullopt : std::optional<std::size_t>(room)) ? 0 : 1;
          }) == 0);
  }
}

TEST_CASE("sockets that were handed over are taken with their names, and out of the way") {
  if (!service_manager_available()) {
    WARN("skipped: built without libsystemd");
    return;
  }
  CHECK(in_child([] {
          const base::Fd web = opened(tcp_at("127.0.0.1"));
          const base::Fd time = opened(udp_at("127.0.0.1"));
          const base::Fd one(::fcntl(web.get(), F_DUPFD, 100));
          const base::Fd two(::fcntl(time.get(), F_DUPFD, 101));
          ::dup2(one.get(), 3);
          ::dup2(two.get(), 4);
          ::setenv("LISTEN_FDS", "2", 1);
          ::setenv("LISTEN_FDNAMES", "web:time", 1);
          ::setenv("LISTEN_PID", std::to_string(::getpid()).c_str(), 1);
          const auto taken = take_activated_sockets(16);
          if (!taken || taken->size() != 2) return 1;
          if (taken->at(0).name != "web" || taken->at(1).name != "time") return 2;
          for (const ActivatedSocket& socket : *taken)
            if (socket.fd.get() < 16 || (::fcntl(socket.fd.get(), F_GETFD) & FD_CLOEXEC) == 0) return 3;
          if (::fcntl(3, F_GETFD) != -1 || ::fcntl(4, F_GETFD) != -1) return 4;
          if (::getenv("LISTEN_FDS") || ::getenv("LISTEN_FDNAMES") || ::getenv("LISTEN_PID")) return 5;
          return local_endpoint(taken->at(1).fd.get()) == local_endpoint(two.get()) ? 0 : 6;
        }) == 0);
}

TEST_CASE("sockets that are another process's are left alone") {
  CHECK(in_child([] {
          ::setenv("LISTEN_FDS", "2", 1);
          ::setenv("LISTEN_PID", "1", 1);
          const auto taken = take_activated_sockets(16);
          return taken && taken->empty() ? 0 : 1;
        }) == 0);
}

TEST_CASE("a program without libsystemd says what is expected of it in vain") {
  CHECK(expected_in_vain().empty());
  Manager manager;
  ::setenv("LISTEN_FDS", "1", 1);
  const std::string said = expected_in_vain();
  ::unsetenv("LISTEN_FDS");
  if (service_manager_available())
    CHECK(said.empty());
  else
    CHECK(said == "the service manager expects the daemon to notify it and take its sockets, and it was built without "
                  "libsystemd");
}
