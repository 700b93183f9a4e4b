// SPDX-License-Identifier: MIT
// On the steady path nothing is taken from the heap: a connection that is like those before it costs none. Everything
// here is the daemon's own: Runner, State, spawner with its threads, children, log writer with its thread.
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <thread>

#include "allocations/counting.hpp"
#include "fakes/fake_ident.hpp"
#include "fakes/fake_worker.hpp"
#include "service/fixture.hpp"
#include "xsuperd/loop/deadlines.hpp"

namespace xsuperd::allocations {

namespace {

using namespace std::chrono_literals;
using service::Runner;

constexpr int warm_up = 300;
constexpr int counted = 1000;
/// Rings, batches and maps grow when more comes together than ever before, and a container of that kind at most doubles
/// each time. How much comes together is chance, so growth may fall into the time that is counted; it does not go on
/// with the connections, of which this is one in fifty.
constexpr std::size_t growth = counted / 50;
/// A start that takes long goes another way, which is not the steady one. On a busy machine each may.
constexpr std::chrono::milliseconds start_patience = 10s;

std::filesystem::path new_directory() {
  std::string form = std::filesystem::temp_directory_path() / "xsuperd-allocations-XXXXXX";
  REQUIRE(::mkdtemp(form.data()) != nullptr);
  return form;
}

/// What a Supervisor has around one Runner.
class Daemon {
 public:
  Daemon(config::Service service, bool logged, bool recorded = false)
      : daemon_output_(log::open_daemon_file(directory_ / "daemon.log", {"xsuperd", ::getpid()}).value()),
        service_output_(log::open_service_file(directory_ / "service.log", "x", 0, 0).value()),
        event_output_(log::open_event_file(directory_ / "events").value()),
        writer_(daemon_output_),
        log_(writer_, daemon_output_),
        spawner_(spawn::make_clone_spawner(loop_, {.threads = 2, .loop_patience = start_patience, .thread_patience = start_patience})),
        children_(loop_, [this](const spawn::Ended& end) { around_.census.owners.find(end.token)->second.lock()->on_ended(end); }),
        resolver_(loop_, {.threads = 1, .source = service::test::one_host()}),
        libwrap_(loop_, {}, {.tables = {directory_ / "allow", directory_ / "deny"}}),
        around_{loop_, blocking_, *spawner_, children_, log_, resolver_, ident_, ident_, libwrap_, conversations_},
        work_(loop_.get_executor()) {
    spawner_->on_outcome([this](spawn::Outcome outcome) {
      const auto token = std::visit([](const auto& o) { return o.token; }, outcome);
      around_.census.owners.find(token)->second.lock()->on_outcome(std::move(outcome));
    });
    const auto policy = service::test::policy_of(std::move(service));
    const auto recipe = service::make_recipe(policy->service(), service::DaemonFacts::of_this_process(022));
    runner_ = std::make_shared<Runner>(around_, service::Setup{policy, recipe, logged ? service_output_ : nullptr, recorded ? event_output_ : nullptr});
    REQUIRE(runner_->start());
  }
  ~Daemon() {
    CHECK(accounted(*runner_));
    blocking_.join();
    std::filesystem::remove_all(directory_);
  }
  Daemon(const Daemon&) = delete;
  Daemon& operator=(const Daemon&) = delete;

  [[nodiscard]] base::Endpoint where() const { return net::local_endpoint(runner_->endpoints().listening_fd()); }
  [[nodiscard]] const service::Counters& counters() const { return runner_->counters(); }
  [[nodiscard]] std::uintmax_t logged_bytes(const char* file = "service.log") {
    REQUIRE(writer_.flush(10s));
    return std::filesystem::file_size(directory_ / file);
  }

  /// Runs the loop while `client` does its work in a thread of its own, until all servers have ended.
  template <typename Function>
  void serve(Function client) {
    std::thread peer([&] {
      client();
      boost::asio::post(loop_, [this] { stop_when_idle(); });
    });
    loop_.run();
    peer.join();
  }

 private:
  void stop_when_idle() {
    if (runner_->sessions().empty()) return loop_.stop();
    std::this_thread::sleep_for(1ms);
    boost::asio::post(loop_, [this] { stop_when_idle(); });
  }

  std::filesystem::path directory_ = new_directory();
  std::shared_ptr<log::Output> daemon_output_;
  std::shared_ptr<log::Output> service_output_;
  std::shared_ptr<log::Output> event_output_;
  log::Writer writer_;
  log::DaemonLog log_;
  boost::asio::io_context loop_;
  boost::asio::thread_pool blocking_{1};
  std::unique_ptr<spawn::Spawner> spawner_;
  spawn::Children children_;
  net::Resolver resolver_;
  fakes::FakeIdent ident_;
  fakes::FakeWorker conversations_;
  net::Libwrap libwrap_;
  service::Surroundings around_;
  std::shared_ptr<Runner> runner_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
};

/// An unconnected socket of the client's, whose reads do not wait for ever.
int new_socket(int family, int type) {
  const int fd = ::socket(family, type | SOCK_CLOEXEC, 0);
  const timeval patience{.tv_sec = 5, .tv_usec = 0};
  ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  return fd;
}

struct Peer {
  sockaddr_storage to{};
  socklen_t length = 0;
  int family = AF_INET;

  explicit Peer(const base::Endpoint& where) {
    const bool dual_stack = where.address.family() == base::Address::Family::ipv6;
    family = dual_stack ? AF_INET6 : AF_INET;
    length = base::fill_sockaddr(where, dual_stack, to);
    // An IPv6 socket that is connected to ::1 is known by it.
    if (dual_stack) reinterpret_cast<sockaddr_in6*>(&to)->sin6_addr = in6addr_loopback;
  }

  [[nodiscard]] int connect() const {
    const int fd = new_socket(family, SOCK_STREAM);
    (void)::connect(fd, reinterpret_cast<const sockaddr*>(&to), length);
    return fd;
  }
};

/// True when the connection ended, and not our patience.
bool finish(int fd) {
  std::array<char, 64> buffer;
  ssize_t n = 0;
  while ((n = ::read(fd, buffer.data(), buffer.size())) > 0) {
  }
  const bool ended = n == 0 || errno == ECONNRESET;
  ::close(fd);
  return ended;
}

/// Connects `number` times, `together` at a time, and waits for the end of each connection. How many ended.
int connections(const Peer& peer, int number, int together) {
  std::array<int, 64> fds;
  int good = 0;
  for (int done = 0; done < number; done += together) {
    for (int i = 0; i < together; ++i) fds.at(static_cast<std::size_t>(i)) = peer.connect();
    for (int i = 0; i < together; ++i) good += finish(fds.at(static_cast<std::size_t>(i))) ? 1 : 0;
  }
  return good;
}

/// How often memory was asked for during the last `counted` turns of `turns(number)`, which serves that many.
template <typename Turns>
std::size_t counted_in(Daemon& daemon, Turns turns) {
  std::size_t found = 0;
  int good = 0;
  daemon.serve([&] {
    good += turns(warm_up);
    begin();
    good += turns(counted);
    found = end();
  });
  CHECK(good == warm_up + counted);
  UNSCOPED_INFO(found << " allocations in " << counted << " turns");
  if (found > growth) print_places();
  return found;
}

config::Rate unlimited() {
  config::Rate rate;
  rate.connections = 0;
  return rate;
}

config::Service program() {
  config::Service service = service::test::stream_service();
  service.settings.server = "/bin/true";
  service.argv = {"true"};
  service.settings.instances = config::Limit{};
  service.settings.cps = unlimited();
  return service;
}

config::Service dual_stack(config::Service service) {
  service.listen.ipv6 = true;
  service.listen.at.address = {};
  return service;
}

}  // namespace

TEST_CASE("A connection to a program allocates nothing") {
  Daemon daemon(program(), false);
  const Peer peer(daemon.where());
  CHECK(counted_in(daemon, [&](int number) { return connections(peer, number, 1); }) <= growth);
  CHECK(daemon.counters().served == warm_up + counted);
}

TEST_CASE("A connection to a program with log entries allocates nothing") {
  Daemon daemon(program(), true);
  const Peer peer(daemon.where());
  CHECK(counted_in(daemon, [&](int number) { return connections(peer, number, 1); }) <= growth);
  CHECK(daemon.logged_bytes() > (warm_up + counted) * 20);
}

TEST_CASE("A connection to a program with records in an event log allocates nothing") {
  Daemon daemon(program(), false, true);
  const Peer peer(daemon.where());
  CHECK(counted_in(daemon, [&](int number) { return connections(peer, number, 1); }) <= growth);
  CHECK(daemon.logged_bytes("events") > (warm_up + counted) * 300);
}

TEST_CASE("A connection from an address with a long text allocates nothing") {
  Daemon daemon(dual_stack(program()), true);
  Peer peer(daemon.where());
  // ::ffff:127.0.0.1 is kept in the log, and longer than a std::string has room for.
  auto& address = reinterpret_cast<sockaddr_in6*>(&peer.to)->sin6_addr;
  address = {};
  address.s6_addr[10] = address.s6_addr[11] = 0xff;
  address.s6_addr[12] = 127, address.s6_addr[15] = 1;
  CHECK(counted_in(daemon, [&](int number) { return connections(peer, number, 1); }) <= growth);
}

TEST_CASE("Connections that come together allocate nothing") {
  Daemon daemon(program(), true);
  const Peer peer(daemon.where());
  // More of them first: what is counted is no growth.
  // 20 connections a turn, so still one allocation for hundreds of them at the most.
  CHECK(counted_in(daemon, [&](int number) { return connections(peer, number, number == warm_up ? 60 : 20); }) <= 4 * growth);
}

TEST_CASE("A refused connection allocates nothing") {
  config::Service service = program();
  service.settings.no_access = service::test::pattern("127.0.0.1");
  Daemon daemon(service, true);
  const Peer peer(daemon.where());
  CHECK(counted_in(daemon, [&](int number) { return connections(peer, number, 1); }) <= growth);
  CHECK(daemon.counters().refused_in_all() == warm_up + counted);
}

TEST_CASE("A datagram to an internal service allocates nothing") {
  config::Service service = service::test::stream_service();
  service.name = "echo";
  service.id = "echo-dgram";
  service.kind = config::Kind::internal;
  service.settings.type = config::Set<config::Type>{config::Type::internal};
  service.settings.cps = unlimited();
  service.listen.socket_type = config::SocketType::dgram;
  service.listen.protocol = {"udp", IPPROTO_UDP};
  Daemon daemon(service, true);
  const Peer peer(daemon.where());
  const int fd = new_socket(peer.family, SOCK_DGRAM);
  REQUIRE(::connect(fd, reinterpret_cast<const sockaddr*>(&peer.to), peer.length) == 0);
  CHECK(counted_in(daemon, [&](int number) {
          int good = 0;
          std::array<char, 16> buffer;
          for (int i = 0; i < number; ++i)
            good += ::send(fd, "datagram", 8, 0) == 8 && ::recv(fd, buffer.data(), buffer.size(), 0) == 8 ? 1 : 0;
          return good;
        }) <= growth);
  ::close(fd);
}

TEST_CASE("A deadline that passes or is cancelled allocates nothing") {
  boost::asio::io_context io;
  std::size_t told = 0;
  loop::Deadlines deadlines(io, [&](std::uint64_t) { ++told; });
  deadlines.add(1h, 0);
  const auto sessions = [&](int number) {
    for (int i = 0; i < number; ++i) {
      const auto longest = deadlines.add(2h, 1);
      deadlines.add(0ms, 2);
      io.poll();
      deadlines.cancel(longest);
    }
  };
  sessions(warm_up);
  begin();
  sessions(counted);
  const std::size_t taken = end();
  CHECK(taken == 0);
  CHECK(told == warm_up + counted);
}

}  // namespace xsuperd::allocations
