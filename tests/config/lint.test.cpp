// SPDX-License-Identifier: MIT
#include "xsuperd/config/lint.hpp"

#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <chrono>

#include "config/fixture.hpp"

using namespace xsuperd::config;
using namespace xsuperd::config::test;

namespace {

std::vector<Diagnostic> found(const std::string& text) { return lints(*World(text).loaded.config); }
std::vector<Diagnostic> found_with(const std::string& lines) { return found(service("x", 9000, lines)); }

/// "warning", "note" or "" where there is nothing; a second finding fails.
std::string level(const std::string& lines) {
  const auto all = found_with(lines);
  CHECK(all.size() <= 1);
  if (all.empty()) return "";
  CHECK(all[0].id == "x");
  return all[0].level == Level::warning ? "warning" : "note";
}

std::string overlap(const std::string& only_from, const std::string& no_access,
                    const std::string& more = "") {
  return level("only_from = " + only_from + "\nno_access = " + no_access + "\n" + more);
}

constexpr char best[] = "access_policy = best_match";

}  // namespace

TEST_CASE("an ordinary configuration has nothing to point at") {
  CHECK(found_with("").empty());
  CHECK(found_with("only_from = 10.0.0.0/8 ::1 .example.com").empty());
  CHECK(overlap("10.0.0.0/8", "11.0.0.0/8 12.1.2.3 ::1 .example.com") == "");
  CHECK(overlap("10.1.2.0/24 .a.example.com", "10.1.3.0/24 .b.example.com") == "");
  CHECK(overlap("", "10.0.0.1") == "");
  CHECK(overlap("example.com", ".example.com") == "");
  CHECK(overlap("typo", "typo") == "");
  CHECK(overlap("::/0", "10.0.0.0/8") == "");
}

TEST_CASE("what no_access takes out of only_from is a note") {
  for (const char* inner : {"10.1.2.3", "10.1.0.0/16", "10.128.0.0/9", "::ffff:10.1.2.3"})
    CHECK(overlap("10.0.0.0/8", inner) == "note");
  CHECK(overlap("0.0.0.0", "10.1.2.3") == "note");
  CHECK(overlap("2001:db8::/32", "2001:db8:1::/48") == "note");
  CHECK(overlap(".example.com", "www.example.com") == "note");
  CHECK(overlap(".example.com", ".a.b.example.com") == "note");
  CHECK(overlap("10.0.0.0/8", "10.1.2.3", best) == "note");
}

TEST_CASE("what only_from has inside no_access or equal to it admits nobody, which is a warning") {
  CHECK(overlap("10.1.2.3", "10.0.0.0/8") == "warning");
  CHECK(overlap("10.1.2.3", "::ffff:10.0.0.0/104") == "warning");
  CHECK(overlap("2001:db8::1", "::/0") == "warning");
  CHECK(overlap("www.example.com", ".example.com") == "warning");
  CHECK(overlap("10.0.0.0/8", "10.0.0.0") == "warning");
  CHECK(overlap("WWW.example.com", "www.EXAMPLE.com") == "warning");
}

TEST_CASE("with best_match the more specific element of only_from admits, and equal ones still refuse") {
  CHECK(overlap("10.1.2.3", "10.0.0.0/8", best) == "note");
  CHECK(overlap("www.example.com", ".example.com", best) == "note");
  CHECK(overlap("10.0.0.0/8", "10.0.0.0/8", best) == "warning");
  CHECK(found_with("only_from = 10.1.2.3\nno_access = 10.0.0.0/8\naccess_policy = best_match")[0]
            .sentence.ends_with("both match 10.1.2.3: it is admitted"));
}

TEST_CASE("an overlap names both elements as written, and both places") {
  const auto all = found_with("only_from = 10.0.0.0\nno_access = 1.2.3.4 10.1.{2,3}");
  REQUIRE(all.size() == 2);
  CHECK(all[0].place == Place{main_file, 10, 21});
  CHECK(all[0].sentence ==
        "10.1.{2,3} in no_access and 10.0.0.0 in only_from (/etc/xinetd.conf:9) both match 10.1.2.0/24: it "
        "is refused");
  const auto in_vain = found_with("only_from = 10.1.2.3\nno_access = 10.0.0.0/8");
  REQUIRE(in_vain.size() == 1);
  CHECK(in_vain[0].place == Place{main_file, 9, 13});
  CHECK(in_vain[0].width == 8);
  CHECK(in_vain[0].sentence ==
        "10.1.2.3 in only_from and 10.0.0.0/8 in no_access (/etc/xinetd.conf:10) both match 10.1.2.3: "
        "the element of "
        "only_from admits nobody");
  CHECK(in_vain[0].suggestion == "access_policy = best_match would admit it");
}

TEST_CASE("the closest element around is the one that is named") {
  const auto all =
      found_with("only_from = 10.0.0.0/8 10.1.0.0/16 10.1.2.0/24 10.2.0.0/16\nno_access = 10.1.2.3 10.1.3.3");
  REQUIRE(all.size() == 2);
  CHECK(all[0].sentence.starts_with("10.1.2.3 in no_access and 10.1.2.0/24 in only_from"));
  CHECK(all[1].sentence.starts_with("10.1.3.3 in no_access and 10.1.0.0/16 in only_from"));
  const auto names = found_with("only_from = .com .example.com\nno_access = .a.example.com");
  REQUIRE(names.size() == 1);
  CHECK(names[0].sentence.starts_with(".a.example.com in no_access and .example.com in only_from"));
}

TEST_CASE("lists that overlap in the defaults are told of once") {
  const auto all =
      found(defaults("only_from = 10.0.0.0/8\nno_access = 10.1.2.3") + service("x", 1) + service("y", 2));
  REQUIRE(all.size() == 1);
  CHECK(all[0].place == Place{main_file, 4, 13});
}

TEST_CASE("an element of a family that the socket does not have matches nobody") {
  CHECK(level("only_from = 10.0.0.1 ::1\nflags = IPv4") == "note");
  CHECK(level("no_access = ::1\nflags = IPv4") == "note");
  CHECK(level("only_from = 10.0.0.1 ::1\nv6only = yes") == "note");
  CHECK(level("only_from = 10.0.0.1 ::1\nbind = 127.0.0.1") == "note");
  CHECK(level("only_from = 10.0.0.1 ::1") == "");
  CHECK(level("only_from = ::ffff:10.0.0.1 .example.com\nflags = IPv4") == "");
  const auto all = found_with("only_from = 10.0.0.1 ::1\nflags = IPv4");
  REQUIRE(all.size() == 1);
  CHECK(all[0].sentence == "Service x: ::1 in only_from matches nobody: its socket takes no IPv6 peers");
  CHECK(all[0].place == Place{main_file, 9, 22});
}

TEST_CASE("when no element of only_from can match, nobody is admitted, which is a warning") {
  CHECK(level("only_from = ::1 fd00::/8\nflags = IPv4") == "warning");
  CHECK(level("only_from = ::1 .example.com\nflags = IPv4") == "note");
  CHECK(found(defaults("only_from = ::1") + service("x", 1, "flags = IPv4")).size() == 1);
}

TEST_CASE("elements of the defaults stand there for other services too") {
  CHECK(found(defaults("only_from = 127.0.0.1 ::1") + service("x", 1, "flags = IPv4")).empty());
  CHECK(found(defaults("only_from = 127.0.0.1 ::1") + service("x", 1, "flags = IPv4\nonly_from += ::2"))
            .size() == 1);
}

namespace {
std::vector<Diagnostic> waits(const std::string& type, const std::string& lists) {
  return found(entry(
      "x", "type = UNLISTED\nport = 1\nwait = yes\nuser = root\nserver = /bin/server\nsocket_type = " + type +
               "\n" + lists));
}
}  // namespace

TEST_CASE("where the daemon does not know the peer, access lists have no effect") {
  const auto all = waits("raw\nprotocol = icmp", "only_from = 10.1.2.3\nno_access = 10.0.0.0/8");
  REQUIRE(all.size() == 1);
  CHECK(all[0].level == Level::info);
  CHECK(all[0].place == Place{main_file, 1, 1});
  CHECK(all[0].sentence.find("have no effect") != std::string::npos);
  CHECK(waits("raw\nprotocol = icmp", "").empty());
}

TEST_CASE("where the server accepts, names are of no use") {
  CHECK(waits("stream", "").empty());
  CHECK(waits("stream", "only_from = 10.0.0.0/8\nno_access = 11.1.2.3").empty());
  const auto admits = waits("stream", "only_from = 10.0.0.0/8 .example.com");
  REQUIRE(admits.size() == 1);
  CHECK(admits[0].level == Level::info);
  CHECK(admits[0].place == Place{main_file, 9, 24});
  CHECK(admits[0].sentence ==
        "Service x: the names of its peers are not known, because the server accepts them: .example.com in only_from "
        "admits nobody");
  const auto refuses = waits("stream", "no_access = typo");
  REQUIRE(refuses.size() == 1);
  CHECK(refuses[0].level == Level::warning);
  CHECK(refuses[0].sentence.ends_with("typo in no_access keeps everybody out"));
  CHECK(waits("dgram", "only_from = .example.com").empty());
}

TEST_CASE("many findings of a kind are counted") {
  std::string lines = "flags = IPv4\nonly_from = 10.0.0.0/8\nno_access =";
  for (int i = 0; i < 25; ++i) lines += fmt::format(" 10.0.0.{} ::{}", i + 1, i + 1);
  const auto all = found_with(lines);
  CHECK(all.size() == 22);
  CHECK(all[10].sentence == "Service x: 15 more elements of only_from and no_access overlap in the same way");
  CHECK(all[21].sentence == "Service x: 15 more elements of no_access match nobody");
}

TEST_CASE("a hundred thousand elements are compared in no time") {
  Service service;
  service.id = "x";
  auto& only_from = service.settings.only_from.emplace();
  auto& no_access = service.settings.no_access.emplace();
  const auto network = [](std::uint32_t base, int prefix) {
    AddressPattern p;
    p.base = xsuperd::base::Address::ipv4(base);
    p.prefix = prefix;
    return p;
  };
  // A chain of networks, each inside the one before, around all the others.
  for (int prefix = 0; prefix <= 8; ++prefix) only_from.push_back(network(0, prefix));
  for (std::uint32_t i = 0; i < 50'000; ++i) {
    only_from.push_back(network(i * 16, 28));
    no_access.push_back(network(i * 16 + 3, 32));
    no_access.push_back({AddressPattern::Kind::host, {}, 0, fmt::format("h{}.example.com", i), {}, {}});
  }
  only_from.push_back({AddressPattern::Kind::domain, {}, 0, ".com", {}, {}});
  Config config;
  config.services.push_back(std::make_shared<const Service>(service));
  const auto start = std::chrono::steady_clock::now();
  const auto all = lints(config);
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(10));
  REQUIRE_FALSE(all.empty());
  CHECK(all.back().sentence ==
        "Service x: 99990 more elements of only_from and no_access overlap in the same way");
}
