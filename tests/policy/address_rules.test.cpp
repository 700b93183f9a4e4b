// SPDX-License-Identifier: MIT
#include <catch2/catch.hpp>
#include <optional>

#include "policy/patterns.hpp"
#include "xsuperd/policy/address_rules.hpp"

using namespace xsuperd;
using namespace xsuperd::policy;
using namespace xsuperd::policy::test;

namespace {

using Lists = std::optional<Patterns>;
const Lists none;
const Lists empty = Patterns{};

struct Peer {
  std::string_view address;
  PeerName name;
};

/// "y", "n" or, where the answer waits for the name, "?".
char letter(const AddressRules& rules, std::string_view peer, const PeerName& name) {
  using Kind = AddressRules::Answer::Kind;
  const Kind kind = rules.ask(address(peer), name).kind;
  return kind == Kind::allowed ? 'y' : kind == Kind::refused ? 'n' : '?';
}

/// The answers to the six clients of the access matrix, as xsuperd asks: the name only when it is needed.
std::string row(const Lists& only_from, const Lists& no_access, bool dual_stack) {
  const Peer clients[] = {
      {"127.0.0.1", named({"localhost"})},
      {"127.0.0.2", named({"client2.example.com"})},
      {"127.0.0.3", named({"client3.example.com"})},
      {"192.0.2.5", nameless()},
      {"::1", named({"localhost"})},
      {"fd00:77::1", named({"v6host.example.com"})},
  };
  const AddressRules rules(only_from, no_access);
  std::string answers;
  for (const Peer& client : clients) {
    const bool v6 = client.address.find(':') != std::string_view::npos;
    const std::string peer = (dual_stack && !v6 ? "::ffff:" : "") + std::string(client.address);
    char answer = letter(rules, peer, not_asked());
    if (answer == '?') answer = letter(rules, peer, client.name);
    answers += answer;
  }
  return answers;
}

}  // namespace

TEST_CASE("the access matrix, on every kind of socket") {
  struct Row {
    const char* fact;
    Lists only_from;
    Lists no_access;
    const char* answers;
  };
  const Row rows[] = {
      {"B13.87", patterns({"127.0.0.1"}), none, "ynnnnn"},
      {"B13.88", patterns({"127.0.0.0/8"}), none, "yyynnn"},
      {"B13.89", patterns({"0.0.0.0/0"}), none, "yyyynn"},
      {"B13.90", patterns({"::"}), none, "nnnnnn"},
      {"B13.91 by B12.24", patterns({"::/0"}), none, "nnnnyy"},
      {"B13.92", patterns({"::1"}), none, "nnnnyn"},
      {"B13.93 by B12.26", patterns({"::1/128"}), none, "nnnnyn"},
      {"B13.94 by B12.24", patterns({"::1/64"}), none, "nnnnyn"},
      {"B13.95 by B12.24", patterns({"::ffff:127.0.0.1"}), none, "ynnnnn"},
      {"B13.96 by B12.24", patterns({"::ffff:127.0.0.0/104"}), none, "yyynnn"},
      {"B13.97 by B12.53", patterns({"localhost"}), none, "ynnnyn"},
      {"B13.98 by B12.53", patterns({"client2.example.com"}), none, "nynnnn"},
      {"B13.99 by B12.53", patterns({".EXAMPLE.COM"}), none, "nyynny"},
      {"B13.100", patterns({"127.0.0.1", "127.0.0.3"}), none, "ynynnn"},
      {"B13.101", patterns({"127.0.0.1/8"}), none, "yyynnn"},
      {"B13.102", patterns({"127.0.0.2/31"}), none, "nyynnn"},
      {"B13.103", empty, none, "nnnnnn"},
      {"B13.104", none, empty, "yyyyyy"},
      {"B13.105", none, patterns({"?nosuchhost"}), "yyyyyy"},
      {"B13.106", none, patterns({"0.0.0.0/0"}), "nnnnyy"},
      {"B13.107", patterns({"127.0.0.0/8"}), patterns({"127.0.0.2"}), "ynynnn"},
      {"B13.108", patterns({"127.0.0.2"}), patterns({"127.0.0.0/8"}), "nnnnnn"},
      {"no list at all", none, none, "yyyyyy"},
  };
  for (const Row& r : rows) {
    INFO(r.fact);
    CHECK(row(r.only_from, r.no_access, false) == r.answers);
    CHECK(row(r.only_from, r.no_access, true) == r.answers);
  }
}

TEST_CASE("a peer on both lists is refused and told apart") {
  const AddressRules rules(patterns({"127.0.0.2"}), patterns({"127.0.0.0/8"}));
  const auto both = rules.ask(address("127.0.0.2"), not_asked());
  CHECK(both.kind == AddressRules::Answer::Kind::refused);
  CHECK(both.both_lists);
  CHECK(both.rule->text == "127.0.0.0/8");
  const auto one = rules.ask(address("127.0.0.3"), not_asked());
  CHECK(one.kind == AddressRules::Answer::Kind::refused);
  CHECK_FALSE(one.both_lists);
  CHECK_FALSE(AddressRules(none, patterns({"127.0.0.1"})).ask(address("127.0.0.1"), not_asked()).both_lists);
}

TEST_CASE("both lists are seen to match by name too, once the name is there") {
  const AddressRules rules(patterns({"127.0.0.1"}), patterns({".example.com"}));
  CHECK(rules.ask(address("127.0.0.1"), named({"a.example.com"})).both_lists);
  CHECK(rules.ask(address("127.0.0.1"), unanswered()).both_lists);
  CHECK_FALSE(rules.ask(address("127.0.0.1"), nameless()).both_lists);
  const AddressRules names(patterns({".example.com"}), patterns({"a.example.com"}));
  CHECK(names.ask(address("127.0.0.1"), named({"a.example.com"})).both_lists);
  CHECK_FALSE(names.ask(address("127.0.0.1"), nameless()).both_lists);
}

TEST_CASE("the deciding element comes with the answer") {
  const AddressRules rules(patterns({"127.0.0.1", ".example.com"}), patterns({"127.0.0.9"}));
  CHECK(rules.ask(address("127.0.0.1"), not_asked()).rule->text == "127.0.0.1");
  CHECK(rules.ask(address("127.0.0.2"), named({"a.example.com"})).rule->text == ".example.com");
  CHECK(rules.ask(address("127.0.0.9"), not_asked()).rule->text == "127.0.0.9");
  CHECK(rules.ask(address("127.0.0.2"), nameless()).rule == nullptr);
}

TEST_CASE("a peer without an address passes") {
  CHECK(AddressRules(empty, patterns({"0.0.0.0/0"})).ask({}, not_asked()).kind ==
        AddressRules::Answer::Kind::allowed);
  CHECK(AddressRules(none, patterns({"?typo"})).ask({}, nameless()).kind ==
        AddressRules::Answer::Kind::allowed);
}

TEST_CASE("a name is asked for only when it can change the verdict") {
  struct Row {
    Lists only_from;
    Lists no_access;
    /// Not asked; then without a name, with a.example.com, with a.example.net.
    const char* answers;
  };
  const Patterns in = patterns({"127.0.0.1"}), out = patterns({"10.0.0.1"});
  const Patterns com = patterns({".example.com"}), net = patterns({".example.net"}),
                 lost = patterns({"?typo"});
  const Patterns in_or_com = patterns({"127.0.0.1", ".example.com"});
  const Patterns out_or_com = patterns({"10.0.0.1", ".example.com"});
  const Row rows[] = {
      // only_from alone
      {in, none, "yyyy"},
      {out, none, "nnnn"},
      {com, none, "?nyn"},
      {lost, none, "?nnn"},
      {in_or_com, none, "yyyy"},
      {out_or_com, none, "?nyn"},
      // no_access alone
      {none, in, "nnnn"},
      {none, out, "yyyy"},
      {none, com, "?nny"},
      {none, lost, "?nyy"},
      {none, in_or_com, "nnnn"},
      {none, out_or_com, "?nny"},
      // no_access decides whatever only_from says
      {com, in, "nnnn"},
      {in_or_com, in_or_com, "nnnn"},
      // only_from refuses whatever no_access says
      {out, com, "nnnn"},
      {empty, com, "nnnn"},
      {out, lost, "nnnn"},
      // the name decides
      {in, com, "?nny"},
      {in_or_com, com, "?nny"},
      {com, out, "?nyn"},
      {com, empty, "?nyn"},
      {com, net, "?nyn"},
      {com, com, "?nnn"},
      {out_or_com, lost, "?nyn"},
      {in, lost, "?nyy"},
  };
  for (const Row& r : rows) {
    INFO("row " << &r - rows);
    const AddressRules rules(r.only_from, r.no_access);
    std::string answers;
    for (const PeerName& name : {not_asked(), unanswered(), named({"a.example.com"}), named({"a.example.net"})})
      answers += letter(rules, "127.0.0.1", name);
    CHECK(answers == r.answers);
  }
}

TEST_CASE("an unresolved element matches the peer that proves the name") {
  CHECK(letter(AddressRules(patterns({"?typo"}), none), "127.0.0.1", named({"typo"})) == 'y');
  CHECK(letter(AddressRules(none, patterns({"?typo"})), "127.0.0.1", named({"typo"})) == 'n');
}

TEST_CASE("a name said to be known but empty counts as unknown") {
  CHECK(letter(AddressRules(none, patterns({".example.com"})), "127.0.0.1", named({})) == 'y');
  CHECK(letter(AddressRules(patterns({".example.com"}), none), "127.0.0.1", named({})) == 'n');
}

TEST_CASE("one confirmed name of several is enough") {
  const PeerName two = named({"a.example.net", "a.example.com"});
  CHECK(letter(AddressRules(patterns({".example.com"}), none), "127.0.0.1", two) == 'y');
  CHECK(letter(AddressRules(none, patterns({".example.com"})), "127.0.0.1", two) == 'n');
}

// Decision B15.15.
TEST_CASE("names in no_access keep out what they are proved or claimed to be, and what nobody could look up") {
  const AddressRules kept_out(none, patterns({"bad.test", ".evil.test"}));
  const auto denied = [&](const PeerName& name) { return letter(kept_out, "127.0.0.1", name) == 'n'; };
  CHECK_FALSE(denied(nameless()));
  CHECK_FALSE(denied(named({"good.test"})));
  CHECK_FALSE(denied(claiming({"good.test"})));
  CHECK(denied(named({"bad.test"})));
  CHECK(denied(claiming({"bad.test"})));
  CHECK(denied(claiming({"good.test", "a.evil.test"})));
  CHECK(denied({PeerName::State::known, {"good.test"}, {"bad.test"}}));
  CHECK(denied(unanswered()));
  CHECK(denied({PeerName::State::failed, {"good.test"}, {}}));
  CHECK(kept_out.ask(address("127.0.0.1"), unanswered()).rule->text == "bad.test");
}

TEST_CASE("names in only_from admit nobody for what is claimed alone, or could not be looked up") {
  const AddressRules let_in(patterns({"good.test"}), none);
  const auto admitted = [&](const PeerName& name) { return letter(let_in, "127.0.0.1", name) == 'y'; };
  CHECK(admitted(named({"good.test"})));
  CHECK_FALSE(admitted(claiming({"good.test"})));
  CHECK_FALSE(admitted(nameless()));
  CHECK_FALSE(admitted(unanswered()));
}
