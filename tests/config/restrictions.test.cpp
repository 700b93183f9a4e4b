// SPDX-License-Identifier: MIT
#include <catch2/catch.hpp>
#include <cstdio>
#include <map>

#include "config/fixture.hpp"

// Every attribute, in an entry and in the defaults, with a line that is not understood, at the start and at a reload:
// nothing becomes reachable, gets more rights or fewer limits by it (decision B15.13).
using namespace xsuperd::config;
using namespace xsuperd::config::test;

namespace {

enum class Damage { too_few, too_many, comment, operation };
constexpr Damage damages[]{Damage::too_few, Damage::too_many, Damage::comment, Damage::operation};

/// A line for the attribute that narrows something for the service x, where the example of the manual does not.
const std::map<std::string_view, std::string> narrowing{
    {"disabled", "disabled = x other"}, {"enabled", "enabled = other"},         {"type", "type = UNLISTED"},
    {"v6only", "v6only = yes"},         {"server", "server = /bin/server"},     {"protocol", "protocol = tcp"},
    {"groups", "groups = no"},          {"access_policy", "access_policy = refuse_both"}, {"bind", "bind = 127.0.0.1"},
    {"port", "port = 7001"},            {"log_on_success", "log_on_success -= PID"},
    {"queue", "queue = 100"}};

std::string line_of(const Attribute& row) {
  const auto found = narrowing.find(row.name);
  return found == narrowing.end() ? std::string(row.example) : found->second;
}

/// The line with something wrong about it; empty when it cannot be wrong in this way.
std::string damaged(const Attribute& row, const std::string& line, Damage damage) {
  const bool listed = row.most < 0;
  switch (damage) {
    case Damage::too_few:
      if (row.least == 0) return {};
      return line.substr(0, listed ? line.find('=') + 1 : std::max(line.rfind(' '), line.find('=') + 1));
    case Damage::too_many:
      return listed ? std::string{} : line + " surplus";
    case Damage::comment:
      return line + " # of old";
    case Damage::operation:
      if (row.operators != Operators::set) return {};
      return std::string(line).replace(line.find('='), 1, "+=");
  }
  return {};
}

/// An entry that is complete together with that line.
std::string entry_with(const Attribute& row, const std::string& line) {
  std::string kept;
  std::string rest = plain;
  const bool rpc = row.name.starts_with("rpc_");
  while (!rest.empty()) {
    const std::string one = rest.substr(0, rest.find('\n') + 1);
    rest.erase(0, one.size());
    const bool replaced = one.starts_with(std::string(row.name) + " ") || (rpc && (one.starts_with("type") || one.starts_with("port")));
    if (!replaced) kept += one;
  }
  if (row.name == "deny_time") kept += "flags = SENSOR\n";
  if (rpc) kept += "type = RPC UNLISTED\n";
  if (rpc && row.name != "rpc_number") kept += "rpc_number = 300001\n";
  if (rpc && row.name != "rpc_version") kept += "rpc_version = 1\n";
  return entry("x", kept + line + "\n");
}

World world(const std::string& text) {
  World w;
  w.names.group_ids["nogroup"] = 65534;
  return w.read(text);
}

std::shared_ptr<const Service> x_of(const World& w) {
  if (!w.loaded.config) return nullptr;
  for (const auto& one : w.loaded.config->services)
    if (one->name == "x") return one;
  return nullptr;
}

/// Sockets, users, limits and lists: is there nothing in `now` that is not in `meant`?
bool no_wider(const Service& now, const Service& meant) {
  for (const Attribute& row : attributes())
    // A comment behind arguments is arguments, as in xinetd.
    if (restricts(row) && row.name != "disabled" && row.name != "server_args" && !row.same(now.settings, meant.settings)) return false;
  return now.listen.same_place(meant.listen) && now.kind == meant.kind && now.wait == meant.wait;
}

/// What comes of a reload: nothing at all, if the new configuration cannot be used.
World reloaded(const World& running, const std::string& text) {
  World next = world(text);
  if (next.loaded.fatal != Loaded::Fatal::none) return running;
  keep_broken(*running.loaded.config, next.loaded);
  return next;
}

std::size_t combinations = 0;

/// `meant` and `spoilt` are whole configurations, `without` is one that lacks the line.
void check(const Attribute& row, Damage damage, const std::string& meant, const std::string& spoilt, const std::string& without) {
  INFO(row.name << "\n" << spoilt);
  const World right = world(meant);
  REQUIRE(right.loaded.fatal == Loaded::Fatal::none);
  const auto service = x_of(right);

  const World started = world(spoilt);
  ++combinations;
  if (const auto now = x_of(started)) {
    REQUIRE(service);
    CHECK(no_wider(*now, *service));
  }
  const bool silent = started.loaded.diagnostics.count(Level::error) + started.loaded.diagnostics.count(Level::warning) == 0;
  const bool fine = row.hash == Hash::value || (row.name == "log_type" && row.where == Where::both && damage == Damage::operation);
  CHECK((!silent || fine || !x_of(started)));
  if (damage == Damage::comment && row.hash == Hash::comment) CHECK(!!x_of(started) == !!service);

  // What runs with the line goes on with it, and what runs without it gets no more than it had.
  const World after = reloaded(right, spoilt);
  ++combinations;
  if (const auto now = x_of(after)) {
    REQUIRE(service);
    CHECK(no_wider(*now, *service));
  }
  const World before = world(without);
  const World later = reloaded(before, spoilt);
  ++combinations;
  const auto ran = x_of(before);
  if (const auto now = x_of(later)) CHECK(((ran && no_wider(*now, *ran)) || (service && no_wider(*now, *service))));
}

}  // namespace

TEST_CASE("no attribute that is not understood opens, unconfines or starts anything") {
  combinations = 0;
  for (const Attribute& row : attributes())
    for (const Damage damage : damages) {
      const std::string line = line_of(row);
      const std::string spoilt = damaged(row, line, damage);
      if (spoilt.empty()) continue;
      if (row.where != Where::defaults) check(row, damage, entry_with(row, line), entry_with(row, spoilt), entry_with(row, ""));
      if (row.where != Where::service) {
        const std::string plain_entry = service("x", 9000);
        check(row, damage, defaults(line) + plain_entry, defaults(spoilt) + plain_entry, plain_entry);
      }
    }
  std::printf("%zu combinations of attribute, damage, place and start or reload\n", combinations);
  CHECK(combinations > 400);
}

TEST_CASE("each attribute that may be passed over is one that restricts nothing") {
  const std::set<std::string_view> harmless{
      "backlog", "ban_limit", "ban_nft", "banner",         "banner_fail",    "banner_success", "defer_accept", "env", "event_log", "freebind",         "keepalive",
      "kill_grace", "queue",       "linger",  "log_on_failure", "log_on_success", "log_type",       "mdns",     "mptcp",        "nice",    "pass_fds",       "passenv",          "receive_buffer",
      "removed_sessions",          "send_buffer",    "tos"};
  for (const Attribute& row : attributes()) {
    INFO(row.name);
    CHECK(restricts(row) != harmless.contains(row.name));
  }
}

TEST_CASE("a misspelt restriction is an error, and the service runs without it") {
  for (const std::string line : {"only_form = 10.0.0.1", "no_acces = 10.0.0.1", "interfce = 127.0.0.1", "instance = 3", "perr_source = 3"}) {
    const World w = with(line);
    INFO(line);
    CHECK(w.up("x"));
    const Diagnostic* d = w.finding("; service x runs without it");
    REQUIRE(d);
    CHECK(d->level == Level::error);
    CHECK(d->suggestion.starts_with("did you mean '"));
  }
  CHECK(World(defaults("only_form = 10.0.0.1") + service("x", 1)).finding("services run without it")->level == Level::error);
  CHECK(with("bannr = x").finding("bad service attribute")->level == Level::warning);
  CHECK(with("disable = yes\nonly_form = 10.0.0.1").loaded.diagnostics.count(Level::error) == 0);
}

TEST_CASE("disabled in an entry and disable with names in the defaults are errors, for they switch nothing off") {
  const World entry = with("disabled = yes");
  CHECK(entry.up("x"));
  CHECK(entry.finding("; service x runs without it")->level == Level::error);
  CHECK(entry.finding("; service x runs without it")->suggestion == "did you mean 'disable'?");
  CHECK(with("enabled = no").finding("belongs in the defaults")->suggestion == "here it is 'disable = yes' or 'disable = no'");
  const World names(defaults("disable = x y") + service("x", 1));
  CHECK(names.finding("services run without it")->suggestion == "did you mean 'disabled'?");
  CHECK(World(defaults("disable = yes") + service("x", 1)).loaded.diagnostics.count(Level::error) == 0);
}

TEST_CASE("what can be neither an address nor a name in bind is refused and explained") {
  for (const auto& [bind, hint] : std::map<std::string, std::string>{
           {"*", "listens on all addresses"},           {"10.0.0.300", "write an address of this host"},
           {"10.0.0.1,10.0.0.2", "an entry of its own"}, {"10.0.0.1/24", "without a prefix"},
           {"[::1]", "without brackets"},               {"127.0.0.1:80", "'port = NUMBER'"},
           {"\"10.0.0.1\"", "there is no quoting"},       {"fe80::1%", "write an address"},
           {"10.0.0.1%lo", "write an address"},         {"fe80::1%a%b", "write an address"}}) {
    World w;
    w.read(service("x", 1, "bind = " + bind));
    INFO(bind);
    CHECK(w.fate("x") == Fate::refused);
    REQUIRE(w.finding("is neither an address nor the name of a host"));
    CHECK(w.finding("is neither an address nor the name of a host")->suggestion.find(hint) != std::string::npos);
  }
  for (const std::string bind : {"eth0", "br-lan", "far.example", "far.example.", "my_host", "fe80::1%eth0"}) {
    INFO(bind);
    CHECK(with("bind = " + bind).up("x"));  // it may be there later
  }
}

TEST_CASE("what is wrong in an entry that is switched off is a note, wherever it stands") {
  const std::string wrong = "port = 99999\nuser = nobody2\nserver = /none\ninstances = many\ngarbage\nonly_form = x\n";
  for (const std::string& text : {"service x\n{\n" + wrong + "disable = yes\n}\n", "service x\n{\ndisable = yes\n" + wrong + "}\n",
                                  defaults("disabled = x") + "service x\n{\n" + wrong + "}\n",
                                  defaults("enabled = y") + "service x\n{\n" + wrong + "}\n"}) {
    const World w(text);
    INFO(text);
    CHECK(w.loaded.diagnostics.count(Level::error) == 0);
    CHECK(w.loaded.diagnostics.count(Level::warning) == 0);
    CHECK(w.loaded.diagnostics.count(Level::info) == 6);
    CHECK((w.fate("x") == Fate::disabled || w.fate("x") == Fate::disabled_by_defaults));
  }
}

TEST_CASE("the id of an entry counts wherever it stands, in one that is switched off too") {
  CHECK(World("service x\n{\ndisable = yes\nid = inside\n}\n").fate("inside") == Fate::disabled);
  CHECK(World("service x\n{\ngarbage\nid = inside\n}\n").fate("inside") == Fate::refused);
  CHECK(World("service x\n{\ngarbage\nid = inside # not outside\ndisable = yes # for now\n}\n").fate("inside") == Fate::disabled);
}

TEST_CASE("nobody is asked for the addresses of what is switched off") {
  World w;
  w.names.hosts["far"] = {"192.0.2.1"};
  w.read(service("x", 1, "disable = yes\nonly_from = far nowhere\nbind = nowhere"));
  CHECK(w.log() == "");
  CHECK(w.fate("x") == Fate::disabled);
}
