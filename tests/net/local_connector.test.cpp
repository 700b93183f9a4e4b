// SPDX-License-Identifier: MIT
// The way to UNIX sockets: with real sockets in a folder of its own, and as other users where the test runs as root.
#include "xsuperd/net/local_connector.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <filesystem>
#include <thread>

#include "net/acting_as.hpp"
#include "net/sockets.hpp"
#include "net/unix_path.hpp"

using namespace xsuperd;
using namespace xsuperd::net;
using namespace xsuperd::net::testing;

namespace {

constexpr uid_t somebody = 54321;  // has no entry and needs none

struct Folder {
  Folder() {
    char name[] = "/tmp/connector-XXXXXX";
    REQUIRE(::mkdtemp(name) != nullptr);
    path = name;
    ::chmod(name, 0755);
  }
  ~Folder() { std::filesystem::remove_all(path); }
  std::string path;
};

base::Fd listener_at(const std::string& name, int backlog = 5) {
  base::Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un at{};
  const socklen_t length = fill_local(name, at);
  REQUIRE(::bind(fd.get(), reinterpret_cast<const sockaddr*>(&at), length) == 0);
  if (name[0] == '/') ::chmod(name.c_str(), 0666);
  REQUIRE(::listen(fd.get(), backlog) == 0);
  return fd;
}

base::Fd accepted(const base::Fd& listener) { return base::Fd(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC)); }

struct Fixture {
  explicit Fixture(LocalConnector::Options options = {}) { connector.emplace(loop, std::move(options)); }
  LocalConnector::Id connect(const std::string& name, std::optional<ConnectAs> as = {}) {
    return connector->connect({name, std::move(as)}, [this](base::Fd fd, int what) {
      got = std::move(fd);
      error = what;
      ++answers;
    });
  }
  bool answered() {
    return run_until(loop, [this] { return answers > 0; });
  }

  Folder folder;
  boost::asio::io_context loop;
  std::optional<LocalConnector> connector;
  base::Fd got;
  int error = -1;
  int answers = 0;
};

/// Effective and real ids and groups of this thread, to compare.
std::string ids() {
  std::string text;
  for (const char* word : {"Uid:", "Gid:", "Groups:", "CapEff:"}) {
    std::FILE* file = std::fopen("/proc/thread-self/status", "re");
    char line[4096];
    while (file && std::fgets(line, sizeof line, file) != nullptr)
      if (std::string_view(line).starts_with(word)) text += line;
    if (file) std::fclose(file);
  }
  return text;
}

bool may_become_others() {
  if (::geteuid() != 0) return false;
  bool may = false;
  std::thread([&] { may = ActingAs({somebody, somebody, {}}).error() == 0; }).join();
  return may;
}

}  // namespace

TEST_CASE("a socket at a path and one with an abstract name are connected to") {
  Fixture f;
  for (const std::string& name : {f.folder.path + "/s", "@xsuperd-test-" + std::to_string(::getpid())}) {
    const base::Fd listener = listener_at(name);
    f.answers = 0;
    CHECK(f.connect(name) != 0);
    CHECK(f.answers == 0);
    REQUIRE(f.answered());
    CHECK(f.error == 0);
    REQUIRE(f.got);
    CHECK((::fcntl(f.got.get(), F_GETFD) & FD_CLOEXEC) != 0);
    const base::Fd other = accepted(listener);
    REQUIRE(::send(f.got.get(), "hello", 5, 0) == 5);
    char bytes[5];
    CHECK(::recv(other.get(), bytes, 5, 0) == 5);
  }
}

TEST_CASE("a socket that is absent, and one that nobody has open, are told apart") {
  Fixture f;
  f.connect(f.folder.path + "/none");
  REQUIRE(f.answered());
  CHECK(f.error == ENOENT);
  CHECK_FALSE(f.got);
  (void)listener_at(f.folder.path + "/left");
  f.answers = 0;
  f.connect(f.folder.path + "/left");
  REQUIRE(f.answered());
  CHECK(f.error == ECONNREFUSED);
}

TEST_CASE("a full backlog is tried again until there is room") {
  Fixture f({.first_pause = 1ms, .longest_pause = 4ms});
  const std::string name = f.folder.path + "/full";
  const base::Fd listener = listener_at(name, 0);
  LocalConnection first = connect_locally({name, {}});
  REQUIRE(first.error == 0);
  while (connect_locally({name, {}}).error == 0) {  // those are closed, and stay in the backlog
  }
  f.connect(name);
  f.loop.run_for(30ms);
  CHECK(f.answers == 0);
  while (f.answers == 0) {
    (void)accepted(listener);
    f.loop.restart();
    f.loop.run_for(5ms);
  }
  CHECK(f.error == 0);
}

TEST_CASE("a backlog that stays full is given up when the time is over") {
  Fixture f({.deadline = 30ms, .first_pause = 1ms});
  const std::string name = f.folder.path + "/full";
  const base::Fd listener = listener_at(name, 0);
  while (connect_locally({name, {}}).error == 0) {
  }
  f.connect(name);
  REQUIRE(f.answered());
  CHECK(f.error == ETIMEDOUT);
}

TEST_CASE("a path that hangs is given up when the time is over, and what comes late is closed") {
  const auto go_on = std::make_shared<std::atomic<bool>>(false), ended = std::make_shared<std::atomic<bool>>(false);
  int ends[2];
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
  const base::Fd watched(ends[0]);
  LocalConnector::Options options{.deadline = 20ms};
  options.connect = [go_on, ended, number = ends[1]](const LocalTarget&) {
    while (!*go_on) std::this_thread::sleep_for(1ms);
    *ended = true;
    return LocalConnection{base::Fd(number), 0, false};
  };
  Fixture f(std::move(options));
  f.connect("/hangs");
  REQUIRE(f.answered());
  CHECK(f.error == ETIMEDOUT);
  *go_on = true;
  CHECK(run_until(f.loop, [&] { return ready(watched.get()); }));
  CHECK(f.answers == 1);
}

TEST_CASE("what is cancelled is not answered") {
  Fixture f;
  f.connector->cancel(f.connect(f.folder.path + "/none"));
  f.connector->cancel(0);
  f.connect(f.folder.path + "/none");
  REQUIRE(f.answered());
  f.loop.run_for(20ms);
  CHECK(f.answers == 1);
}

TEST_CASE("work that throws and a queue that is full are answered") {
  Fixture thrower({.connect = [](const LocalTarget&) -> LocalConnection { throw std::bad_alloc(); }});
  thrower.connect("/x");
  REQUIRE(thrower.answered());
  CHECK(thrower.error == ENOMEM);
  Fixture full({.threads = 1, .queue = 0});
  full.connect("/x");
  CHECK(full.answers == 0);
  REQUIRE(full.answered());
  CHECK(full.error == EAGAIN);
}

TEST_CASE("a thread that cannot become itself again connects nobody else") {
  const auto threads = std::make_shared<std::atomic<int>>(0);
  LocalConnector::Options options{.threads = 1, .deadline = 100ms};
  options.connect = [threads](const LocalTarget&) {
    ++*threads;
    return LocalConnection{{}, EPERM, true};
  };
  Fixture f(std::move(options));
  f.connect("/x");
  REQUIRE(f.answered());
  CHECK(f.error == EPERM);
  f.answers = 0;
  f.connect("/x");
  REQUIRE(f.answered());
  CHECK(f.error == ETIMEDOUT);
  CHECK(*threads == 1);
}

TEST_CASE("the socket finds the user that it was connected as, and that user's permissions count") {
  if (!may_become_others()) {
    WARN("needs to be root");
    return;
  }
  Fixture f;
  const std::string name = f.folder.path + "/s";
  const base::Fd listener = listener_at(name);
  const std::string before = ids();
  f.connect(name, ConnectAs{somebody, somebody + 1, {somebody + 2}});
  REQUIRE(f.answered());
  REQUIRE(f.error == 0);
  const base::Address seen = peer_credentials(accepted(listener).get());
  CHECK((seen.uid() == somebody && seen.gid() == somebody + 1));
  const auto try_with = [&](mode_t mode, uid_t owner, gid_t group) {
    REQUIRE(::chown(name.c_str(), owner, group) == 0);
    REQUIRE(::chmod(name.c_str(), mode) == 0);
    return connect_locally({name, ConnectAs{somebody, somebody + 1, {somebody + 2}}}).error;
  };
  CHECK(try_with(0600, 0, 0) == EACCES);
  CHECK(try_with(0600, somebody, 0) == 0);
  CHECK(try_with(0060, 0, somebody + 1) == 0);
  CHECK(try_with(0060, 0, somebody + 2) == 0);
  CHECK(try_with(0060, 0, somebody + 3) == EACCES);
  CHECK(ids() == before);
}

TEST_CASE("only the thread that acts as somebody else changes, and it becomes itself again") {
  if (!may_become_others()) {
    WARN("needs to be root");
    return;
  }
  const std::string before = ids();
  std::string during, after;
  std::atomic<bool> acts = false, go_on = false;
  std::thread thread([&] {
    {
      ActingAs other({somebody, somebody, {somebody + 2}});
      acts = other.error() == 0;
      during = ids();
      while (!go_on) std::this_thread::sleep_for(1ms);
      CHECK(other.restore());
      CHECK(other.restore());
    }
    after = ids();
  });
  while (!acts) std::this_thread::sleep_for(1ms);
  CHECK(ids() == before);
  go_on = true;
  thread.join();
  CHECK(during != before);
  CHECK(during.find("CapEff:\t0000000000000000") != std::string::npos);
  CHECK(after == before);
}
