// SPDX-License-Identifier: MIT
// What daemon and worker say to each other, byte by byte: a worker from before an upgrade goes on with the words that it
// knows. Each version of the protocol has a file in words/, which is never changed once the version is released: a change
// to the bytes of a message needs another version. XSUPERD_UPDATE_GOLDEN=1 writes the file of the present one.
#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "xsuperd/worker/protocol.hpp"

using namespace xsuperd;
using namespace xsuperd::worker;
using namespace std::chrono_literals;

namespace {

struct Word {
  std::string name;
  std::string bytes;
  bool to_worker = true;
  bool operator==(const Word&) const = default;
};

/// As pairs of digits; what is there more than 16 times, with a count behind it.
std::string text_of(std::string_view bytes) {
  std::string text;
  while (!bytes.empty()) {
    const std::size_t same = std::min(bytes.find_first_not_of(bytes.front()), bytes.size());
    const std::size_t taken = same > 16 ? same : 1;
    text += fmt::format("{:02x}", static_cast<unsigned char>(bytes.front()));
    if (taken > 1) text += fmt::format("*{}.", taken);
    bytes.remove_prefix(taken);
  }
  return text;
}

std::string bytes_of(std::string_view text) {
  std::string bytes;
  while (!text.empty()) {
    const auto byte = static_cast<char>(std::stoi(std::string(text.substr(0, 2)), nullptr, 16));
    text.remove_prefix(2);
    std::size_t count = 1;
    if (text.starts_with('*')) {
      const std::size_t end = text.find('.');
      count = std::stoul(std::string(text.substr(1, end - 1)));
      text.remove_prefix(end + 1);
    }
    bytes.append(count, byte);
  }
  return bytes;
}

base::Endpoint endpoint(const char* address, std::uint16_t port) { return {*base::Address::parse(address), port}; }

Start start_of(Kind kind) {
  Start start;
  start.token = 0x0123456789abcdef;
  start.kind = kind;
  return start;
}

Start full_start() {
  Start start = start_of(Kind::relay);
  const base::Address scoped = base::Address::ipv6(base::Address::parse("fe80::1")->bytes(), 3);
  start.parameters.targets = {endpoint("192.0.2.7", 80), endpoint("2001:db8::1", 65535), {scoped, 7}};
  start.parameters.connect_deadline = 1234ms;
  start.parameters.idle_deadline = 99s;
  start.parameters.keepalive = true;
  start.parameters.peer_port = 6193;
  start.parameters.local_port = 23;
  start.parameters.texts = {"one", "", std::string("a\0b", 3)};
  return start;
}

Ended ended_for(Ending::Why why) { return {.token = 77, .ending = {.why = why, .report = {}}}; }

Ended identified_as(Identity::Result result, const char* text) {
  Ended ended = ended_for(Ending::Why::finished);
  ended.ending.report.identity = {result, text};
  return ended;
}

Ended full_ended() {
  Ended ended = identified_as(Identity::Result::user, "UNIX : joe");
  ended.ending.report.in = 1;
  ended.ending.report.out = ~std::uint64_t{0};
  ended.ending.report.connect_error = 111;
  ended.ending.report.failed_target = "192.0.2.7";
  ended.ending.report.request = "help";
  return ended;
}

/// Every message, and every value of an enumeration in one.
std::vector<Word> all_words() {
  std::vector<Word> all;
  const auto say = [&](std::string name, Start start) {
    auto packets = encode(std::move(start));
    for (Packet& packet : packets.value()) all.push_back({name, std::move(packet.bytes)});
  };
  const auto hear = [&](std::string name, Packet packet) { all.push_back({std::move(name), std::move(packet.bytes), false}); };
  say("start", full_start());
  Start long_text = start_of(Kind::text);
  long_text.parameters.texts = {std::string(41 * 1024, 'x')};
  say("long-start", std::move(long_text));
  const std::pair<const char*, Kind> kinds[]{
      {"echo", Kind::echo},     {"discard", Kind::discard}, {"chargen", Kind::chargen}, {"daytime", Kind::daytime},
      {"time", Kind::time},     {"text", Kind::text},       {"xadmin", Kind::xadmin},   {"relay", Kind::relay},
      {"tcpmux", Kind::tcpmux}, {"ident", Kind::ident},   {"lines", Kind::lines}, {"tls", Kind::tls},
      {"tls-relay", Kind::tls_relay}, {"metrics", Kind::metrics}, {"dashboard", Kind::dashboard}};
  for (const auto& [name, kind] : kinds) say(fmt::format("start-{}", name), start_of(kind));
  all.push_back({"stop", encode(Stop{5}).bytes});
  all.push_back({"drain", encode(Drain{}).bytes});
  all.push_back({"ask", encode(Ask{7}).bytes});
  all.push_back({"target", encode(Target{8, {}}).bytes});
  all.push_back({"keys", encode(Keys{9, {}}).bytes});
  all.push_back({"forget-keys", encode(ForgetKeys{9}).bytes});
  all.push_back({"with-keys", encode(WithKeys{8, 9}).bytes});
  all.push_back({"tickets", encode(Tickets{{std::string(tls::ticket_key_size, 'k'), {}}}).bytes});
  all.push_back({"join", encode(Join{8, {}}).bytes});
  Start onward = full_start();
  all.push_back({"redirect", encode(Redirect{8, std::move(onward.parameters)}).value().bytes});
  all.push_back({"page", encode(Page{8, {.status = 200, .zipped = true, .fields = "A: b\r\n", .text = "ok", .size = 3, .bytes = {}, .out = {}}}).bytes});
  all.push_back({"sign-wanted", question_for_sign(first_sign + 1).bytes});
  hear("ready", encode(Ready{}));
  hear("failed", encode(Failed{"for a reason"}));
  hear("ended", encode(full_ended()));
  hear("ended-finished", encode(ended_for(Ending::Why::finished)));
  hear("ended-stopped", encode(ended_for(Ending::Why::stopped)));
  hear("ended-lost", encode(ended_for(Ending::Why::lost)));
  using Result = Identity::Result;
  const std::pair<const char*, Result> results[]{{"none", Result::none},           {"bad-line", Result::bad_line},
                                                 {"too-long", Result::too_long},   {"cut-short", Result::cut_short},
                                                 {"broken", Result::broken},       {"too-late", Result::too_late}};
  for (const auto& [name, result] : results) hear(fmt::format("ended-identity-{}", name), encode(identified_as(result, "")));
  hear("progress", encode(Progress{.question = 99, .counts = {{1, {2, 3}}, {4, {0, ~std::uint64_t{0}}}}, .last = true}));
  hear("progress-more", encode(Progress{.question = 99, .counts = {{1, {2, 3}}}, .last = false}));
  hear("line", encode(Line{.token = 6, .text = "a \\x09line"}));
  const ProxyHeader header{.result = ProxyHeader::Result::header, .version = 2, .own = false, .size = 28,
                           .client = {*base::Address::parse("192.0.2.1"), 4711}, .called = {*base::Address::parse("198.51.100.1"), 80},
                           .words = {{net::ProxyWord::Fact::name, "www.example.org"}, {net::ProxyWord::Fact::tls_version, "TLSv1.3"}}};
  hear("header", encode(HeaderSeen{.token = 6, .header = header}));
  hear("wish", encode(Wish{.token = 6, .wish = {PageWish::What::health, false, "a b"}}));
  hear("header-late", encode(HeaderSeen{.token = 6, .header = {.result = ProxyHeader::Result::late, .client = {}, .called = {}}}));
  return all;
}

std::string path_of(unsigned version) { return fmt::format(XSUPERD_WORDS "/version-{}.txt", version); }

/// "to-worker|to-daemon NAME BYTES", line by line.
std::vector<Word> golden_words(unsigned version) {
  std::ifstream file(path_of(version));
  std::vector<Word> words;
  for (std::string line; std::getline(file, line);) {
    std::istringstream parts(line);
    std::string whom, name, bytes;
    parts >> whom >> name >> bytes;
    words.push_back({name, bytes_of(bytes), whom == "to-worker"});
  }
  return words;
}

bool understood(const Word& word) {
  return word.to_worker ? decode_for_worker({word.bytes, {}}).has_value() : decode_for_daemon({word.bytes, {}}).has_value();
}

constexpr unsigned oldest = 3;  // of the versions that have a file

}  // namespace

TEST_CASE("every word of this version is, byte by byte, what it was") {
  if (std::getenv("XSUPERD_UPDATE_GOLDEN") && golden_words(protocol_version) != all_words()) {
    std::ofstream file(path_of(protocol_version));
    for (const Word& word : all_words())
      file << (word.to_worker ? "to-worker " : "to-daemon ") << word.name << ' ' << text_of(word.bytes) << '\n';
  }
  const std::vector<Word> golden = golden_words(protocol_version), now = all_words();
  REQUIRE(golden.size() == now.size());
  for (std::size_t i = 0; i < now.size(); ++i) {
    INFO(path_of(protocol_version) << ": " << now[i].name);
    CHECK(golden[i].name == now[i].name);
    CHECK(text_of(golden[i].bytes) == text_of(now[i].bytes));
  }
}

TEST_CASE("every word of this version is understood by whom it is for") {
  for (const Word& word : golden_words(protocol_version)) {
    INFO(word.name);
    CHECK(understood(word));
  }
}

TEST_CASE("every version has its words, which begin with its number, and only this version understands its own") {
  for (unsigned version = oldest; version <= protocol_version; ++version) {
    const std::vector<Word> words = golden_words(version);
    INFO(path_of(version));
    CHECK_FALSE(words.empty());
    for (const Word& word : words) {
      INFO(word.name);
      CHECK(static_cast<unsigned char>(word.bytes.at(0)) == version);
      CHECK(understood(word) == (version == protocol_version));
    }
  }
}
