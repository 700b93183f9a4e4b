// SPDX-License-Identifier: MIT
#include "xsuperd/worker/protocol.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <random>

using namespace xsuperd;
using namespace xsuperd::worker;
using namespace std::chrono_literals;
using Result = converse::Identity::Result;

namespace {

base::Fd any_socket() { return base::Fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)); }

base::Endpoint endpoint(const char* address, std::uint16_t port) {
  return {*base::Address::parse(address), port};
}

Parameters full_parameters() {
  Parameters parameters;
  parameters.targets = {endpoint("192.0.2.7", 80), endpoint("2001:db8::1", 65535), {}};
  parameters.connect_deadline = 1234ms;
  parameters.idle_deadline = 99s;
  parameters.keepalive = true;
  parameters.peer_port = 6193;
  parameters.local_port = 23;
  parameters.texts = {"one", "", std::string("a\0b", 3)};
  return parameters;
}

Start start_with(Parameters parameters, base::Fd connection = {}) {
  Start start;
  start.token = 0x0123456789abcdef;
  start.kind = Kind::relay;
  start.parameters = std::move(parameters);
  start.connection = std::move(connection);
  return start;
}

Start sent_whole(Start start) {
  auto packets = encode(std::move(start));
  REQUIRE(packets);
  REQUIRE(packets->size() == 1);
  auto message = decode_for_worker(std::move(packets->front()));
  REQUIRE(message);
  return std::get<Start>(std::move(*message));
}

TEST_CASE("a target travels before its start, with its socket") {
  Parameters parameters = full_parameters();
  parameters.target = std::make_shared<base::Fd>(any_socket());
  const int number = parameters.target->get();
  auto packets = encode(start_with(parameters, any_socket()));
  REQUIRE(packets);
  REQUIRE(packets->size() == 2);
  CHECK(packets->front().fd.get() == number);
  auto message = decode_for_worker(std::move(packets->front()));
  REQUIRE(message);
  const Target& target = std::get<Target>(*message);
  CHECK(target.token == 0x0123456789abcdef);
  CHECK(target.socket.get() == number);
  CHECK_FALSE(decode_for_daemon(encode(Target{1, {}})));
  CHECK(decode_for_worker(encode(Target{1, {}})));
}

Ended full_ended() {
  Ended ended{77, {Ending::Why::finished, {}}};
  ended.ending.report.in = 1;
  ended.ending.report.out = ~std::uint64_t{0};
  ended.ending.report.connect_error = 111;
  ended.ending.report.failed_target = "192.0.2.7";
  ended.ending.report.request = "help";
  ended.ending.report.identity = {Result::user, "UNIX : joe"};
  return ended;
}

Progress full_progress() { return {99, {{1, {2, 3}}, {4, {0, ~std::uint64_t{0}}}, {~std::uint64_t{0}, {5, 6}}}, true}; }

std::optional<Progress> sent(const Progress& progress) {
  const auto message = decode_for_daemon(encode(progress));
  if (!message) return std::nullopt;
  return std::get<Progress>(*message);
}

Shaken full_shaken() {
  tls::Certificate certificate{.subject = "José", .names = {"a.example", "b@example.org"}, .issuer = "CN=us", .serial = "0a", .sha256 = std::string(64, 'c')};
  return {7, {.result = tls::Handshake::Result::done,
              .words = {.name = "x.example", .protocol = "h2", .version = "TLSv1.3", .cipher = "TLS_AES_128_GCM_SHA256", .resumed = true, .certificate = certificate}}};
}

/// Every message once, as bytes.
std::vector<std::string> all_messages() {
  std::vector<std::string> all;
  all.push_back(encode(start_with(full_parameters())).value().front().bytes);
  Parameters large;
  large.texts = {std::string(41 * 1024, 'x')};
  const auto parts = encode(start_with(std::move(large)));
  for (const Packet& packet : *parts) all.push_back(packet.bytes);
  all.push_back(encode(Stop{5}).bytes);
  all.push_back(encode(Drain{}).bytes);
  all.push_back(encode(Ready{}).bytes);
  all.push_back(encode(Failed{"for a reason"}).bytes);
  all.push_back(encode(full_ended()).bytes);
  all.push_back(encode(Ask{7}).bytes);
  all.push_back(encode(full_progress()).bytes);
  all.push_back(encode(Line{7, "some \\x09 line"}).bytes);
  all.push_back(encode(Keys{3, {}}).bytes);
  all.push_back(encode(ForgetKeys{3}).bytes);
  all.push_back(encode(WithKeys{7, 3}).bytes);
  all.push_back(encode(Join{7, {}}).bytes);
  all.push_back(encode(Redirect{7, full_parameters()}).value().bytes);
  all.push_back(encode(Tickets{{std::string(tls::ticket_key_size, 1), {}}}).bytes);
  all.push_back(encode(full_shaken()).bytes);
  all.push_back(encode(Page{7, {.status = 200, .zipped = false, .fields = "A: b\r\n", .text = "ok", .size = 3, .bytes = {}, .out = {}}}).bytes);
  all.push_back(encode(Wish{7, {PageWish::What::health, true, "x"}}).bytes);
  all.push_back(encode(HeaderSeen{7, {.result = ProxyHeader::Result::late, .client = {}, .called = {}}}).bytes);
  return all;
}

bool decodes(const std::string& bytes) {
  return decode_for_worker({bytes, {}}).has_value() || decode_for_daemon({bytes, {}}).has_value();
}

}  // namespace

TEST_CASE("a start comes out as it went in") {
  const Start start = sent_whole(start_with(full_parameters(), any_socket()));
  CHECK(start.token == 0x0123456789abcdef);
  CHECK(start.kind == Kind::relay);
  CHECK(start.connection);
  CHECK_FALSE(start.texts_sent);
  const Parameters expected = full_parameters();
  CHECK(start.parameters.targets == expected.targets);
  CHECK(start.parameters.connect_deadline == expected.connect_deadline);
  CHECK(start.parameters.idle_deadline == expected.idle_deadline);
  CHECK(start.parameters.keepalive);
  CHECK(start.parameters.peer_port == 6193);
  CHECK(start.parameters.local_port == 23);
  CHECK(start.parameters.texts == expected.texts);
}

TEST_CASE("every kind of conversation can be sent") {
  for (auto kind = 0; kind <= static_cast<int>(Kind::tls); ++kind) {
    Start start = start_with({});
    start.kind = static_cast<Kind>(kind);
    CHECK(sent_whole(std::move(start)).kind == static_cast<Kind>(kind));
  }
}

TEST_CASE("a scoped address keeps its scope") {
  Parameters parameters;
  parameters.targets = {{base::Address::ipv6(base::Address::parse("fe80::1")->bytes(), 3), 7}};
  CHECK(sent_whole(start_with(parameters)).parameters.targets == parameters.targets);
}

TEST_CASE("impossible deadlines are cut to what can be waited for") {
  Parameters parameters;
  parameters.connect_deadline = std::chrono::milliseconds::max();
  parameters.idle_deadline = -5ms;
  const Start start = sent_whole(start_with(parameters));
  CHECK(start.parameters.connect_deadline == longest_deadline);
  CHECK(start.parameters.idle_deadline == 0ms);
}

TEST_CASE("long texts travel in parts before the start") {
  Parameters parameters;
  parameters.texts = {std::string(longest_text, 'a'), "short", "", std::string(100'000, 'b')};
  auto packets = encode(start_with(parameters, any_socket()));
  REQUIRE(packets);
  std::vector<std::string> texts(4);
  for (std::size_t i = 0; i + 1 < packets->size(); ++i) {
    CHECK((*packets)[i].bytes.size() <= largest_message);
    CHECK_FALSE((*packets)[i].fd);
    auto message = decode_for_worker(std::move((*packets)[i]));
    REQUIRE(message);
    const auto& part = std::get<TextPart>(*message);
    CHECK(part.token == 0x0123456789abcdef);
    REQUIRE(part.index < texts.size());
    texts[part.index] += part.bytes;
  }
  CHECK(texts == parameters.texts);
  const auto last = decode_for_worker(std::move(packets->back()));
  REQUIRE(last);
  CHECK(std::get<Start>(*last).texts_sent);
  CHECK(std::get<Start>(*last).connection);
}

TEST_CASE("the largest start that is allowed fits into a message") {
  Parameters parameters;
  parameters.targets.assign(most_targets, endpoint("2001:db8::1", 1));
  parameters.texts.assign(most_texts, std::string(5 * 1024, 't'));
  const auto packets = encode(start_with(parameters));
  REQUIRE(packets);
  for (const Packet& packet : *packets) CHECK(packet.bytes.size() <= largest_message);
}

TEST_CASE("a start with too much in it is refused before it is sent") {
  Parameters targets;
  targets.targets.resize(most_targets + 1);
  CHECK_FALSE(encode(start_with(targets)));
  Parameters texts;
  texts.texts.resize(most_texts + 1);
  CHECK_FALSE(encode(start_with(texts)));
  Parameters text;
  text.texts = {std::string(longest_text + 1, 'x')};
  CHECK_FALSE(encode(start_with(text)));
}

TEST_CASE("an end comes out as it went in") {
  Ended ended = full_ended();
  ended.ending.report.connection = any_socket();
  auto message = decode_for_daemon(encode(std::move(ended)));
  REQUIRE(message);
  const auto& got = std::get<Ended>(*message);
  CHECK(got.token == 77);
  CHECK(got.ending.why == Ending::Why::finished);
  CHECK(got.ending.report.in == 1);
  CHECK(got.ending.report.out == ~std::uint64_t{0});
  CHECK(got.ending.report.connect_error == 111);
  CHECK(got.ending.report.failed_target == "192.0.2.7");
  CHECK(got.ending.report.request == "help");
  CHECK(got.ending.report.identity.result == Result::user);
  CHECK(got.ending.report.identity.text == "UNIX : joe");
  CHECK(got.ending.report.connection);
}

TEST_CASE("an end is never refused: what is too long is cut, what is no errno becomes one") {
  Ended ended = full_ended();
  ended.ending.report.connect_error = -7;
  ended.ending.report.request.assign(5000, 'r');
  ended.ending.report.failed_target.assign(100'000, 't');
  const auto message = decode_for_daemon(encode(std::move(ended)));
  REQUIRE(message);
  const Report& report = std::get<Ended>(*message).ending.report;
  CHECK(report.connect_error == 0);
  CHECK(report.request == std::string(longest_word, 'r'));
  CHECK(report.failed_target == std::string(longest_word, 't'));
}

TEST_CASE("every result of a look-up can be told, with the text that goes with it") {
  for (auto number = 0; number <= static_cast<int>(Result::too_late); ++number) {
    const auto result = static_cast<Result>(number);
    std::string text;
    if (result == Result::user) text = std::string("a\0\x1b\xff", 4);
    if (result == Result::bad_line) text = "bad\rline";
    Ended ended{1, {}};
    ended.ending.report.identity = {result, text};
    const auto message = decode_for_daemon(encode(std::move(ended)));
    REQUIRE(message);
    CHECK(std::get<Ended>(*message).ending.report.identity.result == result);
    CHECK(std::get<Ended>(*message).ending.report.identity.text == text);
  }
}

TEST_CASE("an identity that is not what the parser can have found is refused") {
  const auto decodes = [](Result result, std::string text) {
    Ended ended{1, {}};
    ended.ending.report.identity = {result, std::move(text)};
    return decode_for_daemon(encode(std::move(ended))).has_value();
  };
  CHECK(decodes(Result::user, ""));
  CHECK(decodes(Result::user, std::string(longest_word, 'x')));
  CHECK_FALSE(decodes(Result::user, "joe\nMay 1 12:00:00 host sshd: Accepted"));
  CHECK_FALSE(decodes(Result::user, "joe\r"));
  CHECK_FALSE(decodes(Result::bad_line, "a\nb"));
  for (const Result result :
       {Result::none, Result::too_long, Result::cut_short, Result::broken, Result::too_late})
    CHECK_FALSE(decodes(result, "joe"));
  CHECK_FALSE(decodes(static_cast<Result>(static_cast<int>(Result::too_late) + 1), ""));
}

TEST_CASE("an identity of more than 1024 bytes is cut by its sender and refused by its reader") {
  Ended ended{1, {}};
  ended.ending.report.identity = {Result::user, std::string(5000, 'x')};
  Packet packet = encode(std::move(ended));
  const auto message = decode_for_daemon({packet.bytes, {}});
  REQUIRE(message);
  CHECK(std::get<Ended>(*message).ending.report.identity.text == std::string(longest_word, 'x'));
  // The length stands before the text, and one flag behind it.
  const std::size_t at = packet.bytes.size() - 1 - longest_word;
  REQUIRE(packet.bytes.substr(at - 4, 4) == std::string("\0\4\0\0", 4));
  packet.bytes[at - 4] = 1;
  packet.bytes.insert(at, 1, 'x');
  CHECK_FALSE(decode_for_daemon(std::move(packet)));
}

TEST_CASE("the short messages come out as they went in") {
  CHECK(std::get<Stop>(*decode_for_worker(encode(Stop{9}))).token == 9);
  CHECK(std::holds_alternative<Drain>(*decode_for_worker(encode(Drain{}))));
  CHECK(std::get<Ask>(*decode_for_worker(encode(Ask{11}))).question == 11);
  CHECK(std::holds_alternative<Ready>(*decode_for_daemon(encode(Ready{}))));
  CHECK(std::get<Failed>(*decode_for_daemon(encode(Failed{"no"}))).sentence == "no");
}

TEST_CASE("what conversations have carried comes out as it went in") {
  for (const bool last : {true, false}) {
    Progress progress = full_progress();
    progress.last = last;
    const auto got = sent(progress);
    REQUIRE(got);
    CHECK(got->question == 99);
    CHECK(got->last == last);
    CHECK(got->counts == full_progress().counts);
  }
  const auto none = sent({5, {}, true});
  REQUIRE(none);
  CHECK(none->counts.empty());
}

TEST_CASE("an answer of any length is sent in messages of bounded size, its tokens in order") {
  const std::size_t size = GENERATE(std::size_t{0}, std::size_t{1}, most_counts, most_counts + 1, 2 * most_counts,
                                    5 * most_counts - 1);
  std::vector<Progress::Count> counts;
  for (std::size_t i = size; i > 0; --i) counts.push_back({i, {10 * i, 0}});
  std::vector<Packet> packets = encode_answer(3, counts);
  CHECK(packets.size() == std::max<std::size_t>((size + most_counts - 1) / most_counts, 1));
  std::vector<Progress::Count> got;
  for (std::size_t i = 0; i < packets.size(); ++i) {
    CHECK(packets[i].bytes.size() <= largest_message);
    const auto message = decode_for_daemon(std::move(packets[i]));
    REQUIRE(message);
    const auto& progress = std::get<Progress>(*message);
    CHECK(progress.question == 3);
    CHECK(progress.last == (i + 1 == packets.size()));
    got.insert(got.end(), progress.counts.begin(), progress.counts.end());
  }
  std::reverse(counts.begin(), counts.end());
  CHECK(got == counts);
}

TEST_CASE("an answer that repeats itself, says nothing or too much is refused") {
  CHECK_FALSE(sent({1, {{5, {}}, {5, {}}}, true}));
  CHECK_FALSE(sent({1, {{5, {}}, {4, {}}}, true}));
  CHECK_FALSE(sent({1, {}, false}));  // more without end
  Progress large{1, {}, true};
  for (std::uint64_t token = 0; token < most_counts; ++token) large.counts.push_back({token, {}});
  CHECK(sent(large));
  large.counts.push_back({most_counts, {}});
  CHECK_FALSE(sent(large));
  // Version, type and question stand before the flag, and the number of counts behind it.
  std::string bytes = encode(full_progress()).bytes;
  REQUIRE(bytes[10] == 1);
  REQUIRE(bytes[11] == 3);
  for (const auto& [at, byte] : {std::pair(10, '\2'), std::pair(11, '\2'), std::pair(11, '\4')}) {
    std::string changed = bytes;
    changed[static_cast<std::size_t>(at)] = byte;
    CHECK_FALSE(decode_for_daemon({changed, {}}));
  }
}

TEST_CASE("each side refuses the messages of its own kind") {
  CHECK_FALSE(decode_for_daemon(encode(Stop{9})));
  CHECK_FALSE(decode_for_worker(encode(Ready{})));
  CHECK_FALSE(decode_for_worker(encode(full_ended())));
  CHECK_FALSE(decode_for_daemon(encode(Ask{9})));
  CHECK_FALSE(decode_for_worker(encode(full_progress())));
}

TEST_CASE("a descriptor beside a message that speaks of none is refused") {
  const auto with_descriptor = [](Packet packet) {
    packet.fd = any_socket();
    return packet;
  };
  CHECK_FALSE(decode_for_daemon(with_descriptor(encode(Ready{}))));
  CHECK_FALSE(decode_for_daemon(with_descriptor(encode(Failed{"x"}))));
  CHECK_FALSE(decode_for_daemon(with_descriptor(encode(full_ended()))));
  CHECK_FALSE(decode_for_worker(with_descriptor(encode(Stop{1}))));
  CHECK_FALSE(decode_for_worker(with_descriptor(encode(Drain{}))));
  CHECK_FALSE(decode_for_worker(with_descriptor(encode(Ask{1}))));
  CHECK_FALSE(decode_for_daemon(with_descriptor(encode(full_progress()))));
}

TEST_CASE("a message of another version is refused") {
  Packet packet = encode(Ready{});
  packet.bytes[0] = static_cast<char>(protocol_version + 1);
  CHECK_FALSE(decode_for_daemon(std::move(packet)));
}

TEST_CASE("a message that is cut short or runs on is refused") {
  for (const std::string& whole : all_messages()) {
    CHECK(decodes(whole));
    CHECK_FALSE(decodes(whole + '\0'));
    for (std::size_t size = 0; size < whole.size(); ++size)
      if (decodes(whole.substr(0, size))) FAIL("accepted " << size << " of " << whole.size() << " bytes");
  }
}

TEST_CASE("a line comes out as it went in, and one that is not finished is refused") {
  const auto sent = [](std::string text) { return decode_for_daemon(encode(Line{7, std::move(text)})); };
  const auto line = sent("words ~ \\x1b");
  REQUIRE(line);
  CHECK(std::get<Line>(*line).token == 7);
  CHECK(std::get<Line>(*line).text == "words ~ \\x1b");
  const std::string longest(converse::longest_line, 'x');
  CHECK(std::get<Line>(*sent(longest)).text == longest);
  std::string longer = encode(Line{7, longest}).bytes + "x";
  ++longer[10];  // the length, behind version, type and token
  CHECK_FALSE(decode_for_daemon({longer, {}}));
  CHECK_FALSE(sent(""));
  for (const char byte : {'\0', '\n', '\t', '\x1b', '\x7f', '\x80', '\xff'}) CHECK_FALSE(sent(std::string("a") + byte));
  Packet with = encode(Line{7, "x"});
  with.fd = any_socket();
  CHECK_FALSE(decode_for_daemon(std::move(with)));
}

TEST_CASE("a header comes out as it went in, and one that is not as its result says is refused") {
  using Result = ProxyHeader::Result;
  const auto sent = [](const ProxyHeader& header) {
    const auto message = decode_for_daemon(encode(HeaderSeen{7, header}));
    const auto* seen = message ? std::get_if<HeaderSeen>(&*message) : nullptr;
    return seen && seen->token == 7 && seen->header == header;
  };
  const auto at = [](const char* text) { return base::Endpoint{*base::Address::parse(text), 80}; };
  const ProxyHeader good{.result = Result::header, .version = 2, .own = false, .size = 28, .client = at("192.0.2.1"), .called = at("198.51.100.2")};
  const ProxyHeader own{.result = Result::header, .version = 1, .own = true, .size = 15, .client = {}, .called = {}};
  CHECK(sent(good));
  CHECK(sent(own));
  for (const Result result : {Result::bad, Result::late, Result::gone}) CHECK(sent({.result = result, .client = {}, .called = {}}));
  const auto changed = [&](auto change) {
    ProxyHeader header = good;
    change(header);
    return sent(header);
  };
  CHECK_FALSE(changed([](auto& h) { h.result = Result::none; }));
  CHECK_FALSE(changed([](auto& h) { h.result = Result::bad; }));
  CHECK_FALSE(changed([](auto& h) { h.version = 3; }));
  CHECK_FALSE(changed([](auto& h) { h.size = 0; }));
  CHECK_FALSE(changed([](auto& h) { h.size = converse::longest_proxy_header + 1; }));
  CHECK_FALSE(changed([](auto& h) { h.own = true; }));
  CHECK(changed([&](auto& h) { h.client = at("2001:db8::1"); }));
  CHECK_FALSE(changed([](auto& h) { h.called = {}; }));
  CHECK_FALSE(changed([](auto& h) { h.client = {}; }));
  CHECK_FALSE(changed([](auto& h) { h.client = h.called = {base::Address::local(0), 0}; }));
  Packet with = encode(HeaderSeen{7, good});
  with.fd = any_socket();
  CHECK_FALSE(decode_for_daemon(std::move(with)));
}

TEST_CASE("words of a header come out as they went in, and others than a header can have are refused") {
  using Fact = net::ProxyWord::Fact;
  const auto sent = [](const net::ProxyWords& words, std::uint8_t version = 2) {
    const base::Endpoint end{*base::Address::parse("192.0.2.1"), 80};
    const HeaderSeen seen{7, {.result = ProxyHeader::Result::header, .version = version, .own = false, .size = 28, .client = end, .called = end, .words = words}};
    const auto message = decode_for_daemon(encode(seen));
    const auto* heard = message ? std::get_if<HeaderSeen>(&*message) : nullptr;
    return heard && heard->header == seen.header;
  };
  net::ProxyWords all;
  for (std::size_t i = 0; i < net::most_proxy_words; ++i) all.push_back({static_cast<Fact>(i), "text"});
  CHECK(sent(all));
  CHECK(sent({{Fact::tls_subject, "J\xc3\xb6rg"}, {Fact::tls_key, std::string(net::longest_proxy_word, 'x')}}));
  CHECK_FALSE(sent({{Fact::name, "a"}}, 1));
  CHECK_FALSE(sent({{Fact::name, "a"}, {Fact::name, "b"}}));
  CHECK_FALSE(sent({{Fact::protocol, "a"}, {Fact::name, "b"}}));
  CHECK_FALSE(sent({{static_cast<Fact>(net::most_proxy_words), "a"}}));
  for (const std::string& text : {std::string(), std::string(net::longest_proxy_word + 1, 'x'), std::string("a\nb"), std::string("\xff"), std::string("\0", 1)})
    CHECK_FALSE(sent({{Fact::name, text}}));
  ProxyHeader own{.result = ProxyHeader::Result::header, .version = 2, .own = true, .size = 16, .client = {}, .called = {}, .words = {{Fact::name, "a"}}};
  CHECK_FALSE(decode_for_daemon(encode(HeaderSeen{7, own})));
}

TEST_CASE("a wish and its page come out as they went in") {
  const Wish wish{7, {PageWish::What::health, true, std::string(converse::longest_page_name, 'x')}};
  const auto wished = decode_for_daemon(encode(wish));
  REQUIRE(wished);
  CHECK(std::get<Wish>(*wished).wish == wish.wish);
  base::Fd bytes = any_socket();
  const int number = bytes.get();
  auto shown = decode_for_worker(encode(Page{8, {.status = 200, .zipped = true, .fields = "A: b\r\n", .text = "", .size = 1'000'000, .bytes = std::move(bytes), .out = {}}}));
  REQUIRE(shown);
  const Page& page = std::get<Page>(*shown);
  CHECK(page.token == 8);
  CHECK(page.made.status == 200);
  CHECK(page.made.zipped);
  CHECK(page.made.fields == "A: b\r\n");
  CHECK(page.made.size == 1'000'000);
  CHECK(page.made.bytes.get() == number);
  std::string other = encode(wish).bytes;
  other[10] = static_cast<char>(PageWish::What::live) + 1;
  CHECK_FALSE(decode_for_daemon({other, {}}));
}

TEST_CASE("counts and enumerations out of range are refused") {
  // The kind stands behind version, type and token; the number of targets two bytes on.
  std::string bytes = encode(start_with({})).value().front().bytes;
  bytes[10] = static_cast<char>(Kind::dashboard) + 1;
  CHECK_FALSE(decode_for_worker({bytes, {}}));
  bytes = encode(start_with({})).value().front().bytes;
  bytes[12] = static_cast<char>(most_targets + 1);
  CHECK_FALSE(decode_for_worker({bytes, {}}));
  bytes = encode(full_ended()).bytes;
  bytes[10] = static_cast<char>(Ending::Why::lost) + 1;
  CHECK_FALSE(decode_for_daemon({bytes, {}}));
}

TEST_CASE("no bytes crash a decoder") {
  std::mt19937 random(20260711);
  const auto number = [&](std::size_t below) {
    return std::uniform_int_distribution<std::size_t>(0, below - 1)(random);
  };
  const std::vector<std::string> seeds = all_messages();
  int accepted = 0;
  for (int round = 0; round < 100'000; ++round) {
    std::string bytes = seeds[number(seeds.size())].substr(0, 4096);
    for (std::size_t changes = 1 + number(4); changes > 0; --changes)
      bytes[number(std::min<std::size_t>(bytes.size(), 200))] = static_cast<char>(number(256));
    if (number(4) == 0) bytes.resize(number(bytes.size() + 8));
    accepted += decodes(bytes) ? 1 : 0;
  }
  for (int round = 0; round < 20'000; ++round) {
    std::string bytes(number(64), '\0');
    for (char& byte : bytes) byte = static_cast<char>(number(256));
    if (!bytes.empty()) bytes[0] = static_cast<char>(protocol_version);
    accepted += decodes(bytes) ? 1 : 0;
  }
  CHECK(accepted > 0);  // else the mutations only ever tested the version
}

TEST_CASE("a redirect comes out as it went in, and is not sent when it is too much") {
  const auto message = decode_for_worker(encode(Redirect{7, full_parameters()}).value());
  REQUIRE(message);
  const auto& redirect = std::get<Redirect>(*message);
  CHECK(redirect.token == 7);
  CHECK(redirect.parameters.targets == full_parameters().targets);
  CHECK(redirect.parameters.texts == full_parameters().texts);
  CHECK(redirect.parameters.connect_deadline == full_parameters().connect_deadline);
  CHECK(redirect.parameters.keepalive == full_parameters().keepalive);
  Parameters many;
  many.targets.resize(most_targets + 1);
  CHECK_FALSE(encode(Redirect{7, many}));
  Parameters large;
  large.texts = {std::string(41 * 1024, 'x')};
  CHECK_FALSE(encode(Redirect{7, large}));
  Packet with_socket = encode(Redirect{7, {}}).value();
  with_socket.fd = any_socket();
  CHECK_FALSE(decode_for_worker(std::move(with_socket)));
}

TEST_CASE("keys and sockets travel with the messages that speak of them") {
  auto keys = decode_for_worker(encode(Keys{3, any_socket()}));
  REQUIRE(keys);
  CHECK(std::get<Keys>(*keys).number == 3);
  CHECK(std::get<Keys>(*keys).bytes);
  auto join = decode_for_worker(encode(Join{7, any_socket()}));
  REQUIRE(join);
  CHECK(std::get<Join>(*join).token == 7);
  CHECK(std::get<Join>(*join).inner);
  const auto with = decode_for_worker(encode(WithKeys{7, 3}));
  REQUIRE(with);
  CHECK(std::get<WithKeys>(*with).token == 7);
  CHECK(std::get<WithKeys>(*with).number == 3);
  const auto forget = decode_for_worker(encode(ForgetKeys{3}));
  REQUIRE(forget);
  CHECK(std::get<ForgetKeys>(*forget).number == 3);
  const auto taken_with_a_socket = [](Packet packet) {
    packet.fd = any_socket();
    return decode_for_worker(std::move(packet)).has_value();
  };
  CHECK_FALSE(taken_with_a_socket(encode(WithKeys{7, 3})));
  CHECK_FALSE(taken_with_a_socket(encode(ForgetKeys{3})));
  CHECK_FALSE(decode_for_daemon(encode(Keys{3, {}})));
  const tls::TicketKeys ours{std::string(tls::ticket_key_size, '\0'), std::string(tls::ticket_key_size, 'x')};
  const auto tickets = decode_for_worker(encode(Tickets{ours}));
  REQUIRE(tickets);
  CHECK(std::get<Tickets>(*tickets).keys == ours);
  CHECK_FALSE(decode_for_worker(encode(Tickets{{"short", {}}})));
  CHECK_FALSE(decode_for_worker(encode(Tickets{{{}, ours.current}})));
  CHECK_FALSE(taken_with_a_socket(encode(Tickets{ours})));
}

TEST_CASE("how a handshake came out arrives as it was told, or not at all") {
  const auto sent = [](const Shaken& shaken) -> std::optional<tls::Handshake> {
    const auto message = decode_for_daemon(encode(shaken));
    if (!message) return std::nullopt;
    CHECK(std::get<Shaken>(*message).token == shaken.token);
    return std::get<Shaken>(*message).handshake;
  };
  CHECK(sent(full_shaken()) == full_shaken().handshake);
  const Shaken failed{7, {.result = tls::Handshake::Result::failed, .detail = "no shared cipher"}};
  CHECK(sent(failed) == failed.handshake);
  Shaken bad = full_shaken();
  bad.handshake.words.name = "a\nb";
  CHECK_FALSE(sent(bad));
  bad = full_shaken();
  bad.handshake.words.certificate->names.assign(tls::most_names + 1, "a");
  CHECK_FALSE(sent(bad));
  bad = full_shaken();
  bad.handshake.words.cipher.assign(tls::longest_word + 1, 'a');
  CHECK_FALSE(sent(bad));
  bad = full_shaken();
  bad.handshake.words.certificate->sha256 = "none";
  CHECK_FALSE(sent(bad));
  bad = failed;
  bad.handshake.detail = "\x1b[0m";
  CHECK_FALSE(sent(bad));
  CHECK_FALSE(decode_for_worker(encode(full_shaken())));
}
