// SPDX-License-Identifier: MIT
// --explain for peers that have no IP address.
#include <catch2/catch.hpp>

#include "config/fixture.hpp"
#include "xsuperd/cli/explain.hpp"

using namespace xsuperd;
using namespace xsuperd::cli;
using config::test::defaults;
using config::test::entry;
using config::test::World;
using Outcome = Explanation::Outcome;

namespace {

/// Whom nobody may ask.
class NoNames final : public net::NameSource {
 public:
  std::vector<std::string> names_of(const base::Address& address) override {
    FAIL_CHECK("asked for the name of " << address.text());
    return {};
  }
  std::vector<base::Address> addresses_of(const std::string&, base::Address::Family) override { return {}; }
};

struct Asked {
  Outcome outcome = Outcome::no_such_service;
  std::string text;
  /// The outcome of one check; empty when the check is not spoken of.
  [[nodiscard]] std::string line(const std::string& check) const {
    std::size_t at = text.find("\n  " + check + " ");
    if (at == std::string::npos) return {};
    at = text.find_first_not_of(' ', at + 3 + check.size());
    return text.substr(at, text.find('\n', at) - at);
  }
};

constexpr char listening[] = "listen = unix:/run/x tcp:127.0.0.1:9000 vsock:any:99\n";

/// Of a service with these lines more, which begin on line 8.
Asked ask(const std::string& lines, const std::string& peer, const std::optional<std::vector<gid_t>>& groups = {},
          const std::string& before = "") {
  const World w(before + entry("x", "type = UNLISTED\nsocket_type = stream\nwait = no\nuser = root\nserver = /bin/server\n" + lines));
  REQUIRE(w.up("x"));
  NoNames names;
  Inquiry inquiry{"x", base::parse_peer(peer).value(), {}, 0, groups};
  inquiry.at.hour = 12;
  const Explanation e = explain(*w.loaded.config, inquiry, names);
  return {e.outcome, e.text};
}

Asked asked(const std::string& lines, const std::string& peer = "unix:uid=1000",
            const std::optional<std::vector<gid_t>>& groups = {}) {
  return ask(listening + lines, peer, groups);
}

}  // namespace

TEST_CASE("a user who is in only_uid is told to be admitted by it, check by check") {
  const Asked a = asked("only_uid = 1000\nno_access = .example.com", "unix:uid=1000,pid=42");
  CHECK(a.outcome == Outcome::admitted);
  CHECK(a.text ==
        "service x (/etc/xinetd.conf:1:1), peer unix:uid=1000,pid=42, 12:00\n"
        "  socket          passes: it has a UNIX socket\n"
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
        "  only_uid        passes: uid 1000 is in only_uid\n"
        "  only_gid        not given\n"
        "  only_from       not given\n"
        "  no_access       no effect: UNIX peers match no address\n"
        "  libwrap         not consulted: hosts.allow and hosts.deny say nothing of UNIX peers\n"
        "  verdict         admitted by only_uid = 1000 (/etc/xinetd.conf:9), as far as can be told before run time\n");
}

TEST_CASE("a user who is not in only_uid is told which line decides") {
  const Asked a = asked("only_uid = 0", "unix:uid=1000");
  CHECK(a.outcome == Outcome::refused);
  CHECK(a.line("only_uid") == "refuses: uid 1000 is not in only_uid");
  CHECK(a.line("verdict") == "refused (address) by only_uid = 0 (/etc/xinetd.conf:9): uid 1000 is not in only_uid");
  const Asked of_defaults = ask(listening, "unix:uid=1000", {}, defaults("only_uid = 0"));
  CHECK(of_defaults.line("verdict") ==
        "refused (address) by only_uid = 0 (defaults, /etc/xinetd.conf:3): uid 1000 is not in only_uid");
}

TEST_CASE("only_from without users keeps out everybody over a UNIX socket, and is told so") {
  const Asked a = asked("only_from = 0.0.0.0 .example.com");
  CHECK(a.outcome == Outcome::refused);
  CHECK(a.line("only_from") ==
        "refuses: UNIX peers match no address; with only_from and without only_uid and only_gid they are refused");
  CHECK(a.line("verdict").starts_with("refused (address) by only_from = 0.0.0.0/0 .example.com (/etc/xinetd.conf:9): UNIX peers"));
  const Asked with = asked("only_from = 0.0.0.0\nonly_uid = 1000");
  CHECK(with.outcome == Outcome::admitted);
  CHECK(with.line("only_from") == "no effect: UNIX peers match no address");
}

TEST_CASE("of only_gid the groups of the user tell, or nobody can") {
  const Asked in = asked("only_gid = 4\nonly_uid = 1000", "unix:uid=1000", {{100, 4}});
  CHECK(in.outcome == Outcome::admitted);
  CHECK(in.line("only_gid") == "passes: one of the groups that the group database has for uid 1000 is in only_gid");
  CHECK(in.line("verdict").starts_with("admitted by only_uid = 1000 (/etc/xinetd.conf:10) and only_gid = 4 (/etc/xinetd.conf:9)"));
  const Asked out = asked("only_gid = 4", "unix:uid=1000", {{100}});
  CHECK(out.outcome == Outcome::refused);
  CHECK(out.line("verdict") == "refused (address) by only_gid = 4 (/etc/xinetd.conf:9): no group of uid 1000 is in only_gid");
  const Asked unknown = asked("only_gid = 4");
  CHECK(unknown.outcome == Outcome::refused);
  CHECK(unknown.line("only_gid") == "at run time: refuses processes that have none of these groups");
  CHECK(unknown.line("verdict") == "cannot be told: by only_gid = 4 (/etc/xinetd.conf:9), the groups of the process decide");
  // Where something else decides, they are of no weight.
  CHECK(asked("only_gid = 4\nonly_uid = 0").line("verdict").starts_with("refused (address) by only_uid"));
}

TEST_CASE("virtual machines are asked for by their context id") {
  CHECK(asked("only_cid = 3", "vsock:3").outcome == Outcome::admitted);
  const Asked a = asked("only_cid = 4", "vsock:3");
  CHECK(a.outcome == Outcome::refused);
  CHECK(a.line("only_cid") == "refuses: cid 3 is not in only_cid");
  CHECK(a.line("only_uid").empty());
  CHECK(asked("only_from = ::1", "vsock:3").line("verdict").ends_with("with only_from and without only_cid they are refused"));
}

TEST_CASE("whether such a peer can come at all is told first") {
  const Asked none = ask("listen = tcp:127.0.0.1:9000", "unix:uid=0");
  CHECK(none.outcome == Outcome::refused);
  CHECK(none.line("socket") == "refuses: it has no UNIX socket");
  CHECK(none.line("verdict") == "refused: the service at /etc/xinetd.conf:1:1 has no UNIX socket");
  CHECK(ask("listen = unix:/run/x", "vsock:3").line("socket") == "refuses: it has no vsock socket");
  const Asked given = ask("listen = fd:web", "unix:uid=0");
  CHECK(given.outcome == Outcome::admitted);
  CHECK(given.line("socket") == "passes if what the service manager gives it is a UNIX socket");
}

TEST_CASE("users say nothing about a peer over IP") {
  const Asked a = asked("only_uid = 0\nonly_cid = 3", "127.0.0.1");
  CHECK(a.outcome == Outcome::admitted);
  CHECK(a.line("only_uid").empty());
  CHECK(ask("listen = unix:/run/x", "127.0.0.1").outcome == Outcome::refused);
}

TEST_CASE("a limit for a source names what is counted") {
  CHECK(asked("per_source = 2").line("per_source") == "at run time: refuses while 2 servers run for this user");
  CHECK(asked("per_source = 2", "vsock:3").line("per_source") == "at run time: refuses while 2 servers run for this virtual machine");
}
