// SPDX-License-Identifier: MIT
#include <algorithm>
#include <set>

#include "box/call_sets.hpp"
#include "convert/box_words.hpp"
#include "convert/call_groups.hpp"
#include "convert/fixture.hpp"
#include "xsuperd/base/text.hpp"
#include "xsuperd/config/attribute.hpp"

// What confines a server, from systemd and to it.
using namespace xsuperd;
using namespace xsuperd::convert;
using namespace xsuperd::convert::test;

namespace {

const std::string server = "StandardInput=socket\nExecStart=/bin/server\n";

/// Names of all calls that the groups and our sets have.
World world_of_calls() {
  World w = config::test::inetd_world();
  for (const std::string_view name : box::needless_calls()) w.names.system_calls.emplace_back(name);
  for (const std::string& name : left_by_service()) w.names.system_calls.push_back(name);
  for (const char* name : {"setuid", "setgid", "chown", "nice", "capset", "read"}) w.names.system_calls.emplace_back(name);
  return w;
}

Conversion entry_of(const std::string& lines) {
  World w = world_of_calls();
  w.files.texts["/u/x.socket"] = "[Socket]\nAccept=yes\nListenStream=9000\n";
  w.files.texts["/u/x@.service"] = "[Service]\n" + server + lines;
  w.files.texts["/etc/passwd"] = "alice:x:1000:1000::/home/alice:/bin/sh\n";
  return systemd_to_xinetd({"/u/x.socket"}, w.files, w.names);
}

/// The values of an attribute in an entry; "-" where it is not given.
std::string values(const std::string& entry, const std::string& attribute) {
  config::Diagnostics ignored;
  for (const config::Entry& one : config::parse(entry, "x", ignored).entries)
    for (const config::Assignment& line : one.assignments)
      if (line.name == attribute) {
        std::string all;
        for (const config::Value& value : line.values) all += (all.empty() ? "" : " ") + value.text;
        return all;
      }
  return "-";
}
bool off(const Conversion& c) { return has_line(text(c, "x"), "\tdisable         = yes"); }

struct Row {
  const char* lines;
  const char* attribute;
  const char* values;
};
constexpr Row rows[]{
    {"NoNewPrivileges=yes", "no_new_privileges", "yes"},
    // what stands for several things
    {"DynamicUser=yes", "dynamic_user", "yes"},
    {"DynamicUser=yes", "user", "nobody"},
    {"DynamicUser=yes", "read_only_paths", "/"},
    {"DynamicUser=yes", "private_tmp", "yes"},
    {"DynamicUser=yes\nPrivateTmp=yes", "private_tmp", "yes"},
    {"DynamicUser=yes", "private_ipc", "yes"},
    {"DynamicUser=yes", "no_new_privileges", "yes"},
    {"DynamicUser=yes\nUser=alice", "user", "alice"},
    {"DynamicUser=yes\nUser=alice", "dynamic_user", "-"},
    {"DynamicUser=yes\nUser=alice", "read_only_paths", "/"},
    {"DynamicUser=no", "dynamic_user", "-"},
    {"PrivateUsers=yes\nUser=alice", "user_namespace", "yes"},
    {"PrivateUsers=yes\nUser=alice", "dynamic_user", "-"},
    {"PrivateUsers=yes", "dynamic_user", "yes"},
    {"PrivateUsers=yes", "user", "root"},
    {"PrivateUsers=no", "user_namespace", "-"},
    {"ProtectSystem=yes", "read_only_paths", "/usr"},
    {"ProtectSystem=full", "read_only_paths", "/usr /etc"},
    {"ProtectSystem=full\nRootDirectory=/srv", "read_only_paths", "/"},
    {"ProtectSystem=strict\nReadOnlyPaths=/srv", "read_only_paths", "/srv /"},
    {"ProtectSystem=full\nDynamicUser=yes", "read_only_paths", "/"},
    {"ProtectSystem=no", "read_only_paths", "-"},
    {"ProtectHome=yes", "inaccessible_paths", "/home /root /run/user"},
    {"ProtectHome=yes\nInaccessiblePaths=-/root /x", "inaccessible_paths", "/root /x /home /run/user"},
    {"ProtectHome=tmpfs", "inaccessible_paths", "/home /root /run/user"},
    {"ProtectHome=read-only\nProtectSystem=strict", "read_only_paths", "/"},
    {"ProtectHome=no", "inaccessible_paths", "-"},
    {"NoNewPrivileges=no", "no_new_privileges", "-"},
    // root has what the bounding set leaves
    {"CapabilityBoundingSet=CAP_CHOWN CAP_KILL", "capabilities", "CAP_CHOWN CAP_KILL"},
    {"CapabilityBoundingSet=", "capabilities", "none"},
    {"CapabilityBoundingSet=~", "capabilities", "-"},
    {"CapabilityBoundingSet=CAP_CHOWN\nCapabilityBoundingSet=CAP_KILL", "capabilities", "CAP_CHOWN CAP_KILL"},
    {"CapabilityBoundingSet=CAP_CHOWN CAP_KILL\nCapabilityBoundingSet=~CAP_KILL", "capabilities", "CAP_CHOWN"},
    {"CapabilityBoundingSet=CAP_CHOWN\nCapabilityBoundingSet=\nCapabilityBoundingSet=CAP_KILL", "capabilities", "CAP_KILL"},
    {"AmbientCapabilities=CAP_KILL", "capabilities", "-"},
    // another user has what it was given, and no more
    {"User=nobody\nAmbientCapabilities=CAP_KILL", "capabilities", "CAP_KILL"},
    {"User=nobody\nCapabilityBoundingSet=CAP_KILL\nAmbientCapabilities=CAP_KILL", "capabilities", "CAP_KILL"},
    {"User=nobody\nCapabilityBoundingSet=~CAP_KILL", "capabilities", "~CAP_KILL"},
    {"User=nobody\nCapabilityBoundingSet=", "capabilities", "none"},
    {"User=nobody\nNoNewPrivileges=yes\nCapabilityBoundingSet=CAP_KILL", "capabilities", "none"},
    {"User=nobody\nNoNewPrivileges=yes", "capabilities", "-"},
    // calls
    {"SystemCallFilter=~ptrace bpf", "system_calls", "~bpf ~ptrace"},
    {"SystemCallFilter=~@keyring\nSystemCallFilter=~ptrace", "system_calls", "~add_key ~keyctl ~ptrace ~request_key"},
    {"SystemCallFilter=~ptrace bpf\nSystemCallFilter=bpf", "system_calls", "~ptrace"},
    {"SystemCallFilter=~ptrace\nSystemCallFilter=\nSystemCallFilter=~bpf", "system_calls", "~bpf"},
    {"SystemCallFilter=~", "system_calls", "-"},
    {"SystemCallFilter=@system-service\nSystemCallFilter=", "system_calls", "-"},
    {"SystemCallFilter=~ptrace", "system_call_action", "kill"},
    {"SystemCallFilter=~ptrace\nSystemCallErrorNumber=kill", "system_call_action", "kill"},
    {"SystemCallFilter=~ptrace\nSystemCallErrorNumber=EPERM", "system_call_action", "-"},
    {"SystemCallFilter=~ptrace\nSystemCallErrorNumber=ENOSYS", "system_call_action", "-"},
    // limits
    {"LimitCORE=0", "rlimit_core", "0"},
    {"LimitCORE=infinity", "rlimit_core", "UNLIMITED"},
    {"LimitFSIZE=1M", "rlimit_fsize", "1048576"},
    {"LimitLOCKS=3", "rlimit_locks", "3"},
    {"LimitMEMLOCK=64K:1M", "rlimit_memlock", "65536"},
    {"LimitMSGQUEUE=0", "rlimit_msgqueue", "0"},
    {"LimitNICE=20", "rlimit_nice", "20"},
    {"LimitNICE=-5", "rlimit_nice", "25"},
    {"LimitNICE=+5", "rlimit_nice", "15"},
    {"LimitNPROC=32", "rlimit_nproc", "32"},
    {"LimitRTPRIO=0", "rlimit_rtprio", "0"},
    {"LimitRTTIME=200000", "rlimit_rttime", "200000"},
    {"LimitRTTIME=200ms", "rlimit_rttime", "200000"},
    {"LimitSIGPENDING=9", "rlimit_sigpending", "9"},
};

std::set<std::string> needless() {
  std::set<std::string> all;
  for (const std::string_view name : box::needless_calls()) all.emplace(name);
  return all;
}

struct Written {
  const char* lines;
  const char* expected;  ///< lines of the unit, or "!LINE" for one that must not be there
};
constexpr Written written[]{
    {"no_new_privileges = yes", "NoNewPrivileges=yes"},
    {"no_new_privileges = no", "NoNewPrivileges=no"},
    {"system_calls = ~ptrace", "NoNewPrivileges=yes"},
    {"capabilities = none", "CapabilityBoundingSet="},
    {"capabilities = CAP_KILL", "CapabilityBoundingSet=CAP_KILL"},
    {"capabilities = CAP_KILL", "!AmbientCapabilities=CAP_KILL"},
    {"capabilities = ~CAP_KILL", "CapabilityBoundingSet=~CAP_KILL"},
    {"capabilities = all", "!CapabilityBoundingSet="},
    {"system_calls = ~ptrace ~bpf", "SystemCallFilter=~bpf ptrace"},
    {"system_calls = ~ptrace", "SystemCallErrorNumber=EPERM"},
    {"system_calls = ~ptrace", "SystemCallArchitectures=native"},
    {"system_calls = ~ptrace\nsystem_call_action = kill", "!SystemCallErrorNumber=EPERM"},
    {"system_calls = ~ptrace", "!SystemCallFilter=@system-service"},
    {"system_calls = @service", "SystemCallFilter=@system-service"},
    {"system_calls = @service ~mount", "SystemCallFilter=~mount"},
    {"system_calls = @service", "RestrictNamespaces=yes"},
    {"system_calls = @service", "LockPersonality=yes"},
    {"sandbox = basic", "SystemCallFilter=@system-service"},
    {"sandbox = basic", "NoNewPrivileges=yes"},
    {"sandbox = basic\nsystem_calls = all\nno_new_privileges = no", "!SystemCallFilter=@system-service"},
    {"rlimit_nproc = 9", "LimitNPROC=9"},
    {"dynamic_user = yes", "DynamicUser=yes"},
    {"dynamic_user = yes\ngroups = yes", "!User=root"},
    {"dynamic_user = yes\nuser_namespace = yes", "PrivateUsers=yes"},
    {"dynamic_user = yes\nuser_namespace = yes", "NoNewPrivileges=yes"},
    {"dynamic_user = yes\nuser_namespace = no", "!PrivateUsers=yes"},
    {"inaccessible_paths = /b /a", "InaccessiblePaths=-/a -/b"},
};

std::string unit(const std::string& lines, const std::string& user = "root") {
  World w = world_of_calls();
  const std::string entry = "type = UNLISTED\nport = 9000\nsocket_type = stream\nwait = no\nserver = /bin/server\nuser = ";
  return text(units_of(w, config::test::entry("x", entry + user + "\n" + lines)), "x@.service");
}

}  // namespace

TEST_CASE("what systemd.exec says of privileges, capabilities, calls and limits becomes attributes") {
  for (const Row& row : rows) {
    const Conversion c = entry_of(std::string(row.lines) + "\n");
    INFO(row.lines << "\n" << text(c, "x") << report(c));
    CHECK(values(text(c, "x"), row.attribute) == row.values);
    CHECK(off(c) == (std::string_view(row.lines).find("RootDirectory=") != std::string_view::npos));
  }
}

TEST_CASE("@system-service becomes @service without what that leaves, and it is said that they differ") {
  const Conversion c = entry_of("SystemCallFilter=@system-service\n");
  INFO(text(c, "x") << report(c));
  CHECK_FALSE(off(c));
  const std::string calls = values(text(c, "x"), "system_calls");
  CHECK(calls.starts_with("@service ~"));
  for (const std::string& name : left_by_service()) CHECK((" " + calls + " ").find(" ~" + name + " ") != std::string::npos);
  CHECK(reported(c, "g /u/x@.service:4 system_calls: @service says what is denied, @system-service what is allowed"));
  CHECK(reported(c, "n /u/x@.service:4 system_calls: here, a server whose system calls are restricted has no_new_privileges = yes"));
  const std::string less = values(text(entry_of("SystemCallFilter=@system-service\nSystemCallFilter=~@mount @setuid\n"), "x"), "system_calls");
  CHECK(less.find("~setuid") != std::string::npos);
  CHECK(less.find("~pivot_root") == std::string::npos);
  // Of groups within a group, too, only what @system-service has is taken off it.
  const std::string privileged = values(text(entry_of("SystemCallFilter=@system-service\nSystemCallFilter=~@privileged\n"), "x"), "system_calls");
  CHECK(privileged.find("~setuid") != std::string::npos);
  CHECK(privileged.find("~swapon") == std::string::npos);
  const std::string more = values(text(entry_of("SystemCallFilter=@system-service chroot @file-system\n"), "x"), "system_calls");
  CHECK(more.find("~chroot") == std::string::npos);
  CHECK(more.find("~mincore") != std::string::npos);
}

TEST_CASE("the difference between @system-service and @service is what it is taken for") {
  const std::set<std::string> taken = needless();
  const std::set<std::string> left = left_by_service();
  for (const std::string& name : left) {
    INFO(name);
    CHECK_FALSE(taken.contains(name));
  }
  for (const std::string_view word : base::split_words(taken_by_service())) {
    const auto calls = word.starts_with('@') ? calls_of_group(word) : std::set<std::string>{std::string(word)};
    REQUIRE(calls);
    for (const std::string& name : *calls) {
      INFO(name);
      CHECK(taken.contains(name));
    }
  }
  for (const char* group : {"@clock", "@cpu-emulation", "@debug", "@module", "@mount", "@obsolete", "@pkey", "@raw-io", "@reboot", "@swap"}) {
    REQUIRE(is_outside_system_service(group));
    const auto calls = calls_of_group(group);
    REQUIRE(calls);
    for (const std::string& name : *calls) {
      INFO(group << " " << name);
      CHECK((taken.contains(name) || left.contains(name)));
    }
  }
  CHECK_FALSE(is_outside_system_service("@setuid"));
  CHECK(calls_of_group("@privileged")->contains("swapon"));
  CHECK_FALSE(calls_of_group("@of-later"));
}

TEST_CASE("two values of a limit become one, and it is said") {
  CHECK(reported(entry_of("LimitCORE=1K:2K\n"), "g /u/x@.service:4 LimitCORE=1K:2K: rlimit_core is one value, the first of these"));
  CHECK_FALSE(entry_of("LimitCORE=1K:1K\n").has(Weight::loss));
  CHECK(off(entry_of("LimitCORE=1K:lots\n")));
}

TEST_CASE("a server of another user never gets more capabilities than under systemd") {
  const Conversion c = entry_of("User=nobody\nCapabilityBoundingSet=CAP_KILL CAP_CHOWN\n");
  const std::string set = values(text(c, "x"), "capabilities");
  CHECK(set.starts_with("~"));
  CHECK((" " + set + " ").find(" ~CAP_KILL ") == std::string::npos);
  CHECK((" " + set + " ").find(" ~CAP_SYS_ADMIN ") != std::string::npos);
  CHECK(reported(entry_of("User=nobody\nAmbientCapabilities=CAP_KILL\n"),
                 "n /u/x@.service:5 capabilities: here, programs that are set-user-ID or have capabilities gain no others"));
}

TEST_CASE("what confines a server becomes directives") {
  for (const Written& row : written) {
    const std::string expected = row.expected;
    const bool absent = expected.starts_with("!");
    const std::string made = unit(row.lines);
    INFO(row.lines << "\n" << made);
    CHECK(has_line(made, expected.substr(absent ? 1 : 0)) == !absent);
  }
  CHECK(has_line(unit("capabilities = CAP_KILL", "nobody"), "AmbientCapabilities=CAP_KILL"));
  CHECK(has_line(unit("sandbox = basic", "nobody"), "CapabilityBoundingSet="));
  CHECK_FALSE(has_line(unit("sandbox = basic"), "CapabilityBoundingSet="));
}

TEST_CASE("a socket whose server had @strict is not started by itself under systemd") {
  const auto socket = [](const std::string& lines) {
    World w = world_of_calls();
    return text(units_of(w, config::test::service("x", 9000, lines)), "x.socket");
  };
  CHECK(has_line(socket("system_calls = @service"), "WantedBy=sockets.target"));
  CHECK_FALSE(has_line(socket("system_calls = @strict"), "WantedBy=sockets.target"));
  CHECK_FALSE(has_line(socket("tcp_connect = none"), "WantedBy=sockets.target"));
}

TEST_CASE("what systemd got of confinement comes back, and takes nothing less away") {
  const std::string plain = "type = UNLISTED\nport = 9000\nprotocol = tcp\nsocket_type = stream\nwait = no\nuser = nobody\nserver = /bin/server\n";
  const auto back = [&](const std::string& lines) {
    World w = world_of_calls();
    for (const File& file : units_of(w, config::test::entry("x", plain + lines)).files) w.files.texts["/u/" + file.name] = file.text;
    return systemd_to_xinetd({"/u/x.socket"}, w.files, w.names);
  };
  const char* same[][2]{{"capabilities", "CAP_KILL"}, {"capabilities", "none"},    {"capabilities", "~CAP_KILL"},
                        {"system_calls", "~ptrace"},  {"rlimit_nice", "20"},       {"rlimit_rttime", "7"},
                        {"rlimit_core", "UNLIMITED"}, {"no_new_privileges", "yes"},
                        {"dynamic_user", "yes"},      {"user_namespace", "yes"},   {"inaccessible_paths", "/a /b"}};
  for (const auto& [attribute, value] : same) {
    const Conversion c = back(std::string(attribute) + " = " + value);
    INFO(attribute << " = " << value << "\n" << text(c, "x") << report(c));
    CHECK(values(text(c, "x"), attribute) == value);
    CHECK_FALSE(off(c));
  }
  const Conversion boxed = back("sandbox = basic");
  INFO(text(boxed, "x") << report(boxed));
  CHECK_FALSE(off(boxed));
  CHECK(values(text(boxed, "x"), "system_calls").starts_with("@service ~"));
  CHECK(values(text(boxed, "x"), "system_call_action") == "-");
  CHECK(values(text(boxed, "x"), "no_new_privileges") == "yes");
  CHECK(values(text(boxed, "x"), "capabilities") == "none");
}

TEST_CASE("values of boxes are those of the attributes, or there are none") {
  const auto values_of = [](std::string_view directive, std::string_view value) {
    const auto row = std::ranges::find(box_words(), directive, &BoxWord::directive);
    REQUIRE(row != box_words().end());
    const auto found = attribute_values(*row, value);
    return found ? base::join(*found) : std::string("not the same");
  };
  CHECK(values_of("PrivateTmp", "true") == "yes");
  CHECK(values_of("PrivateTmp", "no").empty());
  CHECK(values_of("PrivateTmp", "disconnected") == "not the same");
  CHECK(values_of("RootDirectory", "/srv/a") == "/srv/a");
  CHECK(values_of("RootDirectory", "/srv/%i") == "not the same");
  CHECK(values_of("ReadOnlyPaths", "/usr /etc") == "/usr /etc");
  CHECK(values_of("ReadOnlyPaths", "/usr -/opt") == "not the same");
  CHECK(values_of("InaccessiblePaths", "-/opt /usr") == "/opt /usr");
  CHECK(values_of("InaccessiblePaths", "+/opt") == "not the same");
  CHECK(values_of("ReadWritePaths", "\"/a b\"") == "not the same");
  CHECK(values_of("MemoryMax", "1M") == "1048576");
  CHECK(values_of("MemoryMax", "infinity").empty());
  CHECK(values_of("MemoryMax", "20%") == "not the same");
  CHECK(values_of("TasksMax", "9") == "9");
  CHECK(values_of("CPUQuota", "50%") == "50%");
  CHECK(values_of("CPUQuota", "half") == "not the same");
  CHECK(values_of("CPUWeight", "idle") == "not the same");
  CHECK(values_of("CPUWeight", "20") == "20");
}

TEST_CASE("a word of a box is converted as soon as its attribute exists, and reported until then") {
  for (const BoxWord& word : box_words()) {
    if (word.kind != BoxWord::Kind::flag) continue;
    const Conversion c = entry_of(std::string(word.directive) + "=yes\n");
    INFO(text(c, "x") << report(c));
    const bool exists = config::find_attribute(word.attribute) != nullptr;
    CHECK((values(text(c, "x"), std::string(word.attribute)) == "yes") == exists);
    if (!exists) CHECK(off(c));
  }
}
