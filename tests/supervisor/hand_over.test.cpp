// SPDX-License-Identifier: MIT
// The state as text: what goes in comes out, and nothing else is let in.
#include "supervisor/hand_over.hpp"

#include <algorithm>
#include <boost/json.hpp>
#include <catch2/catch.hpp>
#include <random>

using namespace xsuperd;
using namespace xsuperd::supervisor;

namespace {

/// States with whatever values their members may have.
class Maker {
 public:
  explicit Maker(std::uint32_t seed) : random_(seed) {}

  HandOver state() {
    HandOver all;
    all.daemon = {1 + dice(1000), text(), {text(), text(), {text(), text()}, text(), text(), text(), descriptor()}, flag(), mode_t{022}, dice(40) - 20,
                  random_(), ~std::uint64_t{0}, descriptor()};
    all.defaults = text();
    all.started = base::WallTime(base::WallTime::duration(dice(1 << 30)));
    all.log_level = static_cast<log::Level>(dice(6));
    all.gone = counters();
    for (int n = dice(3); n > 0; --n) all.default_origins.push_back({text(), flag(), text(), dice(99)});
    for (int n = dice(3); n > 0; --n) all.standings.push_back({text(), static_cast<service::Standing>(dice(4))});
    for (int n = dice(4); n >= 0; --n) all.services.push_back({text(), text(), dice(1000), flag(), {{"port", flag(), text(), dice(99)}}});
    all.configured = static_cast<std::size_t>(dice(static_cast<int>(all.services.size()) + 1));
    for (int n = dice(3); n > 0; --n) all.absent.push_back({text(), text(), text(), dice(9), config::Fate::disabled});
    for (int n = dice(4); n > 0; --n) all.runners.push_back(runner(all.services.size()));
    for (int n = dice(4); n > 0; --n) all.bans.push_back({address(), flag() ? base::Moment::max() : moment()});
    all.displaced_told = flag();
    all.chargen_line = static_cast<unsigned>(dice(95));
    all.last_token = last_token_;
    for (int n = dice(3); n > 0; --n) all.workers.push_back(worker());
    for (int n = dice(3); n > 0; --n) all.handed.push_back({text(), descriptor()});
    for (int n = dice(3); n > 0; --n) all.leftovers.push_back({descriptor()});
    all.reload_wanted = flag();
    all.worker_failures = random_();
    all.last_worker_failure = base::WallTime(base::WallTime::duration(dice(1 << 30)));
    all.log_behind = flag();
    all.notes = text();
    return all;
  }

 private:
  int dice(int sides) { return static_cast<int>(random_() % static_cast<std::uint32_t>(sides)); }
  bool flag() { return dice(2) == 1; }
  std::uint32_t number() { return static_cast<std::uint32_t>(random_()); }
  int descriptor() { return flag() ? ++last_descriptor_ : -1; }
  std::string text() {
    std::string all(static_cast<std::size_t>(dice(20)), ' ');
    for (char& c : all) c = static_cast<char>(dice(256));  // whatever bytes names of files have
    return all;
  }
  base::Moment moment() { return base::Moment(base::Moment::duration(static_cast<std::int64_t>(random_()) - (1 << 30))); }
  base::Address address() {
    if (dice(3) == 0) return {};
    if (flag()) return base::Address::ipv4(number());
    std::array<std::uint8_t, 16> bytes{};
    for (auto& byte : bytes) byte = static_cast<std::uint8_t>(dice(256));
    return base::Address::ipv6(bytes, flag() ? number() : 0);
  }
  base::Endpoint endpoint() { return {address(), static_cast<std::uint16_t>(random_())}; }

  service::HandedSession session(service::StateSnapshot& state) {
    service::HandedSession one;
    one.token = ++last_token_;
    one.peer = endpoint();
    one.socket = descriptor();
    if (flag()) one.pid = 1 + dice(30000), one.pidfd = ++last_descriptor_;
    one.started = moment();
    one.started_wall = base::WallTime(base::WallTime::duration(dice(1 << 30)));
    one.arrival = moment().time_since_epoch().count();
    one.stage = static_cast<service::Stage>(dice(5));
    one.accepted = moment();
    one.judged = flag(), one.judged_again = flag(), one.through_tcpmux = flag();
    one.conversing = one.pid == 0 && flag();
    if (flag()) one.datagram = service::HandedDatagram{text(), text(), text()};
    if (flag()) state.places.push_back({one.token, address(), static_cast<unsigned>(dice(5)), flag()});
    return one;
  }
  service::Counters counters() {
    service::Counters all;
    all.accepted = random_(), all.served = random_(), all.banned = number(), all.failed = number();
    all.withdrawn = number(), all.bytes_in = random_(), all.bytes_out = random_();
    for (auto& count : all.refused) count = random_();
    all.since = all.last_refusal = base::WallTime(base::WallTime::duration(dice(1 << 30)));
    all.last_failure = base::WallTime(base::WallTime::duration(dice(1 << 30)));
    all.last_refused_peer = endpoint();
    all.last_reason = static_cast<policy::Reason>(dice(9));
    all.slowest_start = std::chrono::nanoseconds(dice(1 << 30));
    return all;
  }
  HandOver::Runner runner(std::size_t services) {
    HandOver::Runner one;
    one.service = static_cast<std::size_t>(dice(static_cast<int>(services)));
    one.retired = flag();
    one.state.counters = counters();
    one.state.standing = static_cast<service::Standing>(dice(4));
    service::HandedRunner& r = one.state;
    r.state.phase = static_cast<service::Phase>(dice(5));
    r.state.rate = {moment(), random_()};
    r.state.attempts = ~std::uint64_t{0} - random_();
    r.listener = descriptor(), r.turned_away = descriptor();
    if (flag()) r.lent = text();
    r.registered = flag(), r.terminates = flag();
    r.open_failures = number();
    if (flag()) r.pause_end = moment();
    if (flag()) r.kill_at = moment();
    for (int n = dice(3); n > 0; --n) r.targets.push_back(endpoint());
    for (int n = dice(3); n > 0; --n) r.refused_lately.push_back({endpoint(), moment()});
    for (int n = dice(5); n > 0; --n) r.sessions.push_back(session(r.state));
    return one;
  }
  worker::HandedWorker worker() {
    worker::HandedWorker one{1 + dice(30000), descriptor(), descriptor(), number(), text(), {}};
    for (int n = dice(3); n > 0; --n) one.conversations.push_back({1 + random_(), ~std::uint64_t{0}});
    return one;
  }

  std::mt19937 random_;
  int last_descriptor_ = 2;
  service::Token last_token_ = 0;
};

/// A state in which every kind of member occurs.
HandOver full_state() {
  for (std::uint32_t seed = 1;; ++seed) {
    HandOver state = Maker(seed).state();
    if (state.runners.size() < 2 || state.workers.empty() || state.bans.empty() || state.leftovers.empty()) continue;
    const auto& r = state.runners[0].state;
    if (r.sessions.size() > 1 && r.sessions[0].pid != 0 && r.sessions[0].datagram && !r.state.places.empty()) return state;
  }
}

std::string error_of(const std::string& text) {
  const auto state = decode(text);
  return state ? "none" : state.error().sentence;
}

/// The state as text with one value replaced.
std::string changed(const std::string& pointer, const boost::json::value& to) {
  boost::json::parse_options options;
  options.allow_invalid_utf8 = true;
  boost::json::value all = boost::json::parse(encode(full_state()), {}, options);
  const std::size_t slash = pointer.rfind('/');
  boost::system::error_code missing;
  boost::json::value* parent = slash == 0 ? &all : all.find_pointer(pointer.substr(0, slash), missing);
  REQUIRE(parent);
  const std::string key = pointer.substr(slash + 1);
  if (parent->is_array())
    parent->as_array().at(static_cast<std::size_t>(std::stoi(key))) = to;
  else
    parent->as_object()[key] = to;
  return boost::json::serialize(all);
}

}  // namespace

TEST_CASE("every state reads back as it was") {
  for (std::uint32_t seed = 1; seed <= 300; ++seed) {
    INFO("seed " << seed);
    const HandOver state = Maker(seed).state();
    const auto again = decode(encode(state));
    if (!again) FAIL(again.error().sentence);
    REQUIRE(*again == state);
  }
}

TEST_CASE("all descriptors are found, wherever they stand") {
  const HandOver state = full_state();
  const std::vector<int> numbers = descriptors(state);
  const auto has = [&](int number) { return std::count(numbers.begin(), numbers.end(), number) == 1; };
  CHECK(has(state.runners[0].state.sessions[0].pidfd));
  for (const auto& worker : state.workers) CHECK((worker.link < 0 || has(worker.link)));
  for (const auto& handed : state.handed) CHECK((handed.socket < 0 || has(handed.socket)));
  for (const auto& leftover : state.leftovers) CHECK((leftover.pidfd < 0 || has(leftover.pidfd)));
  CHECK(std::count(numbers.begin(), numbers.end(), -1) == 0);
}

TEST_CASE("a state of another version is refused by its version, whatever else it holds") {
  CHECK(error_of(R"({"version": 3, "something": "new"})") ==
        "the state that was handed over is refused: it has version 3, and only version 2 is understood");
  CHECK(error_of("{}").ends_with("it has no version"));
  CHECK(error_of("[]").ends_with("it has no version"));
  CHECK(error_of(R"({"version": "1"})").ends_with("it has no version"));
}

TEST_CASE("what is no state at all is refused") {
  for (const char* text : {"", "{", "null", "\xff\xfe", "{\"version\": 2}", "{\"version\": 1.5}"})
    CHECK(error_of(text).starts_with("the state that was handed over is refused: "));
}

TEST_CASE("a member that is not allowed is refused by its name") {
  struct Row {
    const char* pointer;
    boost::json::value to = nullptr;
    const char* says = "";
  };
  const std::vector<Row> rows{
      {"/daemon/pid", 0, "daemon.pid must be a number from 1 to 4194304"},
      {"/daemon/umask", 01000, "daemon.umask must be a number from 0 to 511"},
      {"/daemon/priority", 20, "daemon.priority must be a number from -20 to 19"},
      {"/daemon/invocation/standard_output", -2, "daemon.invocation.standard_output must be a number from -1 to"},
      {"/daemon/invocation/binary", 7, "daemon.invocation.binary must be a text"},
      {"/daemon/invocation/binary", boost::json::string(5000, 'x'), "daemon.invocation.binary must be a text of at most 4096"},
      {"/daemon/adopts_orphans", 1, "daemon.adopts_orphans must be true or false"},
      {"/daemon/newer", 1, "daemon has members that this version does not know"},
      {"/configured", 1000, "configured is greater than the number of services"},
      {"/chargen_line", 95, "chargen_line must be a number from 0 to 94"},
      {"/bans/0/peer", boost::json::string("10.0.0.1"), "bans[0].peer must be an address"},
      {"/bans/0/peer", -1, "bans[0].peer must be an address"},
      {"/bans/0/until", 1.5, "bans[0].until must be a number"},
      {"/bans", 3, "bans must be a list"},
      {"/runners/0", nullptr, "runners[0] must be an object"},
      {"/runners/0/service", 1000, "a runner has a service that there is not"},
      {"/runners/0/state/state/phase", 5, "runners[0].state.state.phase must be a number from 0 to 4"},
      {"/runners/0/state/sessions/0/token", 0, "runners[0].state.sessions[0].token must be a number from 1"},
      {"/runners/0/state/sessions/0/token", 1 << 20, "is no token of one session"},
      {"/runners/0/state/sessions/0/pid", 0, "a server has a pid without a pidfd, or the reverse"},
      {"/runners/0/state/sessions/0/pidfd", 2, "one of the descriptors 0, 1 and 2 is named"},
      {"/runners/0/state/sessions/0/stage", 5, "stage must be a number from 0 to 4"},
      {"/runners/0/state/sessions/0/conversing", true, "a session has a server and a conversation"},
      {"/runners/0/state/sessions/0/datagram/peer", boost::json::string(300, 'x'), "datagram.peer must be a text of at most 256"},
      {"/runners/0/state/state/places/0/token", 1 << 20, "place 1048576 belongs to no session"},
      {"/runners/0/state/state/places/0/failures", 6, "failures must be a number from 0 to 5"},
      {"/workers/0/pid", -5, "workers[0].pid must be a number from 1"},
      {"/workers/0/conversations", boost::json::object{{"token", 1}}, "workers[0].conversations must be a list"},
  };
  for (const Row& row : rows) {
    INFO(row.pointer);
    CHECK_THAT(error_of(changed(row.pointer, row.to)), Catch::Contains(row.says));
  }
}

TEST_CASE("a member that is missing is named") {
  boost::json::parse_options options;
  options.allow_invalid_utf8 = true;
  boost::json::value all = boost::json::parse(encode(full_state()), {}, options);
  all.at("daemon").as_object().erase("umask");
  CHECK_THAT(error_of(boost::json::serialize(all)), Catch::Contains("daemon.umask is missing"));
}

TEST_CASE("a descriptor that two things claim is refused") {
  const auto state = full_state();
  const std::string text = changed("/runners/0/state/sessions/1/socket", state.runners[0].state.sessions[0].pidfd);
  CHECK_THAT(error_of(text), Catch::Contains("a descriptor is named twice"));
}

TEST_CASE("whatever happens to the text on its way, it is a state or it is refused") {
  std::mt19937 random(7);
  const std::string good = encode(full_state());
  int refused = 0;
  for (int turn = 0; turn < 3000; ++turn) {
    std::string text = good;
    for (std::uint32_t changes = 1 + random() % 3; changes > 0; --changes) {
      const std::size_t at = random() % text.size();
      switch (random() % 4) {
        case 0: text[at] = static_cast<char>(random()); break;
        case 1: text.erase(at, random() % 8); break;
        case 2: text.insert(at, text.substr(random() % text.size(), random() % 30)); break;
        default: text.resize(at + 1);
      }
    }
    const auto state = decode(text);
    if (!state) ++refused;
    if (state) CHECK(decode(encode(*state)).has_value());
  }
  CHECK(refused > 1000);
}

TEST_CASE("nesting without end is refused") {
  CHECK(error_of(std::string(100'000, '[')).starts_with("the state that was handed over is refused: it cannot be read"));
}
