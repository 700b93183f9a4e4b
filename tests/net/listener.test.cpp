// SPDX-License-Identifier: MIT
#include "xsuperd/net/listener.hpp"

#include <fcntl.h>
#include <sys/resource.h>

#include <catch2/catch.hpp>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <optional>
#include <vector>

#include "net/sockets.hpp"

using namespace xsuperd;
using namespace xsuperd::net;
using namespace xsuperd::net::testing;

namespace {

/// A listener that counts how often it is called.
struct Fixture {
  explicit Fixture(const config::ListenSpec& spec = tcp_at("127.0.0.1")) {
    listener.emplace(loop, opened(spec), [this] {
      ++calls;
      if (then) then();
    });
    at = local_endpoint(listener->fd());
    if (!at.address.known() || at.address == address("::")) at.address = address("127.0.0.1");
  }

  void connect(int count = 1) {
    for (int i = 0; i < count; ++i) {
      clients.push_back(client_of(at));
      REQUIRE(clients.back());
    }
  }
  bool called(int times) {
    return run_until(loop, [&] { return calls >= times; }) && calls == times;
  }
  /// Runs all that is ready; the loop gets the time to see what must not be seen.
  void idle() {
    loop.restart();
    loop.run_for(20ms);
  }
  /// Accepts until `count` connections are there.
  std::vector<Connection> accept(std::size_t count, bool keep_family = false) {
    std::vector<Connection> all;
    then = [&, keep_family] {
      int error = 0;
      for (auto& connection : listener->accept_batch(keep_family, error))
        all.push_back(std::move(connection));
      CHECK(error == 0);
      listener->again();
    };
    listener->resume();
    REQUIRE(run_until(loop, [&] { return all.size() >= count; }));
    then = nullptr;
    listener->pause();
    return all;
  }

  boost::asio::io_context loop;
  std::optional<Listener> listener;
  std::function<void()> then;
  base::Endpoint at;
  std::vector<base::Fd> clients;
  int calls = 0;
};

/// Is the socket in any poll set of this process? Nothing when the system does not tell.
std::optional<bool> is_watched(int fd) {
  bool told = false;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fdinfo")) {
    std::ifstream info(entry.path());
    std::string word;
    while (info >> word) {
      if (word != "tfd:") continue;
      told = true;
      int watched = -1;
      if (info >> watched && watched == fd) return true;
    }
  }
  return told ? std::optional(false) : std::nullopt;
}

config::ListenSpec dual_stack() {
  auto spec = tcp_at("::1");
  spec.at = {};
  return spec;
}

}  // namespace

TEST_CASE("a listener hears nothing before it is resumed and one call for each wait") {
  Fixture f;
  f.connect();
  f.idle();
  CHECK(f.calls == 0);
  f.listener->resume();
  f.listener->resume();
  CHECK(f.called(1));
  f.idle();
  CHECK(f.calls == 1);  // the connection still waits, but nobody asked again
  f.listener->again();
  CHECK(f.called(2));
}

TEST_CASE("an accepted connection has its peer's address and is close-on-exec") {
  Fixture f;
  f.connect();
  const auto all = f.accept(1);
  CHECK(all[0].peer == local_endpoint(f.clients[0].get()));
  CHECK((::fcntl(all[0].fd.get(), F_GETFD) & FD_CLOEXEC) != 0);
  CHECK((::fcntl(all[0].fd.get(), F_GETFL) & O_NONBLOCK) == 0);  // servers get blocking sockets (fact B6.3)
}

TEST_CASE("many connections are accepted a batch at a time") {
  Fixture f;
  f.connect(static_cast<int>(Listener::batch_size) + 3);
  f.listener->resume();
  REQUIRE(f.called(1));
  int error = -1;
  CHECK(f.listener->accept_batch(false, error).size() == Listener::batch_size);
  CHECK(error == 0);
  CHECK(f.listener->accept_batch(false, error).size() == 3);
  CHECK(error == 0);
  CHECK(f.listener->accept_batch(false, error).empty());
  CHECK(error == 0);
}

namespace {

/// Some refuse every change with ENOPROTOOPT, others one of a socket without a connection with another error.
bool kernel_changes_families() {
  const base::Fd any(::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const int family = AF_INET;
  return ::setsockopt(any.get(), IPPROTO_IPV6, IPV6_ADDRFORM, &family, sizeof family) == 0 || errno != ENOPROTOOPT;
}

}  // namespace

TEST_CASE("an IPv4 peer of a dual-stack listener gets an IPv4 socket") {
  Fixture f(dual_stack());
  f.connect();
  const auto all = f.accept(1);
  CHECK(all[0].peer.address.text() == "::ffff:127.0.0.1");
  if (!kernel_changes_families()) {
    WARN("skipped: this kernel has no IPV6_ADDRFORM for TCP");
    return;
  }
  CHECK(family_of(all[0].fd.get()) == AF_INET);
}

TEST_CASE("the family stays when that is asked for, and for real IPv6 peers") {
  Fixture f(dual_stack());
  f.connect();
  auto all = f.accept(1, true);
  CHECK(all[0].peer.address.is_mapped());
  CHECK(family_of(all[0].fd.get()) == AF_INET6);
  f.at.address = address("::1");
  f.connect();
  all = f.accept(1);
  CHECK(all[0].peer.address.text() == "::1");
  CHECK(family_of(all[0].fd.get()) == AF_INET6);
}

TEST_CASE("without free descriptors the error is told and the connection stays in the queue") {
  Fixture f;
  f.connect();
  f.listener->resume();
  REQUIRE(f.called(1));
  rlimit before{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &before) == 0);
  rlimit none = before;
  none.rlim_cur = 0;
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &none) == 0);
  int error = 0;
  const auto nothing = f.listener->accept_batch(false, error);
  const auto copy = f.listener->duplicate();
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &before) == 0);
  CHECK(nothing.empty());
  CHECK(error == EMFILE);
  CHECK_FALSE(copy);
  CHECK(f.listener->accept_batch(false, error).size() == 1);
  CHECK(error == 0);
}

TEST_CASE("a paused listener is not woken, however much arrives") {
  Fixture f(udp_at("127.0.0.1"));
  const base::Fd client = client_of(f.at, SOCK_DGRAM);
  f.listener->resume();
  f.listener->pause();
  for (int i = 0; i < 100; ++i) REQUIRE(send_now(client.get(), "x") == 1);
  REQUIRE(ready(f.listener->fd(), POLLIN, 5000));
  f.loop.restart();
  f.loop.poll();  // the cancelled wait
  f.loop.restart();
  CHECK(f.loop.run_for(20ms) == 0);
  CHECK(f.calls == 0);
  f.listener->resume();
  CHECK(f.called(1));
}

TEST_CASE("a paused listener is out of the loop's poll set") {
  Fixture f;
  f.listener->resume();
  const auto watched = is_watched(f.listener->fd());
  if (!watched) {
    WARN("skipped: this system does not tell what is in a poll set");
    return;
  }
  CHECK(*watched);
  f.listener->pause();
  CHECK(is_watched(f.listener->fd()) == false);
  f.listener->resume();
  CHECK(is_watched(f.listener->fd()) == true);
}

TEST_CASE("a pause after the first wake-up ends all others") {
  Fixture f(udp_at("127.0.0.1"));
  const base::Fd client = client_of(f.at, SOCK_DGRAM);
  f.then = [&] { f.listener->pause(); };
  f.listener->resume();
  REQUIRE(send_now(client.get(), "x") == 1);
  CHECK(f.called(1));
  REQUIRE(send_now(client.get(), "x") == 1);
  f.loop.restart();
  CHECK(f.loop.run_for(20ms) == 0);
  CHECK(f.calls == 1);
}

TEST_CASE("a wait that is over when the pause comes is void") {
  Fixture f;
  Fixture other;
  // Both become readable in one turn of the loop; the first that is called pauses the second.
  boost::asio::io_context loop;
  int calls = 0;
  std::optional<Listener> a, b;
  const auto pause_both = [&] {
    ++calls;
    a->pause();
    b->pause();
  };
  a.emplace(loop, f.listener->release(), pause_both);
  b.emplace(loop, other.listener->release(), pause_both);
  f.connect();
  other.connect();
  REQUIRE(ready(a->fd(), POLLIN, 5000));
  REQUIRE(ready(b->fd(), POLLIN, 5000));
  a->resume();
  b->resume();
  CHECK(run_until(loop, [&] { return calls > 0; }));
  loop.restart();
  loop.run_for(20ms);
  CHECK(calls == 1);
}

TEST_CASE("a pause and a resume at one moment give one call") {
  Fixture f;
  f.connect();
  f.listener->resume();
  f.listener->pause();
  f.listener->resume();
  CHECK(f.called(1));
  f.idle();
  CHECK(f.calls == 1);
}

TEST_CASE("a listener never calls after its end, and may be ended by its own callback") {
  Fixture f;
  f.connect();
  SECTION("from outside") {
    f.listener->resume();
    f.listener.reset();
    f.idle();
    CHECK(f.calls == 0);
  }
  SECTION("from its callback") {
    f.then = [&] { f.listener.reset(); };
    f.listener->resume();
    CHECK(f.called(1));
  }
  CHECK_FALSE(client_of(f.at));
}

TEST_CASE("a released socket goes on to listen") {
  Fixture f;
  f.listener->resume();
  const base::Fd fd = f.listener->release();
  f.listener.reset();
  f.connect();
  CHECK(ready(fd.get(), POLLIN, 5000));
  f.idle();
  CHECK(f.calls == 0);
}

TEST_CASE("a duplicate is the same socket under another number, close-on-exec") {
  Fixture f;
  const base::Fd copy = f.listener->duplicate();
  CHECK(copy.get() != f.listener->fd());
  CHECK(local_endpoint(copy.get()) == f.at);
  CHECK((::fcntl(copy.get(), F_GETFD) & FD_CLOEXEC) != 0);
}

TEST_CASE("a socket that a server made blocking is accepted from without waiting") {
  Fixture f;
  f.listener->resume();
  f.listener->pause();
  REQUIRE(::fcntl(f.listener->fd(), F_SETFL, 0) == 0);
  f.connect();
  CHECK(f.accept(1).size() == 1);
}
