// SPDX-License-Identifier: MIT
// The state as text: what goes in comes out, and nothing else is let in.
#include "supervisor/hand_over.hpp"

#include <algorithm>
#include <boost/json.hpp>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <random>

#include "supervisor/state_maker.hpp"

using namespace xsuperd;
using namespace xsuperd::supervisor;
using testing::Maker;
using testing::Members;

namespace {

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

boost::json::value parsed(const std::string& text) {
  boost::json::parse_options options;
  options.allow_invalid_utf8 = true;
  return boost::json::parse(text, {}, options);
}

std::string golden_path(std::uint64_t version) { return fmt::format(XSUPERD_STATES "/version-{}.json", version); }

std::string golden_text(std::uint64_t version) {
  std::ifstream file(golden_path(version));
  return std::string(std::istreambuf_iterator<char>(file), {});
}

/// The first thing in `has` that `gets` has not, or has otherwise; empty: none.
std::string lost(const boost::json::value& has, const boost::json::value& gets, const std::string& path) {
  if (has.is_array() && gets.is_array() && has.get_array().size() == gets.get_array().size()) {
    for (std::size_t i = 0; i < has.get_array().size(); ++i)
      if (auto what = lost(has.get_array()[i], gets.get_array()[i], fmt::format("{}/{}", path, i)); !what.empty()) return what;
    return {};
  }
  if (!has.is_object() || !gets.is_object()) return has == gets ? "" : path;
  for (const auto& [name, value] : has.get_object()) {
    const std::string its = path + "/" + std::string(name);
    const boost::json::value* other = gets.get_object().if_contains(name);
    if (!other) return its;
    if (auto what = lost(value, *other, its); !what.empty()) return what;
  }
  return {};
}

/// The members that have their defaults wherever they occur.
std::set<std::string> unset_in(const HandOver& state) {
  Members members;
  members.look_at(state);
  std::set<std::string> unset;
  std::set_difference(members.all.begin(), members.all.end(), members.set.begin(), members.set.end(),
                      std::inserter(unset, unset.end()));
  return unset;
}

/// The state as text with one value replaced.
std::string changed(const std::string& pointer, const boost::json::value& to) {
  boost::json::value all = parsed(encode(full_state()));
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

TEST_CASE("an image in another time namespace finds every moment as far away as it was") {
  using namespace std::chrono_literals;
  HandOver state = full_state();
  state.now = base::Moment(100s);
  state.clock = "time:[1]";
  state.bans.resize(2, state.bans.front());
  state.bans[0].until = base::Moment(160s);
  state.bans[1].until = base::Moment::max();
  state.runners[0].state.sessions[0].started = base::Moment(90s);
  state.runners[0].state.sessions[1].started = {};
  const HandOver before = state;
  keep_time(state, base::Moment(5000s), "time:[1]");
  CHECK(state == before);
  keep_time(state, base::Moment(5000s), "");
  CHECK(state == before);
  keep_time(state, base::Moment(5000s), "time:[2]");
  CHECK(state.bans[0].until == base::Moment(5060s));
  CHECK(state.bans[1].until == base::Moment::max());
  CHECK(state.runners[0].state.sessions[0].started == base::Moment(4990s));
  CHECK(state.runners[0].state.sessions[1].started == base::Moment{});
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

// What daemons have written, one for each version of the state. That of a released version is never changed; that of the
// present one is written anew, with XSUPERD_UPDATE_GOLDEN=1, as long as members are added to it.

TEST_CASE("a golden state of each version is taken over, and all that it has outlives the next upgrade, too") {
  for (std::uint64_t version = HandOver::oldest_version; version <= HandOver::version; ++version) {
    INFO("version " << version);
    const std::string text = golden_text(version);
    const auto state = decode(text);
    if (!state) FAIL(state.error().sentence);
    boost::json::value has = parsed(text), gets = parsed(encode(*state));
    REQUIRE(has.at("version") == version);
    CHECK(gets.at("version") == HandOver::version);
    has.as_object().erase("version");
    CHECK(lost(has, gets, "") == "");
  }
}

TEST_CASE("the golden state of this version has every member, with a value that it does not have by itself") {
  const auto current = [] { return decode(golden_text(HandOver::version)); };
  const auto is_full = [](const base::Result<HandOver>& state) {
    return state && parsed(encode(*state)) == parsed(golden_text(HandOver::version)) && unset_in(*state).empty();
  };
  if (std::getenv("XSUPERD_UPDATE_GOLDEN") && !is_full(current()))
    std::ofstream(golden_path(HandOver::version)) << encode(Maker(1, Maker::With::everything).state());
  const auto state = current();
  if (!state) FAIL(state.error().sentence << "; XSUPERD_UPDATE_GOLDEN=1 writes " << golden_path(HandOver::version));
  CHECK(unset_in(*state) == std::set<std::string>{});
  CHECK(parsed(encode(*state)) == parsed(golden_text(HandOver::version)));
}

TEST_CASE("a state in which everything is set can be made at any time") {
  for (std::uint32_t seed = 1; seed <= 10; ++seed) CHECK(unset_in(Maker(seed, Maker::With::everything).state()) == std::set<std::string>{});
}

TEST_CASE("what a member is without a value may be handed over") {
  const HandOver state = Maker(1, Maker::With::nothing).state();
  const auto again = decode(encode(state));
  if (!again) FAIL(again.error().sentence);
  CHECK(*again == state);
}

TEST_CASE("a state of another version is refused by its version, whatever else it holds") {
  const auto newer = HandOver::version + 1, older = HandOver::oldest_version - 1;
  const std::string says = "the state that was handed over is refused: it has version {}, and this program understands versions {} to {}";
  CHECK(error_of(fmt::format(R"({{"version": {}, "something": "new"}})", newer)) ==
        fmt::format(fmt::runtime(says), newer, HandOver::oldest_version, HandOver::version));
  CHECK(error_of(fmt::format(R"({{"version": {}}})", older)) ==
        fmt::format(fmt::runtime(says), older, HandOver::oldest_version, HandOver::version));
  boost::json::value golden = parsed(golden_text(HandOver::version));
  golden.at("version") = newer;
  CHECK_THAT(error_of(boost::json::serialize(golden)), Catch::Contains(fmt::format("it has version {}", newer)));
  CHECK(error_of("{}").ends_with("it has no version"));
  CHECK(error_of("[]").ends_with("it has no version"));
  CHECK(error_of(R"({"version": "1"})").ends_with("it has no version"));
}

TEST_CASE("what is no state at all is refused") {
  for (const char* text : {"", "{", "null", "\xff\xfe", "{\"version\": 4}", "{\"version\": 1.5}"})
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
      {"/daemon/invocation/binary", 7, "daemon.invocation.binary must be a string"},
      {"/daemon/invocation/binary", boost::json::string(5000, 'x'), "daemon.invocation.binary must be a string of at "
                                                                    "most 4096"},
      {"/daemon/adopts_orphans", 1, "daemon.adopts_orphans must be true or false"},
      {"/daemon/newer", 1, "daemon has members that this version does not know"},
      {"/configured", 1000, "configured is greater than the number of services"},
      {"/chargen_line", 95, "chargen_line must be a number from 0 to 94"},
      {"/bans/0/peer", boost::json::string("10.0.0.1"), "bans[0].peer must be an address"},
      {"/bans/0/peer", -1, "bans[0].peer must be an address"},
      {"/bans/0/until", 1.5, "bans[0].until must be a number"},
      {"/bans", 3, "bans must be a list"},
      {"/runners/0", nullptr, "runners[0] must be an object"},
      {"/runners/0/service", 1000, "a runner has a service that does not exist"},
      {"/runners/0/state/state/phase", 5, "runners[0].state.state.phase must be a number from 0 to 4"},
      {"/runners/0/state/sessions/0/token", 0, "runners[0].state.sessions[0].token must be a number from 1"},
      {"/runners/0/state/sessions/0/token", 1 << 20, "does not belong to exactly one session"},
      {"/runners/0/state/sessions/0/pid", 0, "a server has a pid without a pidfd, or the reverse"},
      {"/runners/0/state/sessions/0/pidfd", 2, "one of the descriptors 0, 1 and 2 is named"},
      {"/runners/0/state/sessions/0/stage", 5, "stage must be a number from 0 to 4"},
      {"/runners/0/state/sessions/0/conversing", true, "a session has a server and a conversation"},
      {"/runners/0/state/sessions/0/datagram/peer", boost::json::string(300, 'x'), "datagram.peer must be a string of "
                                                                                   "at most 256"},
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
  boost::json::value all = parsed(encode(full_state()));
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
