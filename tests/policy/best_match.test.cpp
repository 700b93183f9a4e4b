// SPDX-License-Identifier: MIT
#include <algorithm>
#include <catch2/catch.hpp>
#include <optional>
#include <random>
#include <tuple>

#include "policy/patterns.hpp"
#include "xsuperd/policy/address_rules.hpp"
#include "xsuperd/policy/verdict.hpp"

using namespace xsuperd;
using namespace xsuperd::policy;
using namespace xsuperd::policy::test;
using config::AccessPolicy;
using config::AddressPattern;
using Answer = AddressRules::Answer;

namespace {

constexpr auto best_match = AccessPolicy::best_match;

Answer ask(const Patterns& only_from, const Patterns& no_access, const PeerName& name,
           std::string_view peer = "10.1.2.3") {
  // The elements of the answer live in the rules.
  static std::optional<AddressRules> rules;
  rules.emplace(only_from, no_access, best_match);
  return rules->ask(address(peer), name);
}

char letter(const Answer& answer) {
  return answer.kind == Answer::Kind::allowed ? 'y' : answer.kind == Answer::Kind::refused ? 'n' : '?';
}

}  // namespace

TEST_CASE("a single address is closer than a host, that than a domain, and that than a network") {
  const Patterns order = patterns({"10.1.2.3", "a.b.example.com", ".b.example.com", ".example.com", ".com",
                                   "10.1.2.2/31", "10.0.0.0/8", "0.0.0.0/0"});
  for (std::size_t i = 0; i < order.size(); ++i)
    for (std::size_t j = 0; j < order.size(); ++j) {
      INFO(order[i].text << " and " << order[j].text);
      CHECK(more_specific(order[i], order[j]) == (i < j));
    }
  CHECK_FALSE(more_specific(pattern("10.1.2.3"), pattern("10.9.9.9")));
  CHECK_FALSE(more_specific(pattern("?lost.example.com"), pattern("a.example.com")));
  CHECK_FALSE(more_specific(pattern("a.example.com"), pattern("?lost.example.com")));
}

TEST_CASE("mapped networks are as specific as the IPv4 networks in them") {
  CHECK_FALSE(more_specific(pattern("::ffff:10.0.0.0/104"), pattern("10.0.0.0/8")));
  CHECK_FALSE(more_specific(pattern("10.0.0.0/8"), pattern("::ffff:10.0.0.0/104")));
  CHECK(more_specific(pattern("::ffff:10.1.2.3"), pattern("a.example.com")));
  CHECK(more_specific(pattern("a.example.com"), pattern("fd00::/64")));
}

TEST_CASE("the longer prefix decides, and equal ones refuse") {
  struct Row {
    const char* only_from;
    const char* no_access;
    char answer;
    bool both;
    const char* rule;
  };
  const Row rows[] = {
      {"10.1.2.3", "10.0.0.0/8", 'y', false, "10.1.2.3"},
      {"10.1.0.0/16", "10.0.0.0/8", 'y', false, "10.1.0.0/16"},
      {"10.0.0.0/8", "10.1.0.0/16", 'n', false, "10.1.0.0/16"},
      {"10.0.0.0/8", "10.1.2.3", 'n', false, "10.1.2.3"},
      {"10.0.0.0/8", "10.0.0.0/8", 'n', true, "10.0.0.0/8"},
      {"10.1.2.3", "10.1.2.3", 'n', true, "10.1.2.3"},
      {"10.0.0.0/8", "::ffff:10.0.0.0/104", 'n', true, "::ffff:10.0.0.0/104"},
      {"10.0.0.0/8", "11.0.0.0/8", 'y', false, "10.0.0.0/8"},
      {"11.0.0.0/8", "10.0.0.0/8", 'n', false, "10.0.0.0/8"},
  };
  for (const Row& r : rows) {
    INFO(r.only_from << " against " << r.no_access);
    const Answer answer = ask(patterns({r.only_from}), patterns({r.no_access}), not_asked());
    CHECK(letter(answer) == r.answer);
    CHECK(answer.both_lists == r.both);
    REQUIRE(answer.rule);
    CHECK(answer.rule->text == r.rule);
  }
}

TEST_CASE("names are weighed against networks, and asked for when that can matter") {
  struct Row {
    Patterns only_from;
    Patterns no_access;
    /// Not asked; then without a name, with a.example.com, with a.example.net.
    const char* answers;
  };
  const Row rows[] = {
      {patterns({".example.com"}), patterns({"10.0.0.0/8"}), "?nyn"},
      {patterns({".example.com"}), patterns({"10.1.2.3"}), "nnnn"},
      {patterns({"10.1.2.3"}), patterns({".example.com"}), "yyyy"},
      {patterns({"10.0.0.0/8"}), patterns({".example.com"}), "?nny"},
      {patterns({"a.example.com"}), patterns({".example.com"}), "?nyn"},
      {patterns({".example.com"}), patterns({"a.example.com"}), "?nnn"},
      {patterns({".example.com"}), patterns({".example.com"}), "?nnn"},
      {patterns({"11.0.0.0/8", ".example.com"}), patterns({".com", "10.0.0.0/8"}), "?nyn"},
      {patterns({"10.0.0.0/8"}), patterns({"?lost"}), "?nyy"},
      {patterns({"10.0.0.0/8"}), patterns({"11.0.0.0/8"}), "yyyy"},
      // What is closer than a network is looked at, though one matches.
      {patterns({"10.0.0.0/8", ".example.com"}), patterns({"10.1.0.0/16"}), "?nyn"},
      {patterns({"10.1.0.0/16"}), patterns({"10.0.0.0/8", ".example.com"}), "?nny"},
  };
  for (const Row& r : rows) {
    INFO("row " << &r - rows);
    std::string answers;
    for (const PeerName& name : {not_asked(), unanswered(), named({"a.example.com"}), named({"a.example.net"})})
      answers += letter(ask(r.only_from, r.no_access, name));
    CHECK(answers == r.answers);
  }
}

TEST_CASE("the closest of several names of a peer counts, and the elements come with the answer") {
  const Answer answer = ask(patterns({".com", "10.0.0.0/8"}), patterns({".net", ".evil.net"}),
                            named({"a.evil.net", "b.example.com"}));
  CHECK(letter(answer) == 'n');
  CHECK(answer.only_from->text == ".com");
  CHECK(answer.no_access->text == ".evil.net");
  CHECK(answer.rule == answer.no_access);
  CHECK(letter(ask({}, patterns({"10.1.2.3"}), not_asked())) == 'n');
}

TEST_CASE("a policy takes best_match from the settings of its service") {
  config::Service service;
  service.settings.only_from = patterns({"10.1.2.3"});
  service.settings.no_access = patterns({"10.0.0.0/8"});
  const auto verdict = [&] {
    Question question;
    question.peer.address = address("10.1.2.3");
    return judge(Policy(std::make_shared<const config::Service>(service)), question).kind;
  };
  CHECK(verdict() == Verdict::Kind::refuse);
  service.settings.access_policy = AccessPolicy::refuse_both;
  CHECK(verdict() == Verdict::Kind::refuse);
  service.settings.access_policy = best_match;
  CHECK(verdict() == Verdict::Kind::admit);
}

namespace {

/// The slow and obvious way: every element tried, its closeness as three numbers.
using Closeness = std::optional<std::tuple<int, int, int>>;

bool in_network(const AddressPattern& p, const base::Address& peer) {
  if (p.base.family() != peer.family()) return false;
  for (int i = 0; i < p.prefix; ++i)
    if (((p.base.bytes()[i / 8] ^ peer.bytes()[i / 8]) >> (7 - i % 8) & 1) != 0) return false;
  return true;
}

Closeness closeness(const AddressPattern& p, const base::Address& peer, const PeerName& name, bool deny) {
  using Kind = AddressPattern::Kind;
  if (p.kind == Kind::network) {
    if (!in_network(p, peer)) return std::nullopt;
    return p.prefix == 32 ? Closeness({3, 0, 0}) : Closeness({0, 0, p.prefix});
  }
  const bool any = deny && name.state == PeerName::State::failed;
  std::vector<std::string> counts = name.names;
  if (deny) counts.insert(counts.end(), name.claimed.begin(), name.claimed.end());
  const bool met = std::any_of(counts.begin(), counts.end(), [&](const std::string& n) {
    return p.kind == Kind::domain ? n.ends_with(p.name) && n != p.name : n == p.name;
  });
  if (!any && !met) return std::nullopt;
  if (p.kind == Kind::domain)
    return {{1, static_cast<int>(std::count(p.name.begin(), p.name.end(), '.')), 0}};
  return {{2, 0, 0}};
}

Closeness closest(const Patterns& list, const base::Address& peer, const PeerName& name, bool deny) {
  Closeness best;
  for (const AddressPattern& p : list) best = std::max(best, closeness(p, peer, name, deny));
  return best;
}

bool plainly_allowed(const std::optional<Patterns>& only_from, const std::optional<Patterns>& no_access,
                     const base::Address& peer, const PeerName& name) {
  const Closeness allowed = only_from ? closest(*only_from, peer, name, false) : std::nullopt;
  const Closeness denied = no_access ? closest(*no_access, peer, name, true) : std::nullopt;
  if (denied) return allowed > denied;
  return allowed || !only_from;
}

const std::vector<std::string_view> words{
    "10.0.0.0/8",    "10.1.0.0/16", "10.1.2.0/24",  "10.1.2.3",      "10.2.0.0/15",    "0.0.0.0/0",
    ".com",          "?lost.net",   ".example.com", "a.example.com", ".a.example.com", ".net",
    "b.example.net", "10.1.2.2/31", "11.0.0.0/8",   ".x.example.net"};

std::optional<Patterns> some_list(std::mt19937& random) {
  if (random() % 8 == 0) return std::nullopt;
  Patterns list;
  for (std::size_t left = random() % 5; left > 0; --left)
    list.push_back(pattern(words[random() % words.size()]));
  return list;
}

}  // namespace

TEST_CASE("best_match answers as a plain list would, and asks for a name rather than guess") {
  const std::vector<PeerName> names{nameless(),
                                    unanswered(),
                                    claiming({"b.a.example.com"}),
                                    named({"a.example.com"}),
                                    named({"a.example.net"}),
                                    named({"lost.net"}),
                                    named({"b.a.example.com", "b.example.net"}),
                                    named({"b.x.example.net", "z.com"}),
                                    named({"elsewhere.org"})};
  std::mt19937 random(20240301);
  std::size_t unasked = 0;
  for (int round = 0; round < 4000; ++round) {
    const auto only_from = some_list(random), no_access = some_list(random);
    const AddressRules rules(only_from, no_access, best_match);
    for (const char* peer : {"10.1.2.3", "10.1.2.4", "10.3.0.1", "11.0.0.1", "12.0.0.1"}) {
      const char early = letter(rules.ask(address(peer), not_asked()));
      unasked += early != '?';
      for (const PeerName& name : names) {
        INFO("round " << round << ", peer " << peer);
        const char plain = plainly_allowed(only_from, no_access, address(peer), name) ? 'y' : 'n';
        REQUIRE(letter(rules.ask(address(peer), name)) == plain);
        REQUIRE((early == '?' || early == plain));
      }
    }
  }
  CHECK(unasked > 4000);
}
