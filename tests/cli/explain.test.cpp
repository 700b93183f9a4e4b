// SPDX-License-Identifier: MIT
#include "xsuperd/cli/explain.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>

#include "cli/caught.hpp"
#include "config/fixture.hpp"

using namespace xsuperd;
using namespace xsuperd::cli;
using config::test::defaults;
using config::test::entry;
using config::test::service;
using config::test::World;
using Outcome = Explanation::Outcome;

namespace {

/// Names in a map, which lead back to their address unless they begin with "false".
class FakeSource final : public net::NameSource {
 public:
  std::map<std::string, std::vector<std::string>> names{{"10.1.2.3", {"a.example.com"}},
                                                        {"10.1.2.4", {"false.example.com"}}};
  int asked = 0;

  std::vector<std::string> names_of(const base::Address& address) override {
    ++asked;
    if (address.text() == "10.9.9.8") throw net::LookUpFailed("server failure");
    return names[address.text()];
  }
  std::vector<base::Address> addresses_of(const std::string& name, base::Address::Family) override {
    for (const auto& [address, all] : names)
      if (!name.starts_with("false") && std::find(all.begin(), all.end(), name) != all.end())
        return {*base::Address::parse(address)};
    return {};
  }
};

struct Asked {
  Outcome outcome = Outcome::no_such_service;
  std::string text;
  int look_ups = 0;
  /// The outcome of one check; empty when the check is not spoken of.
  [[nodiscard]] std::string line(const std::string& check) const {
    std::size_t at = text.find("\n  " + check + " ");
    if (at == std::string::npos) return {};
    at = text.find_first_not_of(' ', at + 3 + check.size());
    return text.substr(at, text.find('\n', at) - at);
  }
};

Asked ask_whole(const std::string& text, const std::string& name, const std::string& peer, int hour = 12,
                std::uint64_t limit = 0) {
  const World w(text);
  FakeSource source;
  Inquiry inquiry{name, *base::Address::parse(peer), {}, limit};
  inquiry.at.hour = hour;
  const Explanation e = explain(*w.loaded.config, inquiry, source);
  return {e.outcome, e.text, source.asked};
}

/// Of a plain service x with these lines more, which begin on line 9.
Asked ask(const std::string& lines, const std::string& peer = "10.1.2.3", int hour = 12) {
  return ask_whole(service("x", 9000, lines), "x", peer, hour);
}

}  // namespace

TEST_CASE("a service without limits admits, and every check is told in the order of the daemon") {
  const Asked a = ask("");
  CHECK(a.outcome == Outcome::admitted);
  CHECK(a.text ==
        "service x (/etc/xinetd.conf:1:1), peer 10.1.2.3, 12:00\n"
        "  socket          passes: it takes peers of this family\n"
        "  cps             at run time: above 50 requests a second the service closes for 10 s\n"
        "  penalty         none\n"
        "  rate            no limit\n"
        "  per_source_rate no limit\n"
        "  max_load        no limit\n"
        "  access_times    passes: always\n"
        "  instances       no limit\n"
        "  per_source      no limit\n"
        "  -limit          at run time: if the daemon is started with it\n"
        "  queue           none\n"
        "  sensor          at run time: refuses a peer that is banned\n"
        "  only_from       not given\n"
        "  no_access       not given\n"
        "  libwrap         at run time: hosts.allow and hosts.deny, for server\n"
        "  verdict         admitted, as far as can be told before run time\n");
  CHECK(a.look_ups == 0);
}

TEST_CASE("limits that only a running daemon knows are told with their values") {
  const Asked a = ask_whole(
      service("x", 1, "cps = 5 30\nmax_load = 2.5\ninstances = 7\nper_source = 2\nflags = NOLIBWRAP"), "x",
      "::1", 12, 40);
  CHECK(a.outcome == Outcome::admitted);
  CHECK(a.line("cps") == "at run time: above 5 requests a second the service closes for 30 s");
  CHECK(a.line("max_load") == "at run time: refuses while the load is 2.5 or more");
  CHECK(a.line("instances") == "at run time: refuses while 7 servers run");
  CHECK(a.line("per_source") == "at run time: refuses while 2 servers run for this address");
  CHECK(a.line("-limit") == "at run time: refuses while 40 servers of all services run");
  CHECK(a.line("libwrap") == "not consulted: NOLIBWRAP");
  CHECK(ask("cps = 0 1").line("cps") == "no limit");
  const Asked ours = ask("rate = 10/minute\nper_source_rate = 3/hour 5\nqueue = 20 1m\npenalty = exit=10s");
  CHECK(ours.outcome == Outcome::admitted);
  CHECK(ours.line("cps") == "no limit");
  CHECK(ours.line("penalty") == "at run time: refuses this source while its penalties are not over");
  CHECK(ours.line("rate") == "at run time: admits 10/minute 10");
  CHECK(ours.line("per_source_rate") == "at run time: admits 3/hour 5 from this address");
  CHECK(ours.line("queue") == "at run time: up to 20 requests wait for a place, up to 60 s");
}

TEST_CASE("limits of a fleet are told where there are some, and for peers that are counted") {
  const Asked fleet = ask("fleet_per_source = 4\nfleet_rate = 60/minute");
  CHECK(fleet.outcome == Outcome::admitted);
  CHECK(fleet.line("fleet_per_source") == "at run time: refuses while 4 servers run for this address in the fleet");
  CHECK(fleet.line("fleet_rate") == "at run time: the fleet admits 60/minute from this address");
  CHECK(ask("fleet_per_source = UNLIMITED").line("fleet_per_source").empty());
  CHECK(ask("fleet_rate = 1/day\nlimit_exempt = 10.0.0.0/8").line("fleet_rate") == "not counted: limit_exempt");
}

TEST_CASE("the time of day decides") {
  CHECK(ask("access_times = 8:00-18:00").line("access_times") == "passes: 12:00 is within 8:00-18:00");
  const Asked a = ask("access_times = 8:00-18:00 22:00-2:00", "10.1.2.3", 20);
  CHECK(a.outcome == Outcome::refused);
  CHECK(a.line("access_times") == "refuses: 20:00 is outside 8:00-18:00 22:00-2:00");
  CHECK(a.line("verdict") ==
        "refused (time) by access_times = 8:00-18:00 22:00-2:00 (/etc/xinetd.conf:9)");
}

TEST_CASE("limits of zero refuse everybody") {
  CHECK(ask("instances = 0").line("verdict") ==
        "refused (service_limit) by instances = 0 (/etc/xinetd.conf:9)");
  CHECK(ask("per_source = 0").line("verdict").starts_with("refused (per_source_limit) by per_source = 0"));
  CHECK(ask("instances = 0").line("instances") == "refuses: the limit is 0");
  CHECK(ask("instances = 0").outcome == Outcome::refused);
}

TEST_CASE("the element that decides is told as written, with its place") {
  const Asked in = ask("only_from = ::1 10.0.0.0");
  CHECK(in.outcome == Outcome::admitted);
  CHECK(in.line("only_from") == "matches 10.0.0.0 (/etc/xinetd.conf:9:17)");
  CHECK(in.line("verdict") ==
        "admitted by only_from 10.0.0.0 (/etc/xinetd.conf:9:17), as far as can be told before run time");
  const Asked out = ask("no_access = 10.1.2.{3,4}", "::ffff:10.1.2.4");
  CHECK(out.outcome == Outcome::refused);
  CHECK(out.line("verdict") == "refused (address) by no_access 10.1.2.{3,4} (/etc/xinetd.conf:9:13)");
  const Asked none = ask("only_from = 11.0.0.0 12.0.0.0");
  CHECK(none.outcome == Outcome::refused);
  CHECK(none.line("only_from") == "no match");
  CHECK(none.line("verdict") ==
        "refused (address) by only_from, none of whose elements matches (from /etc/xinetd.conf:9:13 on)");
  CHECK(ask("only_from =").line("verdict") == "refused (address) by only_from, which is empty");
}

TEST_CASE("when both lists match, access_policy is told") {
  const Asked both = ask("only_from = 10.1.2.3\nno_access = 10.0.0.0");
  CHECK(both.outcome == Outcome::refused);
  CHECK(both.line("access_policy") == "refuse_both: both lists match");
  const Asked best = ask("only_from = 10.1.2.3\nno_access = 10.0.0.0\naccess_policy = best_match");
  CHECK(best.outcome == Outcome::admitted);
  CHECK(best.line("access_policy") == "best_match: 10.1.2.3 is the more specific one");
  const Asked tie = ask("only_from = 10.1.2.3\nno_access = 10.1.2.3\naccess_policy = best_match");
  CHECK(tie.outcome == Outcome::refused);
  CHECK(tie.line("access_policy") == "best_match: equally specific elements refuse");
  CHECK(ask("only_from = 10.1.2.3").line("access_policy") == "");
}

TEST_CASE("a name is looked up where it decides, and must lead back to its address") {
  const Asked known = ask("only_from = .example.com");
  CHECK(known.outcome == Outcome::admitted);
  CHECK(known.line("name") == "a.example.com");
  CHECK(known.line("only_from") == "matches .example.com (/etc/xinetd.conf:9:13)");
  const Asked pretended = ask("only_from = .example.com", "10.1.2.4");
  CHECK(pretended.outcome == Outcome::refused);
  CHECK(pretended.line("name") == "none that leads back to the address; claimed only: false.example.com");
  CHECK(ask("no_access = .example.com", "10.1.2.4").outcome == Outcome::refused);
  CHECK(ask("no_access = .example.com", "10.9.9.9").outcome == Outcome::admitted);
  const Asked lost = ask("no_access = .example.com", "10.9.9.8");
  CHECK(lost.outcome == Outcome::refused);
  CHECK(lost.line("name") == "the look-up failed");
  CHECK(lost.line("no_access") ==
        "for lack of an answer counts as matched: .example.com (/etc/xinetd.conf:9:13)");
  const Asked not_needed = ask("only_from = 10.1.2.3 .example.com");
  CHECK(not_needed.look_ups == 0);
  CHECK(not_needed.line("name") == "");
  CHECK(ask("no_access = 10.1.2.3\nonly_from = .example.com").line("only_from") ==
        "no address matches; names change nothing");
}

TEST_CASE("a peer of a family that the socket does not have cannot come") {
  const Asked a = ask("flags = IPv4", "::1");
  CHECK(a.outcome == Outcome::refused);
  CHECK(a.line("socket") == "refuses: it has no peers of this family");
  CHECK(a.line("verdict") == "refused by the socket of the service at /etc/xinetd.conf:1:1");
  CHECK(ask("flags = IPv4", "::ffff:10.1.2.3").outcome == Outcome::admitted);
  CHECK(ask("v6only = yes").outcome == Outcome::refused);
}

namespace {
std::string waiting(const std::string& type, const std::string& lines) {
  return entry(
      "x", "type = UNLISTED\nport = 1\nwait = yes\nuser = root\nserver = /bin/server\nsocket_type = " + type +
               "\n" + lines);
}
}  // namespace

TEST_CASE("where the daemon does not know the peer, the lists have no effect") {
  const Asked a = ask_whole(waiting("raw\nprotocol = icmp", "only_from = ::1"), "x", "10.1.2.3");
  CHECK(a.outcome == Outcome::admitted);
  CHECK(a.line("only_from") == "no effect: the daemon does not know the peer");
  CHECK(a.line("verdict") == "admitted, as far as can be told before run time");
}

TEST_CASE("where the server accepts, peers have no names") {
  const auto outcome = [](const std::string& lines) {
    const Asked a = ask_whole(waiting("stream", lines), "x", "10.1.2.3");
    CHECK(a.look_ups == 0);
    return a.outcome;
  };
  CHECK(outcome("only_from = 10.0.0.0/8") == Outcome::admitted);
  CHECK(outcome("only_from = 11.0.0.0/8") == Outcome::refused);
  CHECK(outcome("only_from = .example.com") == Outcome::refused);
  CHECK(outcome("no_access = .example.net") == Outcome::refused);
  CHECK(outcome("only_from = 10.1.2.3\nno_access = .net\naccess_policy = best_match") == Outcome::refused);
  CHECK(ask_whole(waiting("stream", "only_from = .example.com"), "x", "10.1.2.3").line("name") ==
        "not looked for, because the server accepts");
}

TEST_CASE("a sensor serves nobody") {
  const std::string sensor =
      entry("http",
            "flags = SENSOR\nsocket_type = stream\nwait = no\nuser = root\ndeny_time = 5\n"
            "server = /bin/server");
  const Asked a = ask_whole(sensor, "http", "10.1.2.3");
  CHECK(a.outcome == Outcome::refused);
  CHECK(a.line("sensor") == "refuses: this service is a SENSOR, which records and serves nobody");
}

TEST_CASE("a service is found by id or name whatever the case, and all of several are told") {
  const std::string two =
      service("ftp", 1, "id = ftp-in") + service("ftp", 2, "id = ftp-out\nno_access = 10.0.0.0");
  CHECK(ask_whole(two, "FTP-IN", "10.1.2.3").outcome == Outcome::admitted);
  const Asked both = ask_whole(two, "Ftp", "10.1.2.3");
  CHECK(both.outcome == Outcome::refused);
  CHECK(both.text.find("service ftp-in (") < both.text.find("service ftp-out ("));
  CHECK(both.text.find("service ftp-out (") != std::string::npos);
}

TEST_CASE("a service that is not there, and one that is disabled or in error, is told apart") {
  const Asked none = ask_whole(service("x", 1), "y\n", "10.1.2.3");
  CHECK(none.outcome == Outcome::no_such_service);
  CHECK(none.text == "no service is named y\\x0a\n");
  const std::string text = defaults("disabled = z") + service("x", 1, "disable = yes") +
                           service("y", 2, "instances = many") + service("z", 3);
  const auto told = [&](const std::string& id) {
    const Asked a = ask_whole(text, id, "10.1.2.3");
    CHECK(a.outcome == Outcome::no_such_service);
    return a.text;
  };
  CHECK(told("x").ends_with(") is disabled\n"));
  CHECK(told("y").ends_with(") is left out because of an error\n"));
  CHECK(told("z").ends_with(") is disabled by the defaults\n"));
}

TEST_CASE("the name for libwrap follows from the entry") {
  const auto name = [](const std::string& lines) { return ask(lines).line("libwrap").substr(45); };
  CHECK(name("") == "server");
  CHECK(name("libwrap = in.x") == "in.x");
  CHECK(name("flags = NAMEINARGS\nserver_args = /a/named -v") == "named");
}

namespace {

/// The command on a configuration of its own, with what it prints.
class Command {
 public:
  Command() {
    REQUIRE(::mkdtemp(directory_.data()) != nullptr);
    command_.config = directory_ + "/xinetd.conf";
    std::ofstream(command_.config)
        << "service x\n{\ntype = UNLISTED\nport = 9000\nsocket_type = stream\nwait = no\n"
           "user = root\nserver = /bin/sh\nno_access = ::1\naccess_times = 8:00-9:00\n}\n";
  }
  ~Command() { std::filesystem::remove_all(directory_); }
  Command(const Command&) = delete;
  Command& operator=(const Command&) = delete;

  int status(const std::string& name, const std::string& address, std::optional<std::string> time) {
    command_.explain = CommandLine::Explain{name, address, std::move(time)};
    const test::Caught out(1, directory_ + "/out"), errors(2, directory_ + "/errors");
    return explain_access(command_);
  }
  [[nodiscard]] std::string said(const std::string& where) const {
    std::ifstream file(directory_ + "/" + where);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  void lose_configuration() const { std::filesystem::remove(command_.config); }

 private:
  std::string directory_ = std::filesystem::temp_directory_path() / "xsuperd-explain-XXXXXX";
  CommandLine command_;
};

}  // namespace

TEST_CASE("the status of the command is the outcome, and the explanation goes to standard output") {
  Command command;
  CHECK(command.status("x", "10.1.2.3", "8:30") == 0);
  CHECK(command.said("out").starts_with("service x ("));
  CHECK(command.said("errors").empty());
  CHECK(command.status("x", "10.1.2.3", "9:30") == 1);
  CHECK(command.status("x", "::1", "8:30") == 1);
  CHECK(command.status("x", "::1", std::nullopt) == 1);
}

TEST_CASE("words or a configuration of no use end the command with status 2") {
  Command command;
  CHECK(command.status("x", "localhost", std::nullopt) == 2);
  CHECK(command.said("errors") == "xsuperd: 'localhost' is not a valid address\n");
  CHECK(command.status("x", "::1", "24:00") == 2);
  CHECK(command.status("x", "::1", "12:60") == 2);
  CHECK(command.status("y", "10.1.2.3", "8:30") == 2);
  CHECK(command.said("out").empty());
  CHECK(command.said("errors") == "no service is named y\n");
  command.lose_configuration();
  CHECK(command.status("x", "::1", "12:00") == 2);
  CHECK(command.said("errors").find("cannot be used") != std::string::npos);
}
