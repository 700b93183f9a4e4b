// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <thread>

#include "fleet/puppet.hpp"
#include "xsuperd/base/fields.hpp"
#include "xsuperd/fleet/client.hpp"
#include "xsuperd/loop/alarm.hpp"

using namespace xsuperd;
using namespace xsuperd::fleet;
using namespace xsuperd::fleet::testing;
using namespace std::chrono_literals;

namespace {

policy::Network some_peer(const char* text = "192.0.2.7") { return *policy::Network::parse(text); }

Found found(const std::string& address, std::uint16_t port) { return {{*base::Address::parse(address), port}}; }

/// A client, the process that it has started, and what it has told.
struct Suspect {
  explicit Suspect(std::chrono::milliseconds silence = 30s, Stores stores = {}, std::chrono::milliseconds pause = 1ms)
      : process(loop), helper(loop, process.spawner, options(silence)),
        client(loop, helper, {.host = "alpha", .first_pause = pause, .longest_pause = 8 * pause}, callbacks()) {
    if (stores.addresses.empty()) stores.addresses.push_back({.path = store.path()});
    CHECK(client.use(std::move(stores)));
    REQUIRE(process.run_until([this] { return process.starts == 1; }));
  }
  Helper::Options options(std::chrono::milliseconds silence) {
    return {.first_pause = 1ms, .longest_pause = 2ms, .silence = silence,
            .on_trouble = [this](const std::string& one) { troubles.push_back(one); }};
  }
  Client::Callbacks callbacks() {
    return {.on_met = [this] { ++met; },
            .on_listed = [this] { ++listed; },
            .on_lost = [this](bool all) { lost += all ? 1 : 0; },
            .on_done = [this](std::size_t count) { done += count; },
            .on_refused = [this](std::size_t count, const std::string& why) { refused += count, sentence = why; },
            .on_heard = [this](const Heard& one) { heard.push_back(one); },
            .on_lifted = [this](const Lifted&) { ++lifted; },
            .on_emptied = [this] { ++emptied; },
            .on_counted = [this](const Counted&) { return answers(); },
            .on_time = [this](const Time&) { return answers(); },
            .on_uncounted = [this](const Uncounted&) { return answers(); }};
  }
  bool answers() { return ++answered, takes_answers; }

  /// The store knows it.
  void meet() {
    process.hear_of_store();
    const int before = met;
    process.say(Met{});
    REQUIRE(process.run_until([&] { return met > before; }));
  }
  void add(int count = 1) {
    for (int i = 0; i < count; ++i) client.send(Add{some_peer(), 60, "reason"});
  }
  void ask(int count = 1) {
    for (int i = 0; i < count; ++i) client.send(AskTime{});
  }
  /// Another is started, once, and the log says why.
  void is_ended(const std::string& why, int starts = 2) {
    REQUIRE(process.run_until([&] { return process.starts >= starts; }));
    CHECK(process.starts == starts);
    REQUIRE(troubles.size() == 1);
    CHECK(troubles.front().find(why) != std::string::npos);
    CHECK(lost == 1);
  }

  boost::asio::io_context loop{1};
  SilentStore store;
  PuppetProcess process;
  int met = 0, listed = 0, lost = 0, lifted = 0, emptied = 0, answered = 0;
  std::size_t done = 0, refused = 0;
  bool takes_answers = true;
  std::vector<Heard> heard;
  std::vector<std::string> troubles;
  std::string sentence;
  Helper helper;
  Client client;  ///< goes first
};

constexpr const char* killed_for_it = "the process xsuperd-fleet was killed: it broke the protocol; starting another";

std::vector<Word> words_of_the_store() {
  return {Done{1}, Refused{1, "no"}, Heard{some_peer(), 60, "reason", "beta"}, Lifted{some_peer()}, Emptied{}, Listed{}, Counted{}, Uncounted{"no"}, Time{1}, found("192.0.2.5", 6379)};
}

/// A process that the store knows does this and is killed for it; the next one works, and nothing is left of it.
template <typename Deed>
void costs_its_life(Deed deed) {
  Suspect suspect;
  suspect.meet();
  const auto open = PuppetProcess::open_here();
  const pid_t pid = suspect.process.pid;
  deed(suspect);
  suspect.is_ended(killed_for_it);
  suspect.meet();
  CHECK(suspect.process.run_until([pid] { return ::kill(pid, 0) != 0; }));
  CHECK(suspect.process.comes_to_open(open));
  CHECK(suspect.client.has_room());
}

void word_costs_its_life(const Word& word) {
  costs_its_life([&](Suspect& suspect) { suspect.process.say(word); });
}
void bytes_cost_its_life(const std::string& bytes) {
  costs_its_life([&](Suspect& suspect) { suspect.process.say(bytes); });
}

/// As the process writes it, with nothing cut.
std::string heard_with(const std::string& reason, const std::string& host) {
  std::string begin = encode(Word(Lifted{some_peer()}));
  begin[1] = 6;  // a Heard begins with the peer and ends with the source as well
  const char source = begin.back();
  begin.pop_back();
  return begin + base::FieldWriter().put(std::uint64_t{60}).text(reason).text(host).take() + source;
}

}  // namespace

TEST_CASE("a fleet process that sends garbage is killed, which is told once, and the next one works") {
  bytes_cost_its_life("garbage");
  bytes_cost_its_life(std::string(longest_message, '\xff'));
  bytes_cost_its_life(std::string("\x01\x0f", 2));  // there are not so many words
  bytes_cost_its_life(std::string("\x02\x09", 2));  // of another version
}

TEST_CASE("a fleet process that sends more than a message holds is killed") {
  bytes_cost_its_life(encode(Word(Alive{})) + std::string(longest_message, '\0'));
}

TEST_CASE("a fleet process that ends in the middle of a word is killed") {
  const std::string whole = encode(Word(words_of_the_store()[2]));
  bytes_cost_its_life(whole.substr(0, whole.size() - 1));
  bytes_cost_its_life(whole.substr(0, 1));
}

TEST_CASE("a fleet process that is ready, has failed or has met the store once more is killed") {
  word_costs_its_life(Ready{});
  word_costs_its_life(Failed{"no"});
  word_costs_its_life(Met{});
}

TEST_CASE("a fleet process that has found a primary where a store has been met is killed") { word_costs_its_life(found("192.0.2.5", 6379)); }

TEST_CASE("a fleet process that loses a store twice is killed") {
  costs_its_life([](Suspect& suspect) {
    suspect.process.say(Lost{"gone"});
    suspect.process.say(Lost{"gone"});
    suspect.lost = -1;  // of the store; the process is the other
  });
}

TEST_CASE("a fleet process that tells of a store before there is one, or before it has met it, is killed") {
  for (const bool knows_store : {false, true}) {
    for (const Word& word : words_of_the_store()) {
      INFO(word.index() << " " << knows_store);
      Suspect suspect;
      if (knows_store) suspect.process.hear_of_store();
      suspect.process.say(word);
      suspect.is_ended(killed_for_it);
      CHECK(suspect.heard.size() + suspect.done + suspect.refused == 0);
      CHECK(suspect.lifted + suspect.emptied + suspect.answered == 0);
    }
  }
}

TEST_CASE("a fleet process that tells an outcome that nobody asked for is killed, and it counts for nothing") {
  for (const Word& word : {Word(Done{1}), Word(Refused{1, "no"}), Word(Counted{}), Word(Uncounted{"no"}), Word(Time{1})}) word_costs_its_life(word);
}

TEST_CASE("a fleet process that tells more outcomes than changes are under way is killed") {
  costs_its_life([](Suspect& suspect) {
    suspect.add(2);
    suspect.process.say(Done{3});
  });
  costs_its_life([](Suspect& suspect) {
    suspect.add(2);
    suspect.process.say(Done{1});
    suspect.process.say(Refused{2, "no"});
  });
}

TEST_CASE("a fleet process that has told twice what the store had is killed, and is believed the first time") {
  costs_its_life([](Suspect& suspect) {
    suspect.process.say(Listed{});
    suspect.process.say(Listed{});
    REQUIRE(suspect.process.run_until([&] { return suspect.listed == 1; }));
  });
}

TEST_CASE("a fleet process that takes a change for a question, or a question for a change, is killed") {
  costs_its_life([](Suspect& suspect) {
    suspect.add();
    suspect.process.say(Counted{});
  });
  costs_its_life([](Suspect& suspect) {
    suspect.ask();
    suspect.process.say(Done{1});
  });
}

TEST_CASE("a fleet process that answers a question twice, or with what it cannot have for an answer, is killed") {
  costs_its_life([](Suspect& suspect) {
    suspect.ask();
    suspect.process.say(Time{1});
    suspect.process.say(Time{1});
  });
  costs_its_life([](Suspect& suspect) {
    suspect.takes_answers = false;
    suspect.ask();
    suspect.process.say(Counted{});
  });
}

TEST_CASE("a fleet process that tells a peer with bits behind its prefix, or a text that is too long, is killed") {
  std::string bytes = encode(Word(Lifted{some_peer("192.0.0.0/16")}));
  bytes[6] = 1;  // the last byte of the address
  bytes_cost_its_life(bytes);
  bytes_cost_its_life(heard_with(std::string(longest_text + 1, 'x'), "beta"));
  bytes_cost_its_life(heard_with("reason", std::string(longest_text + 1, 'x')));
}

TEST_CASE("what a fleet process says of a ban is heard in safe characters") {
  Suspect suspect;
  suspect.meet();
  suspect.process.say(heard_with("a\x1b[2J\nb", "\xff" "beta\r"));
  REQUIRE(suspect.process.run_until([&] { return !suspect.heard.empty(); }));
  CHECK(suspect.heard.front().reason == "a?[2J?b");
  CHECK(suspect.heard.front().host == "?beta?");
  suspect.add();
  suspect.process.say(Refused{1, "\x1b]0;no\a"});
  REQUIRE(suspect.process.run_until([&] { return suspect.refused == 1; }));
  CHECK(suspect.sentence == "?]0;no?");
  CHECK(suspect.troubles.empty());
}

TEST_CASE("what a fleet process says of its failure is logged in safe characters") {
  Suspect suspect;
  suspect.process.say(Failed{"oh\nno"});
  REQUIRE(::kill(suspect.process.pid, SIGTERM) == 0);
  suspect.is_ended("ended with signal 15: oh?no; starting another");
}

TEST_CASE("a fleet process that sends descriptors is killed, and none of them stays open") {
  const base::Fd file(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  for (const std::size_t count : {1, 3, 4, 250}) {
    INFO(count);
    const std::vector<int> all(count, file.get());
    costs_its_life([&](Suspect& suspect) { suspect.process.say(encode(Word(Alive{})), all); });
    costs_its_life([&](Suspect& suspect) { suspect.process.say("garbage", all); });
  }
}

TEST_CASE("a fleet process that floods its daemon is heard at a bounded rate, and holds up nobody") {
  constexpr int many = 25'000;
  Suspect suspect;
  suspect.meet();
  int turns = 0;
  loop::Alarm other(suspect.loop, [&] { ++turns, other.set(1ms); });
  other.set(1ms);
  const auto begin = std::chrono::steady_clock::now();
  const std::string word = encode(Word(Heard{some_peer(), 60, "reason", "beta"}));
  for (int i = 0; i < many; ++i) suspect.process.say(word);
  REQUIRE(suspect.process.run_until([&] { return suspect.heard.size() == many; }));
  CHECK(std::chrono::steady_clock::now() - begin >= 900ms);
  CHECK(turns > 20);
  CHECK(suspect.troubles.empty());
}

TEST_CASE("a fleet process that says again and again that the store is empty is heard once in a while") {
  Suspect suspect;
  suspect.meet();
  for (int i = 0; i < 100; ++i) suspect.process.say(Emptied{});
  suspect.process.say(Lifted{some_peer()});
  REQUIRE(suspect.process.run_until([&] { return suspect.lifted == 1; }));
  CHECK(suspect.emptied >= 1);
  CHECK(suspect.emptied < 10);
}

TEST_CASE("a fleet process that takes nothing has only as much waiting for it as may be under way") {
  Suspect suspect;
  suspect.meet();
  std::size_t sent = 0;
  while (suspect.client.has_room() && sent < 10 * most_under_way) suspect.add(), ++sent;
  CHECK(sent > 0);
  CHECK(sent <= most_under_way);
  suspect.process.run_for(100ms);
  CHECK_FALSE(suspect.client.has_room());
  REQUIRE(::kill(suspect.process.pid, SIGKILL) == 0);
  suspect.is_ended("ended with signal 9");
  suspect.meet();
  CHECK(suspect.client.has_room());
}

TEST_CASE("a fleet process that dies is followed by another, whatever it was about, which is told once") {
  enum class Point : std::uint8_t { at_once, ready, knows_store, met, under_way };
  for (const Point point : {Point::at_once, Point::ready, Point::knows_store, Point::met, Point::under_way}) {
    INFO(static_cast<int>(point));
    Suspect suspect;
    if (point == Point::ready) suspect.process.say(Ready{});
    if (point == Point::knows_store) suspect.process.hear_of_store();
    if (point >= Point::met) suspect.meet();
    if (point == Point::under_way) suspect.add(5), suspect.ask();
    REQUIRE(::kill(suspect.process.pid, SIGKILL) == 0);
    suspect.is_ended("the process xsuperd-fleet ended with signal 9; starting another");
    CHECK(suspect.done + suspect.refused == 0);
    suspect.meet();
    CHECK(suspect.client.has_room());
  }
}

TEST_CASE("a fleet process that dies with words and descriptors on their way leaves none open") {
  const base::Fd file(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  const std::vector<int> all(3, file.get());
  Suspect suspect;
  suspect.meet();
  const auto open = PuppetProcess::open_here();
  REQUIRE(::kill(suspect.process.pid, SIGKILL) == 0);
  for (int i = 0; i < 5; ++i) suspect.process.say(encode(Word(Alive{})), all);
  REQUIRE(suspect.process.run_until([&] { return suspect.process.starts == 2; }));
  suspect.meet();
  CHECK(suspect.process.comes_to_open(open));
}

TEST_CASE("a fleet process whose socket somebody else has by now does not hold up its daemon when it dies") {
  Suspect suspect;
  suspect.meet();
  const base::Fd copy(::fcntl(suspect.process.socket.get(), F_DUPFD_CLOEXEC, 0));
  std::thread somebody([&copy, word = encode(Word(Alive{}))] {
    while (::send(copy.get(), word.data(), word.size(), MSG_NOSIGNAL) > 0) {
    }
  });
  ::kill(suspect.process.pid, SIGKILL);
  CHECK(suspect.process.run_until([&] { return suspect.process.starts == 2; }));
  CHECK(suspect.troubles.size() == 1);
  ::shutdown(copy.get(), SHUT_RDWR);
  somebody.join();
}

TEST_CASE("a fleet process that is silent, or has closed its half of the socket, is killed after a while") {
  for (const int how : {0, 1, 2}) {
    INFO(how);
    Suspect suspect(100ms);
    if (how == 1) ::shutdown(suspect.process.socket.get(), SHUT_WR);
    if (how == 2) suspect.process.say(std::string_view());
    suspect.is_ended("the process xsuperd-fleet was killed: it has shown no sign of life; starting another");
  }
}

namespace {

/// A Sentinel that nobody but the test speaks for, what it may name, and a client that has it asked.
struct Seeker {
  explicit Seeker(const std::string& address = "127.0.0.1", const std::string& password_file = {})
      : sentinel(address), suspect(30s, {.addresses = {{.host = address, .port = sentinel.port(), .user = "limits", .database = 3, .primary = "mymaster"}},
                                         .password_file = password_file}) {}
  void is_sought(const Seek& seek = {.primary = "mymaster"}) {
    CHECK(suspect.process.hear() == Order(seek));
  }
  void begin() {
    suspect.process.say(Ready{});
    is_sought();
  }
  /// It is said to be there, and told why nobody goes there; the Sentinel is asked again.
  void is_refused(const std::string& named, const std::string& why) {
    suspect.process.say(found(named, primary.port()));
    is_sought();
    CHECK(suspect.client.trouble() == fmt::format("{}: it names {}:{}, {}", place(), named.find(':') == named.npos ? named : '[' + named + ']', primary.port(), why));
    CHECK_FALSE(primary.was_reached());
    CHECK(suspect.troubles.empty());
  }
  [[nodiscard]] std::string place() const { return fmt::format("sentinel://limits@{}:{}/mymaster/3", sentinel.address(), sentinel.port()); }

  SilentServer sentinel, primary;
  Suspect suspect;
};

/// One of this host that is no loopback address, or nothing.
std::string address_of_this_host() {
  const base::Fd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  sockaddr_in name{.sin_family = AF_INET, .sin_port = htons(9), .sin_addr = {}, .sin_zero = {}};
  ::inet_pton(AF_INET, "192.0.2.1", &name.sin_addr);
  socklen_t length = sizeof name;
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&name), length) != 0) return {};
  sockaddr_storage own{};
  length = sizeof own;
  if (::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&own), &length) != 0) return {};
  return base::endpoint_of(own).address.text();
}

}  // namespace

TEST_CASE("the primary that a Sentinel names is connected to, and both are told") {
  Seeker seeker;
  seeker.begin();
  CHECK(seeker.suspect.client.store() == seeker.place());
  seeker.suspect.process.say(found("127.0.0.1", seeker.primary.port()));
  const Order order = seeker.suspect.process.hear();
  REQUIRE(std::holds_alternative<Meet>(order));
  CHECK(std::get<Meet>(order).user == "limits");
  CHECK(std::get<Meet>(order).database == 3);
  CHECK(seeker.primary.was_reached());
  CHECK(seeker.primary.was_reached());
  seeker.suspect.process.say(Met{});
  REQUIRE(seeker.suspect.process.run_until([&] { return seeker.suspect.met == 1; }));
  const std::string both = fmt::format("{} (primary 127.0.0.1:{})", seeker.place(), seeker.primary.port());
  CHECK(seeker.suspect.client.store() == both);
  seeker.suspect.process.say(Lost{"it has closed the connection"});
  seeker.is_sought();  // again, and not the old one
  CHECK(seeker.suspect.client.trouble() == both + ": it has closed the connection");
}

TEST_CASE("the first line of the password file is for the store, and the second for its Sentinels") {
  const std::string file = std::filesystem::temp_directory_path() / fmt::format("xsuperd-passwords.{}", ::getpid());
  for (const auto& [text, second] : {std::pair("first\nsecond\n", "second"), std::pair("first\r\nsecond\r\nthird", "second"), std::pair("first\n", ""),
                                     std::pair("first", ""), std::pair("first\n\nthird\n", "")}) {
    INFO(text);
    std::ofstream(file, std::ios::trunc) << text;
    Seeker seeker("127.0.0.1", file);
    seeker.suspect.process.say(Ready{});
    seeker.is_sought({.primary = "mymaster", .password = second});
    seeker.suspect.process.say(found("127.0.0.1", seeker.primary.port()));
    const Order order = seeker.suspect.process.hear();
    REQUIRE(std::holds_alternative<Meet>(order));
    CHECK(std::get<Meet>(order).password == "first");
  }
  std::filesystem::remove(file);
}

TEST_CASE("a fleet process that finds a primary twice, or before it is asked for one, is killed") {
  for (const bool asked : {false, true}) {
    INFO(asked);
    Seeker seeker;
    asked ? seeker.begin() : seeker.suspect.process.say(Ready{});
    seeker.suspect.process.say(found("127.0.0.1", seeker.primary.port()));
    if (asked) seeker.suspect.process.say(found("127.0.0.1", seeker.primary.port()));
    seeker.suspect.is_ended(killed_for_it);
    seeker.begin();
  }
}

TEST_CASE("a fleet process that says while it asks a Sentinel what only a store can say is killed") {
  for (const Word& word : words_of_the_store()) {
    if (std::holds_alternative<Found>(word)) continue;
    INFO(word.index());
    Seeker seeker;
    seeker.begin();
    seeker.suspect.process.say(word);
    seeker.suspect.is_ended(killed_for_it);
  }
  Seeker seeker;
  seeker.begin();
  seeker.suspect.process.say(Met{});
  seeker.suspect.is_ended(killed_for_it);
}

TEST_CASE("a fleet process that names a primary which is none gets no connection to it") {
  Seeker seeker;
  seeker.begin();
  for (const char* named : {"0.0.0.0", "::", "169.254.169.254", "224.0.0.1", "255.255.255.255", "fe80::1", "ff02::1"})
    seeker.is_refused(named, "an unspecified, link-local or multicast address");
}

TEST_CASE("a fleet process that names a loopback address gets a connection there only if its Sentinel is there, too") {
  const std::string own = address_of_this_host();
  if (own.empty()) {
    WARN("case-skipped: this host has no address but those of loopback");
    return;
  }
  Seeker seeker(own);
  seeker.begin();
  for (const char* named : {"127.0.0.1", "127.1.2.3", "::1"})
    seeker.is_refused(named, "a loopback address, though the Sentinel itself is not on this host");
}

TEST_CASE("a fleet process that names one primary after the other has them tried after pauses that grow") {
  const SilentServer sentinel, primary;
  Suspect suspect(30s, {.addresses = {{.host = "127.0.0.1", .port = sentinel.port(), .primary = "mymaster"}}}, 50ms);
  suspect.process.say(Ready{});
  const auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i < 4; ++i) {
    REQUIRE(std::holds_alternative<Seek>(suspect.process.hear()));
    suspect.process.say(found("127.0.0.1", primary.port()));
    REQUIRE(std::holds_alternative<Meet>(suspect.process.hear()));
    suspect.process.say(Lost{"another, please"});
  }
  CHECK(std::chrono::steady_clock::now() - begin >= (50ms + 100ms + 200ms) * 3 / 4);
}
