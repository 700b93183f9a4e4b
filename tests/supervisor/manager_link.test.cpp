// SPDX-License-Identifier: MIT
#include "supervisor/manager_link.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <thread>

#include "fakes/fake_manager.hpp"
#include "xsuperd/base/fd.hpp"

using namespace xsuperd;
using namespace xsuperd::supervisor;
using namespace std::chrono_literals;
using Words = std::vector<std::string>;

namespace {

base::Fd some_socket() { return base::Fd(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)); }

/// A link to a manager that notes what it is told; status and sockets are what the test says.
struct Bench {
  explicit Bench(std::optional<std::chrono::microseconds> watchdog = {}, bool deaf = false,
                 std::optional<std::size_t> room = {}) {
    auto manager = std::make_unique<fakes::FakeManager>(told);
    manager->deaf = deaf;
    link.emplace(loop, std::move(manager), ManagerLink::Terms{watchdog, room},
                 ManagerLink::Asks{.status = [this] { return status; },
                                   .sockets = [this] { return sockets; },
                                   .on_trouble = [this](std::string what) { troubles.push_back(std::move(what)); }});
  }
  /// What has been said since, when the loop has run for that time and all words have left.
  Words said_within(std::chrono::milliseconds time) {
    loop.restart();
    loop.run_for(time);
    for (int quiet = 0; quiet < 3; ++quiet) {
      const std::size_t before = told.all().size();
      std::this_thread::sleep_for(20ms);
      loop.restart();
      loop.poll();
      if (told.all().size() != before) quiet = -1;
    }
    const Words all = told.all();
    const Words fresh(all.begin() + static_cast<std::ptrdiff_t>(taken), all.end());
    taken = all.size();
    return fresh;
  }

  boost::asio::io_context loop;
  fakes::ManagerTold told;
  std::size_t taken = 0;
  std::string status = "fine";
  std::vector<ManagerLink::Kept> sockets;
  Words troubles;
  std::optional<ManagerLink> link;
};

std::string ready(const std::string& status) {
  return "READY=1\nMAINPID=" + std::to_string(::getpid()) + "\nSTATUS=" + status;
}

}  // namespace

TEST_CASE("readiness is told with the status, and the sockets to keep after it") {
  Bench bench;
  const base::Fd one = some_socket();
  bench.sockets = {{"xsuperd/one", one.get()}};
  bench.link->ready();
  CHECK(bench.said_within(1ms) == Words{ready("fine"), "+xsuperd/one"});
}

TEST_CASE("a reload begins with the time at which it began and ends with readiness") {
  Bench bench;
  bench.link->ready();
  (void)bench.said_within(1ms);
  bench.link->reloading();
  const Words begun = bench.said_within(1ms);
  REQUIRE(begun.size() == 1);
  CHECK(begun[0].starts_with("RELOADING=1\nMONOTONIC_USEC="));
  CHECK(std::stoull(begun[0].substr(begun[0].find("USEC=") + 5)) > 0);
  bench.status = "other";
  bench.link->ready();
  CHECK(bench.said_within(1ms) == Words{ready("other")});
}

TEST_CASE("a changed status is told once for many changes, and one that is the same again not at all") {
  Bench bench;
  bench.link->ready();
  (void)bench.said_within(1ms);
  bench.status = "busy";
  for (int i = 0; i < 1000; ++i) bench.link->changed();
  CHECK(bench.said_within(ManagerLink::status_pause + 100ms) == Words{"STATUS=busy"});
  bench.link->changed();
  CHECK(bench.said_within(ManagerLink::status_pause + 100ms).empty());
}

TEST_CASE("without changes and without a watchdog nothing wakes the loop") {
  Bench bench;
  bench.link->ready();
  (void)bench.said_within(1ms);
  bench.loop.restart();
  CHECK(bench.loop.run_for(50ms) == 0);
}

TEST_CASE("a watchdog hears of a loop that runs twice in its time, and of one that does not never") {
  Bench bench(200ms);
  bench.link->ready();
  const Words said = bench.said_within(450ms);
  const auto pings = std::count(said.begin(), said.end(), "WATCHDOG=1");
  CHECK(pings >= 2);  // on a machine that has other things to do, too
  CHECK(pings <= 6);
  std::this_thread::sleep_for(100ms);  // until the last word is out
  const std::size_t before = bench.told.all().size();
  std::this_thread::sleep_for(300ms);  // the loop hangs
  CHECK(bench.told.all().size() == before);
}

TEST_CASE("a socket that was replaced is forgotten before the new one is kept, and one that stays is left alone") {
  Bench bench;
  const base::Fd a = some_socket();
  const base::Fd b = some_socket();
  const base::Fd c = some_socket();
  bench.sockets = {{"xsuperd/a", a.get()}, {"xsuperd/b", b.get()}};
  bench.link->ready();
  (void)bench.said_within(1ms);
  bench.sockets = {{"xsuperd/a", a.get()}, {"xsuperd/b", c.get()}};
  bench.link->sockets_changed();
  bench.link->sockets_changed();
  CHECK(bench.said_within(100ms) == Words{"-xsuperd/b", "+xsuperd/b"});
  bench.sockets = {};
  bench.link->sockets_changed();
  CHECK(bench.said_within(100ms).size() == 2);
}

TEST_CASE("what was kept before the start is kept on when it is in use, and forgotten when not") {
  Bench bench;
  const base::Fd used = some_socket();
  const base::Fd stale = some_socket();
  bench.link->kept_before({{"xsuperd/used", used.get()}, {"xsuperd/stale", stale.get()}});
  bench.sockets = {{"xsuperd/used", used.get()}};
  bench.link->ready();
  CHECK(bench.said_within(1ms) == Words{ready("fine"), "-xsuperd/stale"});
}

TEST_CASE("of two sockets of one name the first is kept, and the other one does not take its place") {
  Bench bench;
  const base::Fd a = some_socket();
  const base::Fd b = some_socket();
  bench.sockets = {{"xsuperd/x", a.get()}, {"xsuperd/x", b.get()}};
  bench.link->ready();
  CHECK(bench.said_within(1ms) == Words{ready("fine"), "+xsuperd/x"});
  bench.link->sockets_changed();
  CHECK(bench.said_within(100ms).empty());
  const base::Fd fresh = some_socket();
  bench.sockets = {{"xsuperd/x", fresh.get()}, {"xsuperd/x", b.get()}};
  bench.link->sockets_changed();
  CHECK(bench.said_within(100ms) == Words{"-xsuperd/x", "+xsuperd/x"});
}

TEST_CASE("a name under which two sockets were kept is forgotten, and kept anew") {
  Bench bench;
  const base::Fd a = some_socket();
  const base::Fd b = some_socket();
  bench.link->kept_before({{"xsuperd/x", a.get()}, {"xsuperd/x", b.get()}});
  bench.sockets = {{"xsuperd/x", b.get()}};
  bench.link->ready();
  CHECK(bench.said_within(1ms) == Words{ready("fine"), "-xsuperd/x", "+xsuperd/x"});
}

TEST_CASE("at the end nothing is forgotten, so that the next daemon finds its sockets") {
  Bench bench;
  const base::Fd one = some_socket();
  bench.sockets = {{"xsuperd/one", one.get()}};
  bench.link->ready();
  (void)bench.said_within(1ms);
  bench.link->stopping();
  bench.sockets = {};
  bench.link->sockets_changed();
  bench.link->changed();
  bench.link->ready();
  const Words said = bench.said_within(100ms);
  REQUIRE(said.size() == 1);
  CHECK(said[0].starts_with("STOPPING=1\n"));
}

TEST_CASE("before it is ready a daemon says nothing of its status") {
  Bench bench;
  bench.link->changed();
  bench.link->sockets_changed();
  CHECK(bench.said_within(ManagerLink::status_delay + 50ms).empty());
}

TEST_CASE("a manager that cannot be told is complained about once") {
  Bench bench({}, true);
  bench.link->ready();
  bench.link->reloading();
  (void)bench.said_within(1ms);
  CHECK(bench.troubles == Words{"nobody listens"});
}

TEST_CASE("more sockets than the manager keeps are complained about once") {
  Bench bench({}, false, 2);
  std::vector<base::Fd> open;
  for (int i = 0; i < 4; ++i) open.push_back(some_socket());
  bench.sockets = {{"a", open[0].get()}, {"b", open[1].get()}};
  bench.link->ready();
  (void)bench.said_within(1ms);
  CHECK(bench.troubles.empty());
  for (int i = 2; i < 4; ++i) {
    bench.sockets.push_back({std::to_string(i), open[static_cast<std::size_t>(i)].get()});
    bench.link->sockets_changed();
    (void)bench.said_within(ManagerLink::store_delay + 50ms);
  }
  CHECK(bench.troubles == Words{"the service manager keeps at most 2 descriptors (FileDescriptorStoreMax), and there "
                                "are 3 sockets to keep: 1 of them will be closed while the daemon is restarted"});
}

TEST_CASE("without a manager nothing happens") {
  boost::asio::io_context loop;
  ManagerLink link(loop, nullptr, {1s, 0}, {});
  link.ready();
  link.reloading();
  link.changed();
  link.sockets_changed();
  link.stopping();
  CHECK_FALSE(link.there());
  CHECK(loop.run_for(10ms) == 0);
}

TEST_CASE("the status line counts and names at most five failed services") {
  CHECK(status_line(1, 1, {}) == "1 service, 1 instance");
  CHECK(status_line(12, 0, {}) == "12 services, 0 instances");
  CHECK(status_line(2, 3, {"ftp", "s\nh"}) == "2 services, 3 instances; failed: ftp s\\x0ah");
  CHECK(status_line(0, 0, {"a", "b", "c", "d", "e", "f", "g"}) ==
        "0 services, 0 instances; failed: a b c d e and 2 more");
}
