// SPDX-License-Identifier: MIT
#include "xsuperd/config/confinement.hpp"

#include <linux/capability.h>

#include <catch2/catch.hpp>

#include "config/fixture.hpp"

// What a server may do: values, the sandbox, and the rules between them.
using namespace xsuperd::config;
using namespace xsuperd::config::test;

namespace {

using Base = SystemCalls::Base;

/// Of the service x with these lines, and a user who is not root unless they say so.
Confinement confined(const std::string& lines, const std::string& user = "nobody") {
  const std::string rest = "type = UNLISTED\nport = 9000\nsocket_type = stream\nwait = no\nserver = /bin/server\nuser = " + user + "\n";
  return confinement_of(World(entry("x", rest + lines)).at("x"));
}
bool refused(const std::string& lines, const std::string& sentence) {
  const World w = with(lines);
  return w.refused("x") && w.said(sentence);
}
std::string hint(const std::string& lines, const std::string& sentence) { return with(lines).finding(sentence)->suggestion; }
constexpr std::uint64_t bit(unsigned number) { return std::uint64_t{1} << number; }

constexpr char echo[] = "type = INTERNAL\nsocket_type = stream\nwait = no\n";
constexpr char relay[] = "type = UNLISTED\nport = 9\nsocket_type = stream\nwait = no\nuser = nobody\nredirect = 127.0.0.1 80\n";

}  // namespace

TEST_CASE("the limits that xinetd does not have take what its own take") {
  for (const std::string name : {"core", "fsize", "memlock", "msgqueue"}) {
    const std::string limit = "rlimit_" + name;
    CHECK(value(limit, limit + " = 8M") == "8388608");
    CHECK(value(limit, limit + " = 0") == "0");
    CHECK(value(limit, limit + " = unlimited") == "UNLIMITED");
    CHECK(value(limit, limit + " = 8G") == "refused");
  }
  for (const std::string name : {"locks", "nice", "nproc", "rtprio", "rttime", "sigpending"}) {
    const std::string limit = "rlimit_" + name;
    CHECK(value(limit, limit + " = 8") == "8");
    CHECK(value(limit, limit + " = UNLIMITED") == "UNLIMITED");
    CHECK(value(limit, limit + " = 8K") == "refused");
    CHECK(value(limit, limit + " = -1") == "refused");
  }
  CHECK(refused("rlimit_core = x", "Core file limit is invalid: x"));
  CHECK(refused("rlimit_nproc = x", "Process limit is invalid: x"));
}

TEST_CASE("capabilities are known by the kernel's names and numbers") {
  CHECK(find_capability("CAP_CHOWN") == unsigned{CAP_CHOWN});
  CHECK(find_capability("net_bind_service") == unsigned{CAP_NET_BIND_SERVICE});
  CHECK(find_capability("Cap_Sys_Admin") == unsigned{CAP_SYS_ADMIN});
  CHECK(find_capability("AUDIT_READ") == unsigned{CAP_AUDIT_READ});
  CHECK(find_capability("CAP_CHECKPOINT_RESTORE") == unsigned{CAP_CHECKPOINT_RESTORE});
  CHECK_FALSE(find_capability("CAP_"));
  CHECK_FALSE(find_capability(""));
  CHECK_FALSE(find_capability("BIND"));
}

TEST_CASE("capabilities are none, all, some or all but some") {
  CHECK(value("capabilities", "capabilities = none") == "none");
  CHECK(value("capabilities", "capabilities = ALL") == "all");
  CHECK(value("capabilities", "capabilities = net_bind_service CAP_CHOWN") == "CAP_CHOWN CAP_NET_BIND_SERVICE");
  CHECK(value("capabilities", "capabilities = ~sys_admin ~CAP_BPF") == "~CAP_SYS_ADMIN ~CAP_BPF");
  CHECK(refused("capabilities = CAP_NET_BIND", "'CAP_NET_BIND' is not a capability"));
  CHECK(hint("capabilities = CAP_CHWN", "is not a capability") == "did you mean 'CAP_CHOWN'?");
  CHECK(refused("capabilities = CAP_CHOWN ~CAP_BPF", "either those that stay or those that go: ~CAP_BPF"));
  CHECK(hint("capabilities = xyzzy", "is not a capability") == "capabilities(7) lists them");
  CHECK(hint("capabilities = none CAP_CHOWN", "is not a capability") == "'none' stands alone, behind '='");
  CHECK(refused("capabilities = none CAP_CHOWN", "'none' is not a capability"));
  CHECK(refused("capabilities =", "expects at least 1 value"));
}

TEST_CASE("capabilities can be added and taken away") {
  const auto both = [](const std::string& first, const std::string& second) {
    return value("capabilities", "capabilities " + first + "\ncapabilities " + second);
  };
  CHECK(both("= CHOWN", "+= KILL") == "CAP_CHOWN CAP_KILL");
  CHECK(both("= CHOWN KILL", "-= CHOWN") == "CAP_KILL");
  CHECK(both("= CHOWN", "-= CHOWN") == "none");
  CHECK(both("= all", "-= CHOWN") == "~CAP_CHOWN");
  CHECK(both("= ~CHOWN", "+= CHOWN") == "all");
  CHECK(both("= none", "+= KILL") == "CAP_KILL");
  CHECK(both("= CHOWN", "= KILL") == "CAP_KILL");
  CHECK(value("capabilities", "capabilities += KILL") == "CAP_KILL");
  CHECK(refused("capabilities -= KILL", "there are no capabilities to take away from"));
  CHECK(refused("capabilities += ~KILL", "~ goes with '=' only"));
  CHECK(refused("capabilities += all", "'all' is not a capability"));
  const World w(defaults("capabilities = CHOWN") + service("x", 1, "capabilities += KILL") + service("y", 2));
  CHECK(w.at("x").settings.capabilities->bits == (bit(CAP_CHOWN) | bit(CAP_KILL)));
  CHECK(w.at("y").settings.capabilities->bits == bit(CAP_CHOWN));
}

TEST_CASE("system_calls is a set and what is taken from it") {
  CHECK(value("system_calls", "system_calls = @service") == "@service");
  CHECK(value("system_calls", "system_calls = @STRICT ~ptrace ~mount ~ptrace") == "@strict ~mount ~ptrace");
  CHECK(value("system_calls", "system_calls = ~mount") == "~mount");
  CHECK(value("system_calls", "system_calls = all ~mount") == "~mount");
  CHECK(value("system_calls", "system_calls = all") == "all");
  CHECK(refused("system_calls = @servce", "Bad system call set: @servce"));
  CHECK(refused("system_calls = @service @strict", "@strict is not the first word of system_calls"));
  CHECK(refused("system_calls = @service ~ptrce", "'ptrce' is not a system call"));
  CHECK(refused("system_calls = ~", "'' is not a system call"));
  CHECK(refused("system_calls = mount", "system_calls cannot add mount"));
  for (const std::string name : {"execve", "exit", "exit_group", "rt_sigreturn"})
    CHECK(refused("system_calls = ~" + name, "no server runs without the system call '" + name + "'"));
  CHECK(refused("system_calls += ~mount", "operator '+=' cannot be used for attribute 'system_calls'"));
  CHECK(value("system_call_action", "system_call_action = KILL") == "kill");
  CHECK(refused("system_call_action = log", "Bad system call action: log"));
}

TEST_CASE("tcp_connect is any, none, or ports by number and name") {
  CHECK(value("tcp_connect", "tcp_connect = ANY") == "any");
  CHECK(value("tcp_connect", "tcp_connect = none") == "none");
  CHECK(value("tcp_connect", "tcp_connect = 443 53 http 443") == "53 80 443");
  for (const std::string bad : {"0", "65536", "nosuch", "none 53", "53 any", "-1"}) CHECK(value("tcp_connect", "tcp_connect = " + bad) == "refused");
}

TEST_CASE("a box has room for so many paths, and for no more") {
  const auto paths = [](std::size_t count) {
    std::string lines;
    for (std::size_t i = 0; i < count; ++i) lines += "inaccessible_paths += /srv/" + std::string(95, 'x') + std::to_string(i) + "\n";
    return lines;
  };
  CHECK_FALSE(with(paths(400)).refused("x"));
  const World w = with(paths(600));
  CHECK(w.refused("x"));
  CHECK(w.said("at most 50000 are possible"));
}

TEST_CASE("without attributes nothing is confined") { CHECK(confined("") == Confinement{}); }

TEST_CASE("basic is no new privileges, no capabilities unless the user is root, and @service") {
  const Confinement c = confined("sandbox = basic");
  CHECK(c.no_new_privileges);
  CHECK(c.capabilities == CapabilitySet{false, 0});
  CHECK(c.calls == SystemCalls{Base::service, {}});
  CHECK(c.action == CallAction::error);
  CHECK(c.connect.any);
  const Confinement root = confined("sandbox = basic", "root");
  CHECK(root.no_new_privileges);
  CHECK(root.capabilities.is_all());
  CHECK(root.calls == c.calls);
  CHECK(confined("sandbox = none") == Confinement{});
}

TEST_CASE("a sandbox that is none is refused") {
  CHECK(refused("sandbox = basik", "Bad sandbox: basik"));
  CHECK(hint("sandbox = basik", "Bad sandbox: basik") == "did you mean 'basic'?");
}

TEST_CASE("single attributes hold over the sandbox, wherever they are written") {
  CHECK(confined("sandbox = basic\ncapabilities = all").capabilities.is_all());
  CHECK(confined("sandbox = basic\ncapabilities = CHOWN").capabilities.bits == bit(CAP_CHOWN));
  CHECK(confined("sandbox = basic\nsystem_calls = @strict").calls.base == Base::strict);
  CHECK(confined("sandbox = basic\nsystem_calls = all").no_new_privileges);
  const Confinement c = confined("sandbox = basic\nsystem_calls = all\nno_new_privileges = no");
  CHECK_FALSE(c.no_new_privileges);
  CHECK(c.capabilities == CapabilitySet{false, 0});
  const World w(defaults("sandbox = basic\nsystem_calls = @strict") + service("x", 1) + service("y", 2, "sandbox = none"));
  CHECK(confinement_of(w.at("x")).calls.base == Base::strict);
  CHECK(confinement_of(w.at("y")).calls.base == Base::strict);
}

TEST_CASE("what system_calls and tcp_connect restrict takes new privileges with it") {
  for (const std::string line : {"system_calls = @service", "system_calls = ~mount", "tcp_connect = none", "tcp_connect = 53"}) {
    INFO(line);
    CHECK(confined(line).no_new_privileges);
    CHECK(refused(line + "\nno_new_privileges = no", "no_new_privileges cannot be no where"));
    const World w(defaults("no_new_privileges = no") + service("x", 1, line));
    CHECK(confinement_of(w.at("x")).no_new_privileges);
  }
  CHECK(refused("sandbox = basic\nno_new_privileges = no", "no_new_privileges cannot be no where"));
  CHECK_FALSE(confined("capabilities = none\ntcp_connect = any\nsystem_calls = all\nsystem_call_action = kill").no_new_privileges);
}

TEST_CASE("what confines programs is an error in an entry that starts none, and means nothing there in the defaults") {
  const std::vector<std::string> inheritable{"sandbox = basic", "no_new_privileges = yes", "capabilities = none", "system_calls = @service",
                                             "system_call_action = kill", "tcp_connect = none"};
  for (const std::string& line : inheritable) {
    INFO(line);
    const std::string said = line.substr(0, line.find(' ')) + " confines programs, and it starts none";
    for (const std::string& none : {entry("echo", echo + line), entry("http", "type = INTERNAL\nflags = SENSOR\nsocket_type = stream\nwait = no\n" + line),
                                    entry("tcpmux", "type = INTERNAL UNLISTED\nport = 1\nsocket_type = stream\nwait = no\n" + line), entry("x", relay + line)})
      CHECK(World(none).said(said));
    const World w(defaults(line) + entry("echo", echo) + entry("x", relay));
    CHECK(confinement_of(w.at("echo")) == Confinement{});
    CHECK(confinement_of(w.at("x")) == Confinement{});
  }
  for (const std::string name : {"core", "fsize", "locks", "memlock", "msgqueue", "nice", "nproc", "rtprio", "rttime", "sigpending"})
    CHECK(World(entry("echo", echo + ("rlimit_" + name + " = 1"))).said("rlimit_" + name + " confines programs"));
}

TEST_CASE("servers that wait, and those that are reached through tcpmux, are confined like any other") {
  const std::string rest = "user = nobody\nserver = /bin/server\nsandbox = basic\n";
  const World w(entry("waits", "type = UNLISTED\nport = 9\nsocket_type = stream\nwait = yes\n" + rest) +
                entry("behind", "type = TCPMUX UNLISTED\nsocket_type = stream\nwait = no\n" + rest));
  CHECK(confinement_of(w.at("waits")).calls.base == Base::service);
  CHECK(confinement_of(w.at("behind")).calls.base == Base::service);
}

TEST_CASE("where filters cannot be had, the services that want one are not opened") {
  using Filters = Abilities::Filters;
  const World w(service("a", 1, "system_calls = @service") + service("b", 2, "sandbox = basic") + service("c", 3));
  const auto able = [](Filters filters) { return Abilities{.filters = [filters] { return filters; }}; };
  CHECK(not_in_effect(*w.loaded.config, able(Filters::not_built)) ==
        std::vector<std::string>{"system_calls: built without libseccomp, so they are not opened (a b)"});
  CHECK(not_in_effect(*w.loaded.config, able(Filters::not_loaded)) ==
        std::vector<std::string>{"system_calls: libseccomp cannot be loaded, so they are not opened (a b)"});
  CHECK(hindrance(w.at("a"), able(Filters::not_built)) == "system_calls, and xsuperd was built without libseccomp");
  CHECK(hindrance(w.at("b"), able(Filters::not_loaded)) == "system_calls, and libseccomp cannot be loaded");
  for (const Filters any : {Filters::not_built, Filters::not_loaded, Filters::not_in_kernel}) CHECK(hindrance(w.at("c"), able(any)).empty());
  CHECK(hindered(*w.loaded.config, able(Filters::not_built)).empty());
  const auto found = hindered(*w.loaded.config, able(Filters::not_in_kernel));
  REQUIRE(found.size() == 2);
  CHECK(found[1].sentence == "Service b is not opened: system_calls, and this kernel has no filters for them (seccomp)");
}

TEST_CASE("a kernel without rules for connections is an error for each service that limits them") {
  const Abilities no_kernel{.connects = [] { return Abilities::Connects::not_in_kernel; }};
  const World w(service("a", 1, "tcp_connect = 53") + service("b", 2, "tcp_connect = any") + service("c", 3));
  CHECK(not_in_effect(*w.loaded.config, no_kernel).empty());
  const auto found = hindered(*w.loaded.config, no_kernel);
  REQUIRE(found.size() == 1);
  CHECK(found[0].place == w.at("a").place);
  CHECK(found[0].sentence == "Service a is not opened: tcp_connect, and this kernel has no Landlock rules for TCP (Linux 6.7)");
  CHECK(hindrance(w.at("b"), no_kernel).empty());
}

TEST_CASE("neither the kernel nor a library is asked about confinement that no service wants") {
  int asked = 0;
  const Abilities counting{.filters = [&] { return ++asked, Abilities::Filters::usable; }, .connects = [&] { return ++asked, Abilities::Connects::usable; }};
  const World w(service("a", 1, "capabilities = none\nno_new_privileges = yes") + entry("echo", echo));
  CHECK(not_in_effect(*w.loaded.config, counting).empty());
  CHECK(hindered(*w.loaded.config, counting).empty());
  CHECK(hindrance(w.at("a"), counting).empty());
  CHECK(asked == 0);
}
