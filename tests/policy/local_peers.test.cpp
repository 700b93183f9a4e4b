// SPDX-License-Identifier: MIT
// Peers that have no IP address: processes behind UNIX sockets, and virtual machines.
#include <catch2/catch.hpp>

#include "policy/patterns.hpp"
#include "xsuperd/policy/ban_list.hpp"
#include "xsuperd/policy/verdict.hpp"

using namespace xsuperd;
using namespace xsuperd::policy;
using namespace xsuperd::policy::test;
using namespace std::chrono_literals;
using base::Address;
using config::Service;

namespace {

using Users = std::vector<uid_t>;
using Groups = std::vector<gid_t>;

/// What a service says of who may come; an empty optional: the attribute is not given.
struct Rules {
  std::optional<Users> uids = {};
  std::optional<Groups> gids = {};
  std::optional<std::vector<std::uint32_t>> cids = {};
  bool only_from = false;
  bool no_access = false;
  config::AccessPolicy policy = config::AccessPolicy::refuse_both;
};

Policy policy_of(const Rules& rules) {
  Service service;
  config::Settings& s = service.settings;
  if (rules.uids) s.only_uid.emplace();
  if (rules.gids) s.only_gid.emplace();
  for (const uid_t uid : rules.uids.value_or(Users{})) s.only_uid->push_back({std::to_string(uid), {}, uid, 0});
  for (const gid_t gid : rules.gids.value_or(Groups{})) s.only_gid->push_back({std::to_string(gid), gid});
  s.only_cid = rules.cids;
  // A network that every address is in, and a name that makes every IP peer wait for its own.
  if (rules.only_from) s.only_from = patterns({"0.0.0.0/0", "::/0", ".example.com"});
  if (rules.no_access) s.no_access = patterns({"0.0.0.0/0", "::/0", ".example.com"});
  s.access_policy = rules.policy;
  return Policy(std::make_shared<const Service>(std::move(service)));
}

/// "admit", or "refuse" and the attribute that decides.
std::string answer(const Rules& rules, const Address& peer, const Groups& groups = {}) {
  Question question;
  question.peer.address = peer;
  question.peer_groups = groups;
  const Verdict verdict = judge(policy_of(rules), question);
  CHECK(verdict.kind != Verdict::Kind::need_name);
  if (verdict.kind == Verdict::Kind::admit) return "admit";
  CHECK(verdict.reason == Reason::address);
  CHECK(verdict.rule == nullptr);
  return "refuse " + std::string(verdict.attribute);
}

}  // namespace

TEST_CASE("each list about local peers must match, and without one only_from keeps them out") {
  const Address joe = Address::local(1000, 100, 42);
  const Groups groups{100, 4};
  struct Row {
    Rules rules;
    const char* expected;
  };
  const Row rows[] = {
      {{}, "admit"},
      {{.uids = Users{0, 1000}}, "admit"},
      {{.uids = Users{0}}, "refuse only_uid"},
      {{.uids = Users{}}, "refuse only_uid"},
      {{.gids = Groups{100}}, "admit"},
      {{.gids = Groups{7, 4}}, "admit"},
      {{.gids = Groups{1000}}, "refuse only_gid"},
      {{.gids = Groups{}}, "refuse only_gid"},
      {{.uids = Users{1000}, .gids = Groups{4}}, "admit"},
      {{.uids = Users{0}, .gids = Groups{4}}, "refuse only_uid"},
      {{.uids = Users{1000}, .gids = Groups{5}}, "refuse only_gid"},
      {{.only_from = true}, "refuse only_from"},
      {{.uids = Users{1000}, .only_from = true}, "admit"},
      {{.uids = Users{0}, .only_from = true}, "refuse only_uid"},
      {{.gids = Groups{4}, .only_from = true}, "admit"},
      {{.no_access = true}, "admit"},
      {{.only_from = true, .no_access = true}, "refuse only_from"},
      {{.uids = Users{1000}, .only_from = true, .no_access = true}, "admit"},
      // What is said of others is not said of them.
      {{.cids = {{3}}}, "admit"},
      {{.cids = {{1000}}, .only_from = true}, "refuse only_from"},
  };
  for (const Row& row : rows) {
    INFO("row " << &row - rows);
    CHECK(answer(row.rules, joe, groups) == row.expected);
    Rules best = row.rules;
    best.policy = config::AccessPolicy::best_match;
    CHECK(answer(best, joe, groups) == row.expected);
  }
}

TEST_CASE("a virtual machine must be in only_cid, and without it only_from keeps it out") {
  const Address guest = Address::vsock(3, 1024);
  CHECK(answer({}, guest) == "admit");
  CHECK(answer({.cids = {{2, 3}}}, guest) == "admit");
  CHECK(answer({.cids = {{2}}}, guest) == "refuse only_cid");
  CHECK(answer({.cids = std::vector<std::uint32_t>{}}, guest) == "refuse only_cid");
  CHECK(answer({.only_from = true}, guest) == "refuse only_from");
  CHECK(answer({.cids = {{3}}, .only_from = true, .no_access = true}, guest) == "admit");
  CHECK(answer({.uids = Users{0}, .gids = Groups{0}}, guest) == "admit");
  CHECK(answer({.uids = Users{3}, .only_from = true}, guest) == "refuse only_from");
}

TEST_CASE("who the kernel does not tell is in no list") {
  const Address nobody = Address::local(Address::not_told, Address::not_told);
  CHECK(answer({}, nobody) == "admit");
  CHECK(answer({.uids = Users{Address::not_told}}, nobody) == "refuse only_uid");
  CHECK(answer({.gids = Groups{Address::not_told}}, nobody, {Address::not_told}) == "refuse only_gid");
  CHECK(answer({.only_from = true}, nobody) == "refuse only_from");
  // Of a peer that somebody asks about no group is known.
  CHECK(answer({.gids = Groups{0}}, Address::local(1000)) == "refuse only_gid");
}

TEST_CASE("IP peers and unknown ones are no concern of users and machines") {
  const Rules rules{.uids = Users{}, .gids = Groups{}, .cids = std::vector<std::uint32_t>{}};
  for (const char* peer : {"192.0.2.7", "::ffff:192.0.2.7", "2001:db8::1"}) CHECK(answer(rules, address(peer)) == "admit");
  CHECK(answer(rules, Address{}) == "admit");
}

TEST_CASE("the numbers of a peer without an address are taken for no address") {
  // The user whose number looks like 10.0.0.1, and the machine of the same number.
  for (const Address& peer : {Address::local(0x0a000001), Address::vsock(0x0a000001), Address::local(0)}) {
    INFO(peer.text());
    const auto everybody = patterns({"0.0.0.0/0", "10.0.0.1", "::/0", "::"});
    const AddressList list(everybody);
    CHECK(list.match_network(peer) == nullptr);
    for (const auto policy : {config::AccessPolicy::refuse_both, config::AccessPolicy::best_match}) {
      using Kind = AddressRules::Answer::Kind;
      CHECK(AddressRules(everybody, std::nullopt, policy).ask(peer, {}).kind == Kind::refused);
      CHECK(AddressRules(std::nullopt, everybody, policy).ask(peer, {}).kind == Kind::allowed);
      CHECK(AddressRules(std::nullopt, patterns({".example.com"}), policy).ask(peer, {}).kind == Kind::allowed);
    }
    CHECK(Network::of(peer, 8) == Network::of(peer));
    CHECK(Network::of(peer).single());
  }
}

TEST_CASE("a user is banned whatever the process, and a virtual machine whatever the port") {
  const base::Moment start{};
  BanList bans;
  bans.add(Address::local(1000, 100, 42), 5, start);
  bans.add(Address::vsock(3, 1024), -1, start);
  bans.add(*Network::parse("10.0.0.0/8"), -1, start);
  bans.add(*Network::parse("::/0"), -1, start);
  CHECK(bans.banned(Address::local(1000, 7, 43), start));
  CHECK_FALSE(bans.banned(Address::local(1000, 7, 43), start + 5min));
  CHECK_FALSE(bans.banned(Address::local(1001, 100, 42), start));
  CHECK(bans.banned(Address::vsock(3, 7), start));
  CHECK_FALSE(bans.banned(Address::vsock(1000), start));
  // Neither are they in a network, nor an address in their ban.
  CHECK_FALSE(bans.banned(Address::local(0x0a000001), start));
  CHECK_FALSE(bans.banned(address("0.0.3.232"), start));
  CHECK(bans.add(Address::local(1000, 1, 1), 6, start).added == BanList::Added::extended);

  BanList next;
  next.restore(bans.snapshot());
  CHECK(next.snapshot() == bans.snapshot());
  CHECK(next.banned(Address::local(1000, 0, 1), start));
  CHECK(next.remove(Address::local(1000, 5, 5)));
  CHECK_FALSE(next.banned(Address::local(1000, 0, 1), start));
  CHECK(next.banned(Address::vsock(3), start));
}

TEST_CASE("a ban is asked for by the text of a peer, and says whom it means") {
  const auto text = [](const char* word) {
    const auto network = Network::parse(word);
    return network ? network->text() : "nothing";
  };
  CHECK(text("unix:uid=1000") == "unix:uid=1000");
  CHECK(text("unix:uid=1000,pid=42") == "unix:uid=1000");
  CHECK(text("vsock:3") == "vsock:3");
  CHECK(text("unix:uid=1000/8") == "nothing");
  CHECK(text("unix:1000") == "nothing");
  CHECK(text("vsock:any") == "nothing");
}

TEST_CASE("the rate of a user is one, whatever the process") {
  const base::Moment start{};
  const config::SourceRate rate{.connections = 2, .window = 60};
  SourceRates rates;
  CHECK_FALSE(rates.trips(rate, Address::local(1000, 1, 1), start));
  CHECK_FALSE(rates.trips(rate, Address::local(1000, 2, 2), start));
  CHECK_FALSE(rates.trips(rate, Address::local(1001, 1, 1), start));
  CHECK_FALSE(rates.trips(rate, address("0.0.3.232"), start));
  CHECK(rates.trips(rate, Address::local(1000, 3, 3), start));
  CHECK(rates.recent(Address::local(1000)) == 3);
  CHECK(rates.size() == 3);
}
