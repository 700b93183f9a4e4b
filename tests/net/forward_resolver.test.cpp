// SPDX-License-Identifier: MIT
#include "xsuperd/net/forward_resolver.hpp"

#include <algorithm>
#include <atomic>
#include <catch2/catch.hpp>
#include <condition_variable>
#include <map>
#include <mutex>
#include <optional>

#include "net/sockets.hpp"

using namespace xsuperd;
using namespace xsuperd::net;
using namespace xsuperd::net::testing;

namespace {

using Targets = std::vector<base::Endpoint>;

/// A name service whose answers wait until they are let go; then each name is 192.0.2.7, but "none" is nothing.
struct Names {
  std::mutex mutex;
  std::condition_variable change;
  bool open = false;
  std::atomic<int> asked = 0;
  std::atomic<int> answered = 0;
  void let_go() {
    const std::lock_guard lock(mutex);
    open = true;
    change.notify_all();
  }
  Targets look_up(const std::string& host, std::uint16_t port) {
    ++asked;
    std::unique_lock lock(mutex);
    change.wait(lock, [this] { return open; });
    ++answered;
    return host == "none" ? Targets{} : Targets{{address("192.0.2.7"), port}};
  }
};

struct Fixture {
  Fixture() {
    options.look_up = [names = names](const std::string& host, std::uint16_t port) { return names->look_up(host, port); };
  }
  ~Fixture() {
    resolver.reset();
    names->let_go();
    run_until(loop, [this] { return names->answered == names->asked; });
  }
  void begin() { resolver.emplace(loop, options); }
  ForwardResolver::Id ask(const std::string& host, std::uint16_t port = 80) {
    return resolver->ask(host, port, [this, host](const Targets& found) {
      ++calls;
      answers[host] = found;
    });
  }

  std::shared_ptr<Names> names = std::make_shared<Names>();
  ForwardResolver::Options options;
  boost::asio::io_context loop;
  std::optional<ForwardResolver> resolver;
  std::map<std::string, Targets> answers;
  int calls = 0;
};

}  // namespace

TEST_CASE("all who ask for a target share one look-up") {
  Fixture f;
  f.begin();
  for (int i = 0; i < 40; ++i) f.ask("far.example");
  CHECK(run_until(f.loop, [&] { return f.names->asked == 1; }));
  f.names->let_go();
  CHECK(run_until(f.loop, [&] { return f.calls == 40; }));
  CHECK(f.names->asked == 1);
  CHECK(f.answers["far.example"] == Targets{{address("192.0.2.7"), 80}});
}

TEST_CASE("a target whose name nobody tells is given up after the deadline, and its late answer serves the next question once") {
  Fixture f;
  f.options.deadline = 20ms;
  f.begin();
  f.ask("far.example");
  CHECK(run_until(f.loop, [&] { return f.calls == 1; }));
  CHECK(f.answers["far.example"].empty());
  f.names->let_go();
  CHECK(run_until(f.loop, [&] { return f.names->answered == 1; }));
  f.loop.run_for(20ms);
  f.ask("far.example");
  CHECK(run_until(f.loop, [&] { return f.calls == 2; }));
  CHECK(f.answers["far.example"].size() == 1);
  CHECK(f.names->asked == 1);
  f.ask("far.example");
  CHECK(run_until(f.loop, [&] { return f.calls == 3; }));
  CHECK(f.names->asked == 2);
}

TEST_CASE("who asks no more is not answered, and what nobody wants is not looked up") {
  Fixture f;
  f.options.threads = 1;
  f.begin();
  f.ask("first.example");
  REQUIRE(run_until(f.loop, [&] { return f.names->asked == 1; }));
  f.resolver->cancel(f.ask("second.example"));
  f.ask("third.example");
  f.names->let_go();
  CHECK(run_until(f.loop, [&] { return f.calls == 2; }));
  CHECK_FALSE(f.answers.contains("second.example"));
  CHECK(f.names->asked == 2);
}

TEST_CASE("a target that hangs holds no other up") {
  Fixture f;
  f.options.look_up = [names = f.names](const std::string& host, std::uint16_t port) {
    return host == "slow.example" ? names->look_up(host, port) : Targets{{address("192.0.2.8"), port}};
  };
  f.begin();
  f.ask("slow.example");
  f.ask("quick.example");
  CHECK(run_until(f.loop, [&] { return f.calls == 1; }));
  CHECK(f.answers["quick.example"].size() == 1);
}

TEST_CASE("too many who wait for targets are answered at once") {
  Fixture f;
  f.options.waiting = 2;
  f.begin();
  for (int i = 0; i < 3; ++i) f.ask("far.example");
  CHECK(run_until(f.loop, [&] { return f.calls == 1; }));
  CHECK(f.answers["far.example"].empty());
}

TEST_CASE("the end of the resolver of targets does not wait for a look-up") {
  Fixture f;
  f.begin();
  f.ask("far.example");
  REQUIRE(run_until(f.loop, [&] { return f.names->asked == 1; }));
  f.resolver.reset();
  CHECK(f.names->answered == 0);
  CHECK(f.calls == 0);
}

TEST_CASE("what is written as an address is one without asking anybody") {
  CHECK(numeric_target("192.0.2.7", 80) == base::Endpoint{address("192.0.2.7"), 80});
  CHECK(numeric_target("127.1", 80) == base::Endpoint{address("127.0.0.1"), 80});
  CHECK(numeric_target("::1", 80) == base::Endpoint{address("::1"), 80});
  CHECK_FALSE(numeric_target("localhost", 80));
}

TEST_CASE("a target that is an address is that address with the port") {
  for (const char* text : {"192.0.2.7", "2001:db8::7", "::1", "::ffff:192.0.2.7"}) {
    CAPTURE(text);
    CHECK(resolve_target(text, 8080) == std::vector<base::Endpoint>{{address(text), 8080}});
  }
}

TEST_CASE("a target may be an IPv4 address in the short and odd forms") {
  for (const char* text : {"127.1", "127.0.1", "0x7f000001", "2130706433", "0177.0.0.1"}) {
    CAPTURE(text);
    CHECK(resolve_target(text, 80) == std::vector<base::Endpoint>{{address("127.0.0.1"), 80}});
  }
}

TEST_CASE("a target's link-local address keeps its interface") {
  CHECK(resolve_target("fe80::1%lo", 80) == std::vector<base::Endpoint>{{address("fe80::1%lo"), 80}});
}

TEST_CASE("a target's name gives every address once, with the port") {
  const auto targets = resolve_target("localhost", 65535);
  if (targets.empty()) {
    WARN("skipped: this system does not know localhost");
    return;
  }
  for (const auto& target : targets) {
    CHECK(target.port == 65535);
    CHECK(std::count(targets.begin(), targets.end(), target) == 1);
  }
  CHECK(std::count(targets.begin(), targets.end(), base::Endpoint{address("127.0.0.1"), 65535}) == 1);
}

TEST_CASE("a target that is no name at all gives nothing") {
  CHECK(resolve_target("", 80).empty());
  CHECK(resolve_target(std::string("127.0.0.1\0x", 11), 80).empty());
  CHECK(resolve_target(std::string(64, 'a') + ".invalid", 80).empty());  // a label of more than 63 letters
}
