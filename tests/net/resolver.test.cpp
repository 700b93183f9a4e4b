// SPDX-License-Identifier: MIT
#include "xsuperd/net/resolver.hpp"

#include <catch2/catch.hpp>
#include <condition_variable>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <stdexcept>

#include "net/name_cache.hpp"
#include "net/sockets.hpp"

using namespace xsuperd;
using namespace xsuperd::net;
using namespace xsuperd::net::testing;

namespace {

using Names = std::vector<std::string>;
using State = base::PeerName::State;

/// Names from maps; some addresses hang until they are let go.
class FakeNames final : public NameSource {
 public:
  void knows(const char* at, Names names) { reverse_[address(at)] = std::move(names); }
  void says(const std::string& name, const char* at) { forward_[name].push_back(address(at)); }
  /// Both directions.
  void has(const char* at, const std::string& name) {
    knows(at, {name});
    says(name, at);
  }
  void hangs(const char* at) { hanging_.insert(address(at)); }
  void fails(const char* at) { failing_.insert(address(at)); }
  void fails_for(const std::string& name) { failing_names_.insert(name); }
  void throws(const char* at) { throwing_.insert(address(at)); }

  void let_go() {
    const std::lock_guard lock(mutex_);
    let_go_ = true;
    change_.notify_all();
  }
  int asked() {
    const std::lock_guard lock(mutex_);
    return asked_;
  }
  int finished() {
    const std::lock_guard lock(mutex_);
    return finished_;
  }

  Names names_of(const base::Address& of) override {
    std::unique_lock lock(mutex_);
    ++asked_;
    if (hanging_.contains(of)) change_.wait(lock, [this] { return let_go_; });
    ++finished_;
    if (throwing_.contains(of)) throw std::runtime_error("no memory");
    if (failing_.contains(of)) throw LookUpFailed("server failure");
    const auto names = reverse_.find(of);
    return names == reverse_.end() ? Names() : names->second;
  }
  std::vector<base::Address> addresses_of(const std::string& name, base::Address::Family family) override {
    const std::lock_guard lock(mutex_);
    if (failing_names_.contains(name)) throw LookUpFailed("server failure");
    std::vector<base::Address> addresses;
    if (const auto known = forward_.find(name); known != forward_.end()) addresses = known->second;
    std::erase_if(addresses, [family](const base::Address& a) { return a.family() != family; });
    return addresses;
  }

 private:
  std::map<base::Address, Names> reverse_;
  std::map<std::string, std::vector<base::Address>> forward_;
  std::set<base::Address> hanging_, throwing_, failing_;
  std::set<std::string> failing_names_;
  std::mutex mutex_;
  std::condition_variable change_;
  bool let_go_ = false;
  int asked_ = 0, finished_ = 0;
};

struct Fixture {
  Fixture() { options.source = names; }
  ~Fixture() { names->let_go(); }

  void begin() { resolver.emplace(loop, options); }
  void ask(const char* at) {
    resolver->names_of(address(at), [this, at](const base::PeerName& found) {
      ++calls;
      answers[at] = found.names;
      states[at] = found.state;
    });
  }
  Names names_of(const char* at) {
    answers.erase(at);
    ask(at);
    REQUIRE_FALSE(answers.contains(at));
    REQUIRE(run_until(loop, [&] { return answers.contains(at); }));
    return answers.at(at);
  }

  std::shared_ptr<FakeNames> names = std::make_shared<FakeNames>();
  Resolver::Options options;
  boost::asio::io_context loop;
  std::optional<Resolver> resolver;
  std::map<std::string, Names> answers;
  std::map<std::string, State> states;
  int calls = 0;
};

bool always() { return true; }

}  // namespace

TEST_CASE("a name whose address is the peer's is confirmed in lower case without final dot") {
  FakeNames names;
  names.knows("192.0.2.1", {"Mail.Example.COM.", "alias.example.com", "mail.example.com"});
  names.says("mail.example.com", "192.0.2.7");
  names.says("mail.example.com", "192.0.2.1");
  names.says("alias.example.com", "192.0.2.1");
  CHECK(peer_name(names, address("192.0.2.1"), always).names ==
        Names{"mail.example.com", "alias.example.com"});
}

TEST_CASE("a PTR record that lies about its name is not believed") {
  FakeNames names;
  names.knows("192.0.2.66", {"trusted.example.com", "honest.example.org", "nowhere.example.com"});
  names.says("trusted.example.com", "192.0.2.1");
  names.says("honest.example.org", "192.0.2.66");
  CHECK(peer_name(names, address("192.0.2.66"), always).names == Names{"honest.example.org"});
}

TEST_CASE("names that read as addresses or hold strange bytes are not even tried") {
  FakeNames names;
  const Names strange = {
      "192.0.2.66",   "0xc0000242",           "host.0x1",           "fe80::1%lo", "a b", "a\nb", "", ".",
      "\xff.example", std::string("a\0b", 3), std::string(254, 'a')};
  names.knows("192.0.2.66", strange);
  for (const auto& name : strange) names.says(name, "192.0.2.66");
  CHECK(peer_name(names, address("192.0.2.66"), always).names.empty());
}

TEST_CASE("of very many names only the first eight are tried, and none when time is out") {
  FakeNames names;
  Names many;
  for (int i = 0; i < 100; ++i) many.push_back("n" + std::to_string(i) + ".example");
  names.knows("192.0.2.1", many);
  for (const auto& name : many) names.says(name, "192.0.2.1");
  CHECK(peer_name(names, address("192.0.2.1"), always).names == Names(many.begin(), many.begin() + 8));
  CHECK(peer_name(names, address("192.0.2.1"), [] { return false; }).names.empty());
  int left = 3;
  CHECK(peer_name(names, address("192.0.2.1"), [&left] { return left-- > 0; }).names.size() == 3);
}

TEST_CASE("an answer without scope confirms a link-local peer on any interface") {
  FakeNames names;
  names.has("fe80::1%lo", "router.example");
  CHECK(peer_name(names, address("fe80::1%lo"), always).names == Names{"router.example"});
  FakeNames unscoped;
  unscoped.knows("fe80::1%lo", {"router.example"});
  unscoped.says("router.example", "fe80::1");
  CHECK(peer_name(unscoped, address("fe80::1%lo"), always).names == Names{"router.example"});
}

TEST_CASE("the system's own names of the loopback address hold localhost") {
  const auto system = system_names();
  const auto found = system->addresses_of("localhost", base::Address::Family::ipv4);
  if (found.empty() || system->names_of(address("127.0.0.1")).empty()) {
    WARN("skipped: this system does not know localhost");
    return;
  }
  const Names names = peer_name(*system, address("127.0.0.1"), always).names;
  CHECK(std::find(names.begin(), names.end(), "localhost") != names.end());
  CHECK(system->addresses_of("no-such-host.invalid", base::Address::Family::ipv6).empty());
}

TEST_CASE("the cache forgets what is too old and makes room by age") {
  const base::Moment start{};
  NameCache cache(2);
  const auto named = [](const char* name) { return base::PeerName{State::known, {name}}; };
  cache.put(address("192.0.2.1"), named("one"), start + 10s, start);
  CHECK(*cache.find(address("192.0.2.1"), start + 9s) == named("one"));
  CHECK(cache.find(address("192.0.2.1"), start + 10s) == nullptr);
  CHECK(cache.size() == 0);
  cache.put(address("192.0.2.1"), named("one"), start + 10s, start);
  cache.put(address("192.0.2.2"), named("two"), start + 10s, start);
  cache.put(address("192.0.2.1"), named("uno"), start + 10s, start);
  cache.put(address("192.0.2.3"), {State::failed}, start + 10s, start);
  CHECK(cache.size() == 2);
  CHECK(cache.find(address("192.0.2.2"), start) == nullptr);
  CHECK(*cache.find(address("192.0.2.1"), start) == named("uno"));
  CHECK(cache.find(address("192.0.2.3"), start)->state == State::failed);
  cache.put(address("192.0.2.4"), named("four"), start + 20s, start + 10s);
  CHECK(cache.size() == 1);  // what was over has gone with it
  NameCache none(0);
  none.put(address("192.0.2.1"), named("one"), start + 10s, start);
  CHECK(none.find(address("192.0.2.1"), start) == nullptr);
}

TEST_CASE("what an address claims and does not lead back to it is told apart from what it proves") {
  FakeNames names;
  names.knows("192.0.2.66", {"Trusted.example.com.", "honest.example.org", "a\nb.example.com", "failing.example.com"});
  names.says("trusted.example.com", "192.0.2.1");
  names.says("honest.example.org", "192.0.2.66");
  names.fails_for("failing.example.com");
  const auto found = peer_name(names, address("192.0.2.66"), always);
  CHECK(found.state == State::known);
  CHECK(found.names == Names{"honest.example.org"});
  CHECK(found.claimed == Names{"trusted.example.com", "a\nb.example.com", "failing.example.com"});
}

TEST_CASE("a peer that has no name for certain is not one whose look-up failed") {
  FakeNames names;
  names.fails("192.0.2.2");
  CHECK(peer_name(names, address("192.0.2.1"), always).state == State::unknown);
  CHECK(peer_name(names, address("192.0.2.2"), always).state == State::failed);
}

TEST_CASE("more names than are looked at count as a failed look-up, and no more of them are kept") {
  FakeNames names;
  std::vector<std::string> many;
  for (int i = 0; i < 5000; ++i) many.push_back("n" + std::to_string(i) + ".example.com");
  names.knows("192.0.2.1", many);
  const auto found = peer_name(names, address("192.0.2.1"), always);
  CHECK(found.state == State::failed);
  CHECK(found.claimed.size() == 64);
}

TEST_CASE("of a name that is longer than names can be its domain is kept") {
  FakeNames names;
  names.knows("192.0.2.1", {std::string(5000, 'x') + ".bad.example"});
  const auto found = peer_name(names, address("192.0.2.1"), always);
  REQUIRE(found.claimed.size() == 1);
  CHECK(found.claimed[0].size() == 253);
  CHECK(found.claimed[0].ends_with(".bad.example"));
}

TEST_CASE("a deadline that passes and too many who wait make the look-up a failed one") {
  Fixture f;
  f.options.deadline = 20ms;
  f.options.waiting = 2;
  f.names->hangs("192.0.2.1");
  f.begin();
  f.ask("192.0.2.1");
  f.ask("192.0.2.1");
  f.names_of("192.0.2.2");
  CHECK(f.states["192.0.2.2"] == State::failed);
  CHECK(run_until(f.loop, [&] { return f.calls == 3; }));
  CHECK(f.states["192.0.2.1"] == State::failed);
}

TEST_CASE("a mapped peer is looked up as the IPv4 address that it is") {
  Fixture f;
  f.names->has("192.0.2.1", "mail.example.com");
  f.begin();
  CHECK(f.names_of("::ffff:192.0.2.1") == Names{"mail.example.com"});
  CHECK(f.names_of("192.0.2.1") == Names{"mail.example.com"});
  CHECK(f.names->asked() == 1);
}

TEST_CASE("an IPv6 peer has names like any other") {
  Fixture f;
  f.names->has("2001:db8::1", "six.example.com");
  f.names->says("six.example.com", "192.0.2.1");
  f.begin();
  CHECK(f.names_of("2001:db8::1") == Names{"six.example.com"});
}

TEST_CASE("a peer without address has no name and nobody is asked") {
  Fixture f;
  f.begin();
  bool called = false;
  f.resolver->names_of({}, [&](const base::PeerName& found) { called = found.names.empty(); });
  CHECK_FALSE(called);
  CHECK(run_until(f.loop, [&] { return called; }));
  CHECK(f.names->asked() == 0);
}

TEST_CASE("an address without names is unknown and not asked for again at once") {
  Fixture f;
  f.begin();
  CHECK(f.names_of("192.0.2.9").empty());
  CHECK(f.names_of("192.0.2.9").empty());
  CHECK(f.names->asked() == 1);
}

TEST_CASE("answers are asked for anew when their time is over") {
  Fixture f;
  f.options.known_for = f.options.unknown_for = 0ms;
  f.names->has("192.0.2.1", "mail.example.com");
  f.begin();
  CHECK(f.names_of("192.0.2.1") == Names{"mail.example.com"});
  CHECK(f.names_of("192.0.2.1") == Names{"mail.example.com"});
  CHECK(f.names->asked() == 2);
}

TEST_CASE("equal questions share one look-up") {
  Fixture f;
  f.names->has("192.0.2.1", "mail.example.com");
  f.names->hangs("192.0.2.1");
  f.begin();
  for (int i = 0; i < 5; ++i) f.ask("192.0.2.1");
  f.ask("::ffff:192.0.2.1");
  CHECK(run_until(f.loop, [&] { return f.names->asked() == 1; }));
  f.names->let_go();
  CHECK(run_until(f.loop, [&] { return f.calls == 6; }));
  CHECK(f.answers.at("192.0.2.1") == Names{"mail.example.com"});
  CHECK(f.names->asked() == 1);
}

TEST_CASE("a look-up that hangs is unknown at its deadline and others go on meanwhile") {
  Fixture f;
  f.options.deadline = 30ms;
  f.names->hangs("192.0.2.1");
  f.names->has("192.0.2.2", "other.example.com");
  f.begin();
  f.ask("192.0.2.1");
  CHECK(run_until(f.loop, [&] { return f.names->asked() == 1; }));
  CHECK(f.names_of("192.0.2.2") == Names{"other.example.com"});
  CHECK(run_until(f.loop, [&] { return f.answers.contains("192.0.2.1"); }));
  CHECK(f.answers.at("192.0.2.1").empty());
}

TEST_CASE("a late answer is not given twice but serves the next question") {
  Fixture f;
  f.options.deadline = 20ms;
  f.names->hangs("192.0.2.1");
  f.names->has("192.0.2.1", "slow.example.com");
  f.begin();
  CHECK(f.names_of("192.0.2.1").empty());
  f.ask("192.0.2.1");  // still the same look-up
  f.names->let_go();
  CHECK(run_until(f.loop, [&] { return f.calls == 2; }));
  // The loop may get the answer before or after the second deadline; then it is remembered.
  CHECK(run_until(f.loop, [&] { return f.names_of("192.0.2.1") == Names{"slow.example.com"}; }));
  CHECK(f.names->asked() == 1);
}

TEST_CASE("a full queue answers at once and takes questions again when they have gone") {
  Fixture f;
  f.options.threads = 1;
  f.options.queue = 2;
  f.names->hangs("192.0.2.1");
  f.begin();
  f.ask("192.0.2.1");
  REQUIRE(run_until(f.loop, [&] { return f.names->asked() == 1; }));
  f.ask("192.0.2.2");
  f.ask("192.0.2.3");
  CHECK(f.names_of("192.0.2.4").empty());
  CHECK(f.calls == 1);  // the other three still wait
  f.names->let_go();
  CHECK(run_until(f.loop, [&] { return f.calls == 4; }));
  f.names->has("192.0.2.5", "later.example.com");
  CHECK(f.names_of("192.0.2.5") == Names{"later.example.com"});
}

TEST_CASE("a question that waited in vain for a thread leaves the queue") {
  Fixture f;
  f.options.threads = 1;
  f.options.queue = 1;
  f.options.deadline = 20ms;
  f.names->hangs("192.0.2.1");
  f.begin();
  f.ask("192.0.2.1");
  REQUIRE(run_until(f.loop, [&] { return f.names->asked() == 1; }));
  CHECK(f.names_of("192.0.2.2").empty());
  CHECK(f.names_of("192.0.2.3").empty());
  f.names->let_go();
  CHECK(f.names_of("192.0.2.4").empty());
  CHECK(run_until(f.loop, [&] { return f.names->asked() >= 2; }));
  CHECK(f.names->asked() == 2);  // nobody ever looked for .2 and .3
}

TEST_CASE("a source that throws makes the look-up a failed one and nothing else") {
  Fixture f;
  f.names->throws("192.0.2.1");
  f.names->has("192.0.2.2", "other.example.com");
  f.begin();
  CHECK(f.names_of("192.0.2.1").empty());
  CHECK(f.states["192.0.2.1"] == State::failed);
  CHECK(f.names_of("192.0.2.2") == Names{"other.example.com"});
}

TEST_CASE("the end of the resolver does not wait for a look-up that hangs") {
  Fixture f;
  f.options.threads = 3;
  f.names->hangs("192.0.2.1");
  f.names->hangs("192.0.2.2");
  f.begin();
  f.ask("192.0.2.1");
  f.ask("192.0.2.2");
  f.names_of("192.0.2.3");
  REQUIRE(run_until(f.loop, [&] { return f.names->asked() == 3; }));
  f.resolver.reset();
  CHECK(f.names->finished() == 1);
  f.names->let_go();
  CHECK(run_until(f.loop, [&] { return f.names->finished() == 3; }));
  f.loop.restart();
  f.loop.poll();
  CHECK(f.calls == 1);  // .3 only
}

TEST_CASE("no answer comes once the resolver is gone") {
  Fixture f;
  f.names->has("192.0.2.1", "mail.example.com");
  f.begin();
  f.ask("192.0.2.1");
  CHECK(run_until(f.loop, [&] { return f.names->finished() == 1; }));
  f.ask("192.0.2.1");
  const int before = f.calls;
  f.resolver.reset();
  f.loop.restart();
  f.loop.poll();
  CHECK(f.calls == before);
}

TEST_CASE("a callback may ask again and may end the resolver") {
  Fixture f;
  f.names->hangs("192.0.2.1");
  f.begin();
  int called = 0;
  f.resolver->names_of(address("192.0.2.1"), [&](const base::PeerName&) {
    ++called;
    f.resolver->names_of(address("192.0.2.2"), [&](const base::PeerName&) {
      ++called;
      f.resolver.reset();
    });
    f.resolver->names_of(address("192.0.2.2"), [&](const base::PeerName&) { ++called; });
  });
  f.names->let_go();
  CHECK(run_until(f.loop, [&] { return !f.resolver; }));
  f.loop.restart();
  f.loop.poll();
  CHECK(called == 2);
}

TEST_CASE("a thousand questions for a hundred addresses are each answered exactly once") {
  Fixture f;
  f.options.threads = 4;
  f.options.cache = 16;
  f.begin();
  std::vector<int> answered(1000);
  for (int i = 0; i < 100; ++i) {
    const std::string at = "192.0.2." + std::to_string(i);
    f.names->has(at.c_str(), "n" + std::to_string(i) + ".example");
  }
  for (int i = 0; i < 1000; ++i) {
    const std::string at = "192.0.2." + std::to_string(i % 100);
    f.resolver->names_of(address(at.c_str()), [&answered, &f, i](const base::PeerName& found) {
      const Names& names = found.names;
      if (names == Names{"n" + std::to_string(i % 100) + ".example"}) ++answered[i];
      ++f.calls;
    });
  }
  CHECK(run_until(f.loop, [&] { return f.calls == 1000; }));
  CHECK(answered == std::vector<int>(1000, 1));
}
