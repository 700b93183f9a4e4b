// SPDX-License-Identifier: MIT
#include "fleet/lapi_talk.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

using namespace xsuperd;
using namespace xsuperd::fleet;
using namespace std::chrono_literals;

namespace {

/// One conversation, and what comes of it.
struct Conversation {
  explicit Conversation(bool startup = true) : talk({.host = "lapi:8080", .base = "/x", .key = "secret", .startup = startup}, now, out) {}

  std::string request() { return std::exchange(out.request, {}); }
  std::vector<Word> words() { return std::exchange(out.words, {}); }
  void hear(const std::string& bytes, std::size_t piece = 1'000'000) {
    for (std::size_t at = 0; at < bytes.size(); at += piece) talk.hear(std::string_view(bytes).substr(at, piece), now);
  }
  void tell_all() {
    while (talk.could_go_on()) talk.go_on(now);
  }
  void tick(std::chrono::seconds later) {
    now += later;
    talk.tick(now);
  }
  /// Why it has ended; nothing: it has not.
  std::optional<std::string> why() {
    for (const Word& word : words())
      if (const auto* lost = std::get_if<Lost>(&word)) return lost->source == Source::crowdsec ? lost->why : "of a store?";
    return std::nullopt;
  }

  base::Moment now{1000h};
  LapiTalk::Out out;
  LapiTalk talk;
};

std::string answer(const std::string& body, const std::string& fields = "") {
  return fmt::format("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n{}Content-Length: {}\r\n\r\n{}", fields, body.size(), body);
}
std::string one_ban(const char* value) {
  return fmt::format(R"({{"new":[{{"duration":"1h","scenario":"s","scope":"Ip","type":"ban","value":"{}"}}],"deleted":null}})", value);
}
const std::string nothing_new = R"({"new":null,"deleted":null})";

Word heard(const char* peer) { return Heard{*policy::Network::parse(peer), 3600, "s", {}, Source::crowdsec}; }
Word all_told(std::uint32_t left_out = 0) { return Met{Source::crowdsec, left_out}; }
using Told = std::vector<Word>;

}  // namespace

TEST_CASE("all decisions are asked for at once, and what has changed ten seconds after they have been told") {
  Conversation c;
  const std::string first = c.request();
  CHECK(first.starts_with("GET /x/v1/decisions/stream?startup=true HTTP/1.1\r\nHost: lapi:8080\r\nUser-Agent: xsuperd/"));
  CHECK(first.find("\r\nX-Api-Key: secret\r\n") != first.npos);
  CHECK(first.ends_with("\r\n\r\n"));
  c.hear(answer(one_ban("192.0.2.1")), 5);
  CHECK(c.words().empty());  // nothing is told before the daemon has room
  c.tell_all();
  CHECK(c.words() == Told{heard("192.0.2.1"), all_told()});
  c.tick(9s);
  CHECK(c.request().empty());
  c.tick(1s);
  CHECK(c.request().starts_with("GET /x/v1/decisions/stream?startup=false HTTP/1.1\r\n"));
  c.hear(answer(nothing_new));
  c.tell_all();
  CHECK(c.words() == Told{all_told()});
  CHECK_FALSE(c.talk.over());
}

TEST_CASE("over another connection only changes may be asked for") { CHECK(Conversation(false).request().find("startup=false") != std::string::npos); }

TEST_CASE("an answer may come in chunks, or end with the connection") {
  Conversation chunks;
  const std::string body = one_ban("192.0.2.1");
  chunks.hear(fmt::format("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{}\r\n{:x}\r\n{}\r\n0\r\n\r\n", body.substr(0, 5), body.size() - 5, body.substr(5)), 3);
  chunks.tell_all();
  CHECK(chunks.words() == Told{heard("192.0.2.1"), all_told()});
  Conversation whole;
  whole.hear("HTTP/1.0 200 OK\r\n\r\n" + body);
  CHECK_FALSE(whole.talk.could_go_on());
  whole.talk.hear_end(whole.now);
  whole.tell_all();
  CHECK(whole.words() == Told{heard("192.0.2.1"), all_told(), Lost{"", Source::crowdsec}});
}

TEST_CASE("a connection that is closed between two answers, or is to be, is lost without a reason") {
  Conversation idle;
  idle.hear(answer(nothing_new));
  idle.tell_all();
  CHECK(idle.words() == Told{all_told()});
  idle.talk.hear_end(idle.now);
  CHECK(idle.why() == "");
  Conversation last;
  last.hear(answer(one_ban("192.0.2.1"), "Connection: close\r\n"));
  last.talk.hear_end(last.now);  // waits until all has been told
  CHECK_FALSE(last.talk.over());
  last.tell_all();
  CHECK(last.words() == Told{heard("192.0.2.1"), all_told(), Lost{"", Source::crowdsec}});
}

TEST_CASE("a long answer is told piece by piece, and nothing is asked meanwhile") {
  Conversation c;
  (void)c.request();
  std::string body = R"({"new":[)";
  for (int i = 0; i < 1000; ++i)
    body += fmt::format(R"({}{{"duration":"1h","scenario":"s","scope":"Ip","type":"ban","value":"10.0.{}.{}"}})", i == 0 ? "" : ",", i / 250, i % 250);
  c.hear(answer(body + "]}"));
  c.talk.go_on(c.now);
  const auto some = c.words().size();
  CHECK(some > 0);
  CHECK(some < 1000);
  CHECK_FALSE(c.talk.listens());
  c.tick(60s);
  CHECK(c.request().empty());
  c.tell_all();
  const auto rest = c.words();
  CHECK(some + rest.size() == 1001);
  CHECK(std::get<Heard>(rest.front()).seconds == 3540);  // a minute later
}

TEST_CASE("a key that is refused and other statuses end it, whatever the body is") {
  for (const char* status : {"403 Forbidden", "401 Unauthorized"}) {
    Conversation c;
    c.hear(fmt::format("HTTP/1.1 {}\r\nContent-Length: 25\r\n\r\n", status));
    CHECK(c.why() == fmt::format("it refuses the key, with status {}", std::string(status).substr(0, 3)));
  }
  for (const char* status : {"500 Oops", "301 Moved", "204 No Content", "100 Continue", "404 Not Found"}) {
    Conversation c;
    c.hear(fmt::format("HTTP/1.1 {}\r\nContent-Length: 0\r\n\r\n", status));
    CHECK(c.why() == fmt::format("it answers with status {}", std::string(status).substr(0, 3)));
  }
}

TEST_CASE("a Local API that lies, or says more than it was asked, ends it") {
  const auto ends = [](const std::string& bytes, std::size_t piece = 1'000'000) {
    Conversation c;
    c.hear(bytes, piece);
    return c.why().value_or("nothing");
  };
  CHECK(ends("SSH-2.0-OpenSSH_9.2\r\n") == "its answer is not HTTP");
  CHECK(ends("HTTP/1.1 200 OK\r\nX: " + std::string(100'000, 'x'), 1000) == "its answer is not HTTP");
  CHECK(ends("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n") == "its answer is not HTTP");
  CHECK(ends("HTTP/1.1 200 OK\r\nContent-Length: 999999999999\r\n\r\n").starts_with("its answer is longer than"));
  CHECK(ends(answer("<html>")) == "its answer is not what a Local API of CrowdSec says");
  CHECK(ends(answer("{}")) == "its answer is not what a Local API of CrowdSec says");
  CHECK(ends(answer("\x1f\x8b\x08")) == "its answer is not what a Local API of CrowdSec says");
  CHECK(ends(answer(nothing_new) + "x") == "it has sent more than an answer");
  Conversation unasked;
  unasked.hear(answer(nothing_new));
  unasked.tell_all();
  unasked.hear(answer(nothing_new));
  CHECK(unasked.why() == "it has sent an answer to no question");
}

TEST_CASE("an answer that is cut off ends it, and nothing of it is told") {
  Conversation c;
  const std::string all = answer(one_ban("192.0.2.1"));
  c.hear(all.substr(0, all.size() - 1));
  c.talk.hear_end(c.now);
  c.tell_all();
  CHECK(c.words() == Told{Lost{"it has closed the connection before its answer was complete", Source::crowdsec}});
  CHECK(c.talk.over());
  Conversation none;
  none.talk.hear_end(none.now);
  CHECK(none.why() == "it has closed the connection before its answer was complete");
}

TEST_CASE("silence ends it, a slow answer does not, and one that has no end does") {
  Conversation silent;
  silent.tick(10s);
  CHECK_FALSE(silent.talk.over());
  silent.tick(1s);
  CHECK(silent.why() == "it does not answer");
  Conversation slow;
  slow.tick(2s);
  slow.hear(answer(nothing_new));
  slow.tell_all();
  CHECK(slow.words() == Told{all_told()});
  Conversation endless;
  endless.hear(answer(std::string(10'000, ' ')).substr(0, 200));
  for (int i = 0; i < 60 && !endless.talk.over(); ++i) {
    endless.tick(5s);
    endless.hear(" ");
  }
  CHECK(endless.why() == "its answer takes too long");
}

TEST_CASE("whatever bytes a Local API sends, it ends at most once") {
  const std::string all = answer(one_ban("192.0.2.1"));
  for (std::size_t at = 0; at < all.size(); ++at) {
    std::string other = all;
    other[at] = static_cast<char>(other[at] ^ 0x55);
    Conversation c;
    c.hear(other, 11);
    c.tell_all();
    c.talk.hear_end(c.now);
    c.tick(200s);
    const auto words = c.words();
    CHECK(std::ranges::count_if(words, [](const Word& word) { return std::holds_alternative<Lost>(word); }) <= 1);
  }
}
