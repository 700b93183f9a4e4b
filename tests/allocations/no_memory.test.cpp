// SPDX-License-Identifier: MIT
// Memory is refused to the loop once, in each of the places where it asks for some on a request's way. That may cost the
// request; afterwards all is accounted for, nothing stays behind, and the next peer is served.
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <catch2/catch.hpp>
#include <functional>
#include <list>
#include <new>
#include <utility>

#include "allocations/counting.hpp"
#include "service/fixture.hpp"

namespace xsuperd::allocations {

namespace {

using namespace std::chrono_literals;
using service::test::Bench;
using service::test::Client;
using service::test::Process;

/// A service, and what its servers, the worker and the loop do: all of it goes on when something throws.
class Life : public Bench {
 public:
  explicit Life(config::Service service) : Bench(std::move(service)) {
    conversations.requests.reserve(32);  // these are not what is looked at
    spawner.requests.reserve(32);
    sink.lines.reserve(200);
    hurry = true;
    for (int i = 0; i < 4; ++i) processes_.push_back(Process::ended(0));
    REQUIRE(runner->start());
  }

  /// One turn of the loop, and of everybody that it has asked for something.
  void turn() {
    guarded([this] { loop.run_one_for(1ms); });
    for (; started_ < spawner.requests.size(); ++started_) {
      if (runner->service().wait && runner->endpoints().listening_fd() >= 0)
        base::Fd(::accept4(runner->endpoints().listening_fd(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK)).reset();
      if (processes_.empty()) processes_.push_back(Process::ended(0));
      used_.splice(used_.end(), processes_, processes_.begin());
      guarded([this] { spawner.deliver_started(started_, used_.back().pid(), used_.back().pidfd()); });
    }
    for (; talked_ < conversations.requests.size(); ++talked_) guarded([this] { conversations.finish(talked_); });
  }

  void turn_until(const std::function<bool()>& done) {
    const auto deadline = std::chrono::steady_clock::now() + 10s;
    while (!done()) {
      turn();
      if (std::chrono::steady_clock::now() > deadline) {
        (void)refused();
        FAIL("it never happened");
      }
    }
  }

  [[nodiscard]] bool at_rest() const { return runner->sessions().empty() && runner->state().running() == 0 && around.census.processes == 0; }
  [[nodiscard]] std::size_t decided() const { return runner->counters().decided(); }

 private:
  template <typename Step>
  static void guarded(Step step) {
    try {
      const Counted counted;
      step();
    } catch (const std::bad_alloc&) {  // the supervisor's gate
    }
  }

  std::list<Process> processes_, used_;
  std::size_t started_ = 0;
  std::size_t talked_ = 0;
};

int new_peer(const Life& life, int type) {
  const int fd = ::socket(AF_INET, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  sockaddr_storage to{};
  const socklen_t length = base::fill_sockaddr(life.where(), false, to);
  (void)::connect(fd, reinterpret_cast<const sockaddr*>(&to), length);
  if (type == SOCK_DGRAM) (void)::send(fd, "datagram", 8, 0);
  return fd;
}

/// Has the connection of this peer ended?
bool ended(const base::Fd& peer) {
  char byte = 0;
  const ssize_t n = ::recv(peer.get(), &byte, 1, MSG_DONTWAIT);
  return n == 0 || (n < 0 && errno != EAGAIN);
}

/// Three peers come at once while the `number`-th request for memory is refused. Whether there were so many.
bool survives(const config::Service& service, std::size_t number) {
  INFO("request " << number << " for memory");
  Life life(service);
  const bool stream = service.listen.socket_type == config::SocketType::stream;
  std::list<base::Fd> peers;
  for (int i = 0; i < 3; ++i) peers.emplace_back(new_peer(life, stream ? SOCK_STREAM : SOCK_DGRAM));
  refuse(number);
  // Until everybody was seen; a request that got lost before it was counted ends its connection.
  int quiet = 0;
  life.turn_until([&] {
    const bool all_ended = !stream || std::all_of(peers.begin(), peers.end(), ended);
    quiet = life.at_rest() && all_ended ? quiet + 1 : 0;
    return quiet > 3 && (stream || life.decided() >= 2);
  });
  const bool reached = refused();
  CHECK(accounted(*life.runner));
  CHECK(life.runner->state().places().consistent());
  const std::size_t before = life.decided();
  life.turn_until([&] { return life.runner->endpoints().open(); });
  const base::Fd next(new_peer(life, stream ? SOCK_STREAM : SOCK_DGRAM));
  life.turn_until([&] { return life.decided() > before && life.at_rest(); });
  CHECK(accounted(*life.runner));
  return reached;
}

/// How often memory was refused.
std::size_t walk(const config::Service& service, std::size_t most = 500) {
  std::size_t number = 1;
  while (number <= most && survives(service, number)) ++number;
  UNSCOPED_INFO(number - 1 << " requests for memory were refused");
  return number - 1;
}

config::Service internal_echo() {
  config::Service service = service::test::stream_service();
  service.name = "echo";
  service.id = "echo";
  service.kind = config::Kind::internal;
  service.settings.type = config::Set<config::Type>{config::Type::internal};
  return service;
}

}  // namespace

TEST_CASE("as many children as are expected are watched without memory") {
  boost::asio::io_context loop;
  std::size_t ended = 0;
  spawn::Children children(loop, [&](const spawn::Ended&) { ++ended; });
  children.expect(20);
  std::list<Process> processes;
  std::list<base::Fd> pidfds;
  for (int i = 0; i < 20; ++i) pidfds.push_back(processes.emplace_back(Process::ended(0)).pidfd());
  std::uint64_t token = 0;
  for (base::Fd& pidfd : pidfds) {
    refuse(1);
    bool thrown = false;
    try {
      const Counted counted;
      children.watch(++token, 1000000, std::move(pidfd));
    } catch (const std::bad_alloc&) {
      thrown = true;
    }
    CHECK_FALSE(thrown);
    (void)refused();
  }
  const auto deadline = std::chrono::steady_clock::now() + 10s;
  while (ended < 20 && std::chrono::steady_clock::now() < deadline) loop.run_one_for(1s);
  CHECK(ended == 20);
}

TEST_CASE("memory that is refused while servers are started costs no more than those requests") {
  CHECK(walk(service::test::stream_service()) > 5);
}

TEST_CASE("memory that is refused while peers are refused costs nothing else") {
  config::Service service = service::test::stream_service();
  service.settings.no_access = service::test::pattern("127.0.0.1");
  CHECK(walk(service) > 2);
}

TEST_CASE("memory that is refused while names are looked up costs no more than those requests") {
  config::Service service = service::test::stream_service();
  service.settings.only_from = service::test::pattern(".example.com");
  CHECK(walk(service) > 5);
}

TEST_CASE("memory that is refused while conversations begin and end costs no more than those") {
  CHECK(walk(internal_echo()) > 5);
}

TEST_CASE("memory that is refused while datagrams are answered costs no more than those") {
  config::Service service = internal_echo();
  service.listen.socket_type = config::SocketType::dgram;
  service.listen.protocol = {"udp", IPPROTO_UDP};
  CHECK(walk(service) > 0);
}

TEST_CASE("memory that is refused while a server waits costs no more than that request") {
  // The first server and the beginning of the next; later requests are not tried here.
  CHECK(walk(service::test::waiting_service(config::SocketType::stream), 100) > 5);
}

TEST_CASE("memory that is refused while a service pauses does not close it for ever") {
  config::Service service = service::test::stream_service();
  service.settings.cps = config::Rate{};
  service.settings.cps->connections = 2;
  service.settings.cps->pause = 1;
  CHECK(walk(service) > 5);
}

}  // namespace xsuperd::allocations
