// SPDX-License-Identifier: MIT
#include "fleet/store_talk.hpp"

#include <catch2/catch.hpp>

#include "policy/networks.hpp"

using namespace xsuperd;
using namespace xsuperd::fleet;
using namespace std::chrono_literals;
using xsuperd::policy::test::network;

namespace {

constexpr std::string_view pong = "*2\r\n$4\r\npong\r\n$0\r\n\r\n";
std::string bulk(std::string_view text) { return "$" + std::to_string(text.size()) + "\r\n" + std::string(text) + "\r\n"; }

/// A conversation, and what it has said last.
struct Talk {
  explicit Talk(Meet meet = {.host = "alpha", .self = 1}) {
    REQUIRE(load_hiredis().has_value());
    talk.emplace(meet, now, out);
  }
  std::string commands() { return std::exchange(out.commands, {}); }
  std::string listening() { return std::exchange(out.listening, {}); }
  std::vector<Word> words() { return std::exchange(out.words, {}); }
  void answer(std::string_view bytes) { talk->hear_commands(bytes, now); }
  void tell(std::string_view bytes) { talk->hear_listening(bytes, now); }
  /// Until it goes through what there is.
  void meet() {
    answer("*3\r\n$6\r\nmaster\r\n:0\r\n*0\r\n$-1\r\n");
    tell("*3\r\n$9\r\nsubscribe\r\n" + bulk(channel) + ":1\r\n");
    CHECK(words() == std::vector<Word>{Met{}});
    answer("+OK\r\n");
    commands();
    listening();
  }
  /// Nothing is in the store.
  void meet_empty() {
    meet();
    answer("*2\r\n$1\r\n0\r\n*0\r\n");
    CHECK(words() == std::vector<Word>{Listed{}});
    commands();
  }
  std::string lost() {
    const auto all = words();
    REQUIRE_FALSE(all.empty());
    REQUIRE(std::holds_alternative<Lost>(all.back()));
    CHECK(talk->over());
    return std::get<Lost>(all.back()).why;
  }

  base::Moment now{1h};
  StoreTalk::Out out;
  std::optional<StoreTalk> talk;
};

}  // namespace

TEST_CASE("a user, a password and a database are told before anything else") {
  Talk talk({.host = "alpha", .self = 1, .user = "limits", .password = "secret", .database = 2});
  CHECK(talk.commands() == "*3\r\n$4\r\nAUTH\r\n$6\r\nlimits\r\n$6\r\nsecret\r\n*2\r\n$6\r\nSELECT\r\n$1\r\n2\r\n*1\r\n$4\r\nROLE\r\n"
                           "*2\r\n$3\r\nGET\r\n$31\r\n{xsuperd}:host:0000000000000001\r\n");
  CHECK(talk.listening().starts_with("*3\r\n$4\r\nAUTH\r\n$6\r\nlimits\r\n$6\r\nsecret\r\n*2\r\n$9\r\nSUBSCRIBE\r\n"));
  talk.answer("-WRONGPASS invalid username-password pair\r\n");
  CHECK(talk.lost() == "it refuses user and password: WRONGPASS invalid username-password pair");
}

TEST_CASE("what is there is gone through page by page, with its time by the store") {
  Talk talk;
  talk.meet();
  talk.answer("*2\r\n$2\r\n17\r\n*3\r\n" + bulk("{xsuperd}:ban:192.0.2.7") + bulk("{xsuperd}:ban:nonsense") + bulk("other"));
  CHECK(talk.commands() == "*2\r\n$3\r\nGET\r\n$23\r\n{xsuperd}:ban:192.0.2.7\r\n*2\r\n$4\r\nPTTL\r\n$23\r\n{xsuperd}:ban:192.0.2.7\r\n");
  talk.answer(bulk(R"({"host":"beta","reason":"sensor telnet"})") + ":1500\r\n");
  CHECK(talk.words() == std::vector<Word>{Heard{network("192.0.2.7"), 2, "sensor telnet", "beta"}});
  CHECK(talk.commands().empty());  // until the daemon has taken that
  talk.talk->go_on(talk.now);
  CHECK(talk.commands().find("\r\n17\r\n") != std::string::npos);
  talk.answer("*2\r\n$1\r\n0\r\n*1\r\n" + bulk("{xsuperd}:ban:192.0.2.8"));
  talk.talk->go_on(talk.now);
  CHECK(talk.commands().find("PTTL") != std::string::npos);
  CHECK(talk.words().empty());  // the last one has been named, but not told
  talk.answer("$-1\r\n:-2\r\n");
  CHECK(talk.words() == std::vector<Word>{Listed{}});
  talk.talk->go_on(talk.now);
  CHECK(talk.commands().empty());
}

TEST_CASE("a ban without an end, and one that has gone meanwhile") {
  Talk talk;
  talk.meet();
  talk.answer("*2\r\n$1\r\n0\r\n*3\r\n" + bulk("{xsuperd}:ban:192.0.2.1") + bulk("{xsuperd}:ban:192.0.2.2") + bulk("{xsuperd}:ban:192.0.2.3"));
  talk.answer(bulk("{}") + ":-1\r\n" + "$-1\r\n:-2\r\n" + bulk("no object") + ":5000\r\n");
  CHECK(talk.words() == std::vector<Word>{Heard{network("192.0.2.1"), 0, "", ""}, Listed{}});
}

TEST_CASE("a ban of ours is put there with its time, and told; its outcome is that of both") {
  Talk talk;
  talk.meet_empty();
  talk.talk->order(Add{network("192.0.2.0/24"), 600, "sensor telnet"}, talk.now);
  const std::string said = talk.commands();
  CHECK(said.find("SET\r\n$26\r\n{xsuperd}:ban:192.0.2.0/24\r\n") != std::string::npos);
  CHECK(said.find("EX\r\n$3\r\n600\r\n") != std::string::npos);
  CHECK(said.find("PUBLISH\r\n") != std::string::npos);
  talk.answer("+OK\r\n:1\r\n");
  CHECK(talk.words() == std::vector<Word>{Done{1}});
  talk.talk->order(Remove{network("192.0.2.0/24")}, talk.now);
  talk.talk->order(Add{network("192.0.2.1"), 0, ""}, talk.now);
  talk.answer(":1\r\n:0\r\n-OOM command not allowed\r\n:0\r\n");
  CHECK(talk.words() == std::vector<Word>{Done{1}, Refused{1, "OOM command not allowed"}});
}

TEST_CASE("what others tell is heard, and our own words are not") {
  Talk talk;
  talk.meet_empty();
  const auto message = [](std::string_view text) { return "*3\r\n$7\r\nmessage\r\n" + bulk(channel) + bulk(text); };
  talk.tell(message(text_of(Notice{2, network("192.0.2.7"), false, 60, {"beta", "refused ftp"}})));
  talk.tell(message(text_of(Notice{.by = 2, .peer = network("192.0.2.8"), .lifted = true})));
  talk.tell(message(text_of(Notice{1, network("192.0.2.9"), false, 60, {"alpha", ""}})));
  talk.tell(message("nonsense") + message(R"({"ban":"192.0.2.9","seconds":-1})") + message(R"({"ban":"unix:uid=0","seconds":1})"));
  CHECK(talk.words() == std::vector<Word>{Heard{network("192.0.2.7"), 60, "refused ftp", "beta"}, Lifted{network("192.0.2.8")}});
}

TEST_CASE("what is no primary, turns away or says nonsense is lost") {
  const auto why = [](std::string_view bytes) {
    Talk talk;
    talk.answer(bytes);
    return talk.lost();
  };
  CHECK(why("*5\r\n$5\r\nslave\r\n$1\r\nh\r\n:1\r\n$9\r\nconnected\r\n:0\r\n") == "it is not the primary but a slave");
  CHECK(why("*3\r\n$6\r\nmaster\r\n:0\r\n*0\r\n-MOVED 4758 192.0.2.1:6379\r\n") == "it says: MOVED 4758 192.0.2.1:6379");
  CHECK(why("-LOADING Redis is loading\r\n") == "it says: LOADING Redis is loading");
  CHECK(why("HTTP/1.0 400 Bad Request\r\n") == "its answers are not in the Redis protocol");
  Talk talk;
  talk.meet_empty();
  talk.answer("+OK\r\n");
  CHECK(talk.lost() == "it has sent an answer to no question");
}

TEST_CASE("a store that may not be asked for its role is taken for a primary until it says otherwise") {
  Talk talk;
  talk.answer("-NOPERM this user has no permissions\r\n$-1\r\n");
  talk.tell("*3\r\n$9\r\nsubscribe\r\n" + bulk(channel) + ":1\r\n");
  CHECK(talk.words() == std::vector<Word>{Met{}});
  talk.answer("+OK\r\n*2\r\n$1\r\n0\r\n*0\r\n");
  talk.talk->order(Add{network("192.0.2.1"), 5, ""}, talk.now);
  talk.answer("-READONLY You can't write against a read only replica.\r\n");
  CHECK(talk.lost().starts_with("it says: READONLY"));
}

TEST_CASE("silence ends it, and a slow store does not") {
  Talk talk;
  talk.now += 11s;
  talk.talk->tick(talk.now);
  CHECK(talk.lost() == "it does not answer");

  Talk slow;
  slow.meet_empty();
  for (int i = 0; i < 20; ++i) slow.talk->order(Add{network("192.0.2.1"), 5, ""}, slow.now);
  for (int i = 0; i < 20; ++i) {  // each answer takes two seconds
    slow.now += 2s;
    slow.answer(i % 2 == 0 ? "+OK\r\n" : ":0\r\n");
    slow.tell(pong);
    slow.talk->tick(slow.now);
  }
  CHECK_FALSE(slow.talk->over());
  slow.now += 11s;
  slow.talk->tick(slow.now);
  CHECK(slow.lost() == "it has not answered for 10 seconds");
}

TEST_CASE("one that tells nothing is asked whether it is there") {
  Talk talk;
  talk.meet_empty();
  talk.now += 11s;
  talk.talk->tick(talk.now);
  CHECK(talk.listening() == "*1\r\n$4\r\nPING\r\n");
  talk.answer("+OK\r\n");
  talk.now += 10s;
  talk.talk->tick(talk.now);
  CHECK(talk.lost() == "nothing has been heard from it for 20 seconds");
}

TEST_CASE("what has been lifted while it was asked for is not heard of again, unless it is banned anew") {
  Talk talk;
  talk.meet();
  const auto message = [](std::string_view text) { return "*3\r\n$7\r\nmessage\r\n" + bulk(channel) + bulk(text); };
  talk.answer("*2\r\n$1\r\n0\r\n*2\r\n" + bulk("{xsuperd}:ban:192.0.2.1") + bulk("{xsuperd}:ban:192.0.2.2"));
  talk.tell(message(text_of(Notice{.by = 2, .peer = network("192.0.2.1"), .lifted = true})));
  talk.tell(message(text_of(Notice{.by = 2, .peer = network("192.0.2.2"), .lifted = true})));
  talk.tell(message(text_of(Notice{2, network("192.0.2.2"), false, 60, {"beta", ""}})));
  talk.words();
  talk.answer(bulk("{}") + ":5000\r\n" + bulk("{}") + ":60000\r\n");
  CHECK(talk.words() == std::vector<Word>{Heard{network("192.0.2.2"), 60, "", ""}, Listed{}});
}

TEST_CASE("a store that lost our key because it was full has not been emptied") {
  Talk talk;
  talk.meet_empty();
  for (int i = 0; i < 5; ++i) {  // as long as it must be there, it is asked for
    talk.now += 10s;
    talk.talk->tick(talk.now);
    CHECK(talk.commands().find("$2\r\nXX\r\n") != std::string::npos);
    talk.answer("-OOM command not allowed\r\n");
    talk.tell(pong);
  }
  talk.now += 10s;
  talk.talk->tick(talk.now);
  CHECK(talk.commands().find("$2\r\nXX\r\n") == std::string::npos);
  talk.answer("+OK\r\n");
  talk.tell(pong);
  CHECK(talk.words().empty());
  talk.now += 10s;
  talk.talk->tick(talk.now);
  CHECK(talk.commands().find("$2\r\nXX\r\n") != std::string::npos);
}

TEST_CASE("a store that says twice that it has been emptied is heard once") {
  Talk talk;
  talk.meet_empty();
  talk.now += 10s;
  talk.talk->tick(talk.now);
  talk.answer("$-1\r\n");
  CHECK(talk.words() == std::vector<Word>{Emptied{}});
  talk.answer("$-1\r\n");
  CHECK(talk.words().empty());
}

TEST_CASE("a store that somebody has flushed is noticed") {
  Talk talk;
  talk.meet_empty();
  talk.now += 10s;
  talk.talk->tick(talk.now);
  CHECK(talk.commands().find("$2\r\nXX\r\n") != std::string::npos);
  talk.answer("$-1\r\n");
  CHECK(talk.words() == std::vector<Word>{Emptied{}});
  CHECK(talk.commands().find("$2\r\nXX\r\n") == std::string::npos);  // it is put there again
}

TEST_CASE("a count adds to its bucket, has it last, and looks at the one before") {
  Talk talk;
  talk.meet_empty();
  talk.talk->order(Count{Count::What::sessions, "web:1", network("192.0.2.0/24"), 10, 17, 2}, talk.now);
  CHECK(talk.commands() == "*3\r\n$6\r\nINCRBY\r\n$37\r\n{xsuperd}:now:web%3A1:192.0.2.0/24:17\r\n$1\r\n2\r\n"
                           "*3\r\n$6\r\nEXPIRE\r\n$37\r\n{xsuperd}:now:web%3A1:192.0.2.0/24:17\r\n$2\r\n30\r\n"
                           "*2\r\n$3\r\nGET\r\n$37\r\n{xsuperd}:now:web%3A1:192.0.2.0/24:16\r\n");
  talk.answer(":5\r\n:1\r\n" + bulk("4"));
  CHECK(talk.words() == std::vector<Word>{Counted{5, 4}});
  talk.talk->order(Count{Count::What::admitted, "web", network("2001:db8::/64"), 60, 0, -1}, talk.now);
  CHECK(talk.commands().starts_with("*3\r\n$6\r\nINCRBY\r\n$34\r\n{xsuperd}:rate:web:2001:db8::/64:0\r\n$2\r\n-1\r\n"));
  talk.answer(":-1\r\n:1\r\n$-1\r\n");
  CHECK(talk.words() == std::vector<Word>{Counted{0, 0}});
}

TEST_CASE("a count that the store refuses is told as that, and does not end anything") {
  Talk talk;
  talk.meet_empty();
  const Count one{Count::What::sessions, "web", network("192.0.2.1"), 10, 17, 1};
  const auto outcome = [&](const std::string& answers) {
    talk.talk->order(one, talk.now);
    talk.answer(answers);
    const auto words = talk.words();
    REQUIRE(words.size() == 1);
    return words[0];
  };
  CHECK(outcome("-NOPERM no\r\n:1\r\n$-1\r\n") == Word(Uncounted{"NOPERM no"}));
  CHECK(outcome(":1\r\n-NOPERM no\r\n$-1\r\n") == Word(Uncounted{"NOPERM no", true}));
  CHECK(outcome(":1\r\n:1\r\n-WRONGTYPE no\r\n") == Word(Uncounted{"WRONGTYPE no", true}));
  CHECK(outcome(":9223372036854775807\r\n:1\r\n" + bulk("99999999999999999999")) == Word(Counted{most_counted, 0}));
  CHECK(outcome(bulk("many") + "+OK\r\n*0\r\n") == Word(Counted{0, 0}));
  CHECK_FALSE(talk.talk->over());
  talk.talk->order(one, talk.now);
  talk.answer("-READONLY You can't write against a read only replica.\r\n");
  CHECK(talk.lost().starts_with("it says: READONLY"));
}

TEST_CASE("outcomes of bans and of counts do not get mixed up") {
  Talk talk;
  talk.meet_empty();
  talk.talk->order(Add{network("192.0.2.1"), 5, ""}, talk.now);
  talk.talk->order(Count{Count::What::sessions, "web", network("192.0.2.1"), 10, 17, 1}, talk.now);
  talk.talk->order(Remove{network("192.0.2.1")}, talk.now);
  talk.answer("+OK\r\n:0\r\n:1\r\n:1\r\n$-1\r\n:1\r\n-OOM no\r\n");
  CHECK(talk.words() == std::vector<Word>{Counted{1, 0}, Done{1}, Refused{1, "OOM no"}});
}

TEST_CASE("the clock of the store is read") {
  Talk talk;
  talk.meet_empty();
  const auto time = [&](const std::string& answer) {
    talk.talk->order(AskTime{}, talk.now);
    CHECK(talk.commands() == "*1\r\n$4\r\nTIME\r\n");
    talk.answer(answer);
    return talk.words().at(0);
  };
  CHECK(time("*2\r\n" + bulk("1780000000") + bulk("123456")) == Word(Time{1'780'000'000'123}));
  CHECK(time("-NOPERM no\r\n") == Word(Uncounted{"NOPERM no"}));
  for (const std::string& bad : {"*2\r\n" + bulk("-1") + bulk("0"), "*1\r\n" + bulk("5"), "*2\r\n" + bulk("1") + bulk("1000000"),
                                 "*2\r\n" + bulk("99999999999999999") + bulk("0"), std::string("+OK\r\n")})
    CHECK(time(bad) == Word(Uncounted{"it answers TIME with something else"}));
}
