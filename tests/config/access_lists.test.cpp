// SPDX-License-Identifier: MIT
#include <catch2/catch.hpp>

#include "config/fixture.hpp"

using namespace xsuperd::config;
using namespace xsuperd::config::test;
using Pattern = AddressPattern;

namespace {
std::string only_from(const std::string& words) { return value("only_from", "only_from = " + words); }
}  // namespace

TEST_CASE("a single IPv4 address is read as inet_aton does") {
  CHECK(only_from("192.0.2.7") == "192.0.2.7/32");
  CHECK(only_from("10.77") == "10.0.0.77/32");
  CHECK(only_from("127") == "0.0.0.127/32");
  CHECK(only_from("0x7f.1") == "127.0.0.1/32");
  CHECK(only_from("010.0.0.1") == "8.0.0.1/32");
}

TEST_CASE("octets of zero at the end are wildcards") {
  CHECK(only_from("127.0.0.0") == "127.0.0.0/8");
  CHECK(only_from("10.1.0.0") == "10.1.0.0/16");
  CHECK(only_from("10.1.2.0") == "10.1.2.0/24");
  CHECK(only_from("10.1.2.128") == "10.1.2.128/32");
  CHECK(only_from("10.0.1.0") == "10.0.1.0/24");
  CHECK(only_from("0.0.0.0") == "0.0.0.0/0");
  CHECK(only_from("0") == "0.0.0.0/0");
}

TEST_CASE("a prefix may be a number or a mask") {
  CHECK(only_from("10.1.2.3/8") == "10.0.0.0/8");
  CHECK(only_from("10.1.2.3/0") == "0.0.0.0/0");
  CHECK(only_from("10.1.2.3/32") == "10.1.2.3/32");
  CHECK(only_from("127/8") == "0.0.0.0/8");
  CHECK(only_from("10.1.2.3/255.255.0.0") == "10.1.0.0/16");
  CHECK(only_from("10.1.2.3/0.0.0.0") == "0.0.0.0/0");
  CHECK(only_from("10.1.2.3/255.255.255.255") == "10.1.2.3/32");
  for (const std::string words :
       {"10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/x", "10.0.0.0/255.0.255.0", "10.0.0.0/"})
    CHECK(only_from(words) == "refused");
}

TEST_CASE("IPv6 addresses match exactly or by prefix") {
  CHECK(only_from("::1") == "::1/128");
  CHECK(only_from("::") == "::/128");
  CHECK(only_from("2001:db8::1/32") == "2001:db8::/32");
  CHECK(only_from("2001:db8::ff/121") == "2001:db8::80/121");
  CHECK(only_from("2001:db8::1/128") == "2001:db8::1/128");
  CHECK(only_from("::/0") == "::/0");
  CHECK(only_from("::1/129") == "refused");
  CHECK(only_from("::1/ffff::") == "refused");
}

TEST_CASE("a factorised address becomes one pattern for each element") {
  CHECK(only_from("127.0.0.{1,2}") == "127.0.0.1/32 127.0.0.2/32");
  CHECK(only_from("127.0.{0,1}") == "127.0.0.0/24 127.0.1.0/24");
  CHECK(only_from("{127,10}") == "127.0.0.0/8 10.0.0.0/8");
  CHECK(only_from("10.{3}") == "10.3.0.0/16");
  for (const std::string words :
       {"10.{1,,2}", "10.{}", "10.{1,2}.3", "10{1,2}", "10.{1,2", "10.{256}", "1.2.3.4.{5}", "10..{1}",
        "10.{a}", "300.{1}", "10.{1,{2}}", ".{1}", "10.{-1}"}) {
    INFO(words);
    CHECK(only_from(words) == "refused");
  }
}

TEST_CASE("a comma outside braces is refused with advice") {
  CHECK(with("no_access = 10.0.0.1,10.0.0.2").said("has a comma in it - remove the comma"));
  CHECK(with("no_access = 10.0.0.1, 10.0.0.2").refused("x"));
}

TEST_CASE("names are kept in lower case, domains with their dot") {
  const World w = with("only_from = WWW.example.com .Example.COM");
  const auto& list = *w.at("x").settings.only_from;
  REQUIRE(list.size() == 2);
  CHECK(list[0].kind == Pattern::Kind::host);
  CHECK(list[0].name == "www.example.com");
  CHECK(list[0].text == "WWW.example.com");
  CHECK(list[1].kind == Pattern::Kind::domain);
  CHECK(list[1].name == ".example.com");
  CHECK(list[1].place == Place{main_file, 9, 29});
}

TEST_CASE("a name that cannot be looked up stays in the list and is reported") {
  for (const std::string name : {"only_from", "no_access"})
    for (const std::string word : {"nosuch.example.com", "1.2.3.4.5", "nosuch/8", ".5", "10.0.0.300"}) {
      INFO(word);
      const World w = with(name + " = " + word);
      const auto& s = w.at("x").settings;
      const auto& list = name == "only_from" ? *s.only_from : *s.no_access;
      REQUIRE(list.size() == 1);
      CHECK(list[0].kind == Pattern::Kind::unresolved);
      CHECK(list[0].text == word);
      CHECK(w.finding("failed to parse " + word)->level == Level::error);
    }
  CHECK(with("no_access = typo").finding("failed")->suggestion ==
        "until it resolves, peers without a known name are refused");
  CHECK(with("only_from = typo").finding("failed")->suggestion == "it matches nobody until it resolves");
}

TEST_CASE("a network of /etc/networks is left-aligned") {
  World w;
  w.names.networks = {{"loopback", 0x7f000000}, {"ten", 10}, {"home", 0xc0a801}};
  w.read(service("x", 1, "only_from = loopback ten home"));
  CHECK(find_attribute("only_from")->print(w.at("x").settings) == "127.0.0.0/8 10.0.0.0/8 192.168.1.0/24");
}

TEST_CASE("an empty list is a list") {
  CHECK(with("only_from =").at("x").settings.only_from->empty());
  CHECK(with("no_access =").at("x").settings.no_access->empty());
  CHECK_FALSE(with("").at("x").settings.only_from);
}

TEST_CASE("lists are replaced by = and changed by += and -=") {
  CHECK(value("only_from", "only_from = 10.0.0.1\nonly_from = 10.0.0.2") == "10.0.0.2/32");
  CHECK(value("only_from", "only_from = 10.0.0.1\nonly_from += 10.0.0.2") == "10.0.0.1/32 10.0.0.2/32");
  CHECK(value("only_from", "only_from += 10.0.0.2") == "10.0.0.2/32");
  CHECK(value("only_from", "only_from = ::1 10.0.0.1\nonly_from -= ::1 ::2") == "10.0.0.1/32");
  CHECK(with("only_from -= ::1").at("x").settings.only_from == std::vector<Pattern>{});
}

TEST_CASE("operator -= removes every element that means the same") {
  CHECK(value("no_access", "no_access = 127.0.0.0 10.0.0.1 127.0.0.0/8\nno_access -= 127.0.0.0") ==
        "10.0.0.1/32");
  CHECK(value("no_access", "no_access = WWW.example.com ::1\nno_access -= www.EXAMPLE.com") == "::1/128");
  CHECK(value("no_access", "no_access = typo ::1\nno_access -= TYPO") == "::1/128");
  CHECK(value("no_access", "no_access = 10.0.0.0/8\nno_access -= 10.0.0.0/16") == "10.0.0.0/8");
}

TEST_CASE("access_policy is refuse_both or best_match, in services and defaults") {
  CHECK(with("").at("x").access_policy() == AccessPolicy::refuse_both);
  CHECK(value("access_policy", "access_policy = refuse_both") == "refuse_both");
  CHECK(value("access_policy", "access_policy = BEST_MATCH") == "best_match");
  CHECK(with("access_policy = best_match").at("x").access_policy() == AccessPolicy::best_match);
  CHECK(with("access_policy = bestmatch").refused("x"));
  CHECK(with("access_policy = best_mach").finding("Bad access policy: best_mach")->suggestion ==
        "did you mean 'best_match'?");
  const World w(defaults("access_policy = best_match") + service("x", 1) +
                service("y", 2, "access_policy = refuse_both"));
  CHECK(w.at("x").access_policy() == AccessPolicy::best_match);
  CHECK(w.at("y").access_policy() == AccessPolicy::refuse_both);
}

TEST_CASE("a network says what peers are compared with") {
  const auto network = [](const std::string& word) {
    const auto [base, prefix] = with("only_from = " + word).at("x").settings.only_from->front().network();
    return base.text() + "/" + std::to_string(prefix);
  };
  CHECK(network("10.1.0.0") == "10.1.0.0/16");
  CHECK(network("::ffff:10.0.0.0/104") == "10.0.0.0/8");
  CHECK(network("::ffff:10.0.0.1") == "10.0.0.1/32");
  CHECK(network("::/0") == "::/0");
}

TEST_CASE("a socket is reached from the families that it can be bound to") {
  using Family = xsuperd::base::Address::Family;
  const auto families = [](const std::string& lines) {
    const World w = with(lines);
    const ListenSpec& listen = w.at("x").listen;
    return std::string(listen.reached_from(Family::ipv4) ? "4" : "") + (listen.reached_from(Family::ipv6) ? "6" : "");
  };
  CHECK(families("") == "46");
  CHECK(families("flags = IPv4") == "4");
  CHECK(families("flags = IPv6") == "46");
  CHECK(families("v6only = yes") == "6");
  CHECK(families("bind = 127.0.0.1") == "4");
  CHECK(families("bind = 127.0.0.1\nflags = IPv6") == "4");
  CHECK(families("bind = ::1") == "6");
  CHECK(families("bind = ::") == "46");
  CHECK(families("bind = ::\nv6only = yes") == "6");
}
