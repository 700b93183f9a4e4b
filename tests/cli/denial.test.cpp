// SPDX-License-Identifier: MIT
#include "cli/denial.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/un.h>

#include <catch2/catch.hpp>
#include <cerrno>
#include <cstring>

#include "cli/attempt_report.hpp"
#include "cli/witness.hpp"

using namespace xsuperd;
using namespace xsuperd::cli;
using Kind = Denial::Kind;
using Base = config::SystemCalls::Base;

namespace {

config::Confinement strict() {
  config::Confinement c;
  c.no_new_privileges = true;
  c.capabilities = {false, 0};
  c.calls.base = Base::strict;
  c.box.root = config::BoxSettings::Root::programs;
  c.box.tmp = c.box.devices = c.box.network = c.box.pids = c.box.ipc = true;
  return c;
}

Denial call(const std::string& name, bool service_lets = false) { return {.kind = Kind::call, .call = name, .error = EPERM, .service_lets = service_lets}; }

Denial path(const std::string& name, int error, bool writes = false) {
  return {.kind = Kind::path, .call = "openat", .subject = name, .error = error, .writes = writes, .on_host = true, .at_least = name};
}

Denial connecting(std::uint16_t port, int error) {
  return {.kind = Kind::connect, .call = "connect", .subject = "192.0.2.1 port " + std::to_string(port), .error = error, .port = port};
}

std::string hint_of(const Denial& denial, const config::Confinement& c, uid_t user = 1000) { return hint(denial, {c, user}); }

}  // namespace

TEST_CASE("the same denial is counted, and there is room for so many") {
  DenialList list;
  list.add(call("ptrace"));
  list.add(call("ptrace"));
  list.add(call("mount"));
  REQUIRE(list.all().size() == 2);
  CHECK(denial_text(list.all()[0]) == "denied: ptrace (2 times)");
  CHECK(denial_text(list.all()[1]) == "denied: mount");
  for (int i = 0; i < 1000; ++i) list.add(call("call " + std::to_string(i)));
  CHECK(list.all().size() == DenialList::most);
  CHECK(list.left_out() == 1002 - DenialList::most);
}

TEST_CASE("whatever call fails on a path, it is one denial, which writes if one of them does") {
  DenialList list;
  list.add(path("/x", ENOENT));
  Denial second = path("/x", ENOENT, true);
  second.call = "mkdir";
  list.add(second);
  list.add(path("/x", EACCES));
  REQUIRE(list.all().size() == 2);
  CHECK(list.all()[0].writes);
  CHECK(list.all()[0].times == 2);
}

TEST_CASE("denials are told in words that are fit for a terminal") {
  CHECK(denial_text(path("/run/a\x1b[2J", ENOENT)) == "path: /run/a\\x1b[2J: openat: No such file or directory (the host has it)");
  CHECK(denial_text(path("/etc/x", EROFS)) == "path: /etc/x: openat: Read-only file system");
  Denial made = path("/var/lib/game/score", ENOENT, true);
  made.at_least = "/var/lib/game";
  CHECK(denial_text(made) == "path: /var/lib/game/score: openat: No such file or directory (the host has /var/lib/game)");
  CHECK(denial_text(connecting(443, EACCES)) == "connect: 192.0.2.1 port 443: Permission denied");
  Denial killed = call("ptrace");
  killed.kills = true;
  CHECK(denial_text(killed) == "denied: ptrace, which ended the process");
  Denial family = call("socket");
  family.subject = "family 17, protocol 0";
  CHECK(denial_text(family) == "denied: socket, family 17, protocol 0");
  CHECK(denial_text({.kind = Kind::right, .call = "setuid", .error = EPERM}) == "right: setuid: Operation not permitted");
}

TEST_CASE("the hint about a call names the smallest set that leaves it") {
  CHECK(hint_of(call("msgget", true), strict()) == "system_calls = @service");
  CHECK(hint_of(call("ptrace"), strict()) == "system_calls = all");
  config::Confinement c;
  c.calls = {Base::service, {"getppid", "personality"}};
  CHECK(hint_of(call("getppid"), c) == "system_calls = @service ~personality");
  CHECK(hint_of(call("ptrace"), c) == "system_calls = all ~getppid ~personality");
  config::Confinement plain;
  plain.connect = {false, {443}};
  CHECK(hint_of(call("socket"), plain) == "tcp_connect = any");
}

TEST_CASE("the hint about a hidden file shows it, for writing if it was to be written") {
  CHECK(hint_of(path("/home/a/b", ENOENT), strict()) == "read_only_paths += /home/a/b");
  CHECK(hint_of(path("/home/a/b", ENOENT, true), strict()) == "read_write_paths += /home/a/b");
  CHECK(hint_of(path("/tmp/x", ENOENT), strict()) == "private_tmp = no");
  CHECK(hint_of(path("/var/tmp/x", ENOENT), strict()) == "private_tmp = no");
  CHECK(hint_of(path("/tmpfile", ENOENT), strict()) == "read_only_paths += /tmpfile");
  CHECK(hint_of(path("/dev/fuse", ENOENT), strict()) == "private_devices = no");
  CHECK(hint_of(path("/proc/cpuinfo", ENOENT), strict()).empty());
  CHECK(hint_of(path("/home/with blank", ENOENT), strict()).empty());
  config::Confinement jail;
  jail.box.root = config::BoxSettings::Root::directory;
  jail.box.directory = "/srv/jail";
  CHECK(hint_of(path("/home/a/b", ENOENT), jail).empty());
}

TEST_CASE("the hint about a file that cannot be written, or not be reached") {
  CHECK(hint_of(path("/etc/x", EROFS, true), strict()) == "read_write_paths += /etc/x");
  CHECK(hint_of(path("/mnt/cd/x", EROFS, true), {}).empty());
  config::Confinement c;
  c.box.inaccessible = {"/srv/private"};
  CHECK(hint_of(path("/srv/private/a", ENOENT), c) == "inaccessible_paths -= /srv/private");
  CHECK(hint_of(path("/srv/private", EACCES), c) == "inaccessible_paths -= /srv/private");
  CHECK(hint_of(path("/srv/privateer", EACCES), c).empty());
}

TEST_CASE("hints about rights name capabilities that the server lacks") {
  CHECK(hint_of(path("/root/x", EACCES), strict()).empty());
  CHECK(hint_of(path("/root/x", EACCES), strict(), 0) == "capabilities += CAP_DAC_OVERRIDE");
  CHECK(hint_of(path("/root/x", EACCES), {}, 0).empty());
  const Denial setuid{.kind = Kind::right, .call = "setuid", .error = EPERM, .capability = 7};
  CHECK(hint_of(setuid, strict(), 0) == "capabilities += CAP_SETUID");
  CHECK(hint_of(setuid, {}, 1000) == "capabilities += CAP_SETUID");
  CHECK(hint_of(setuid, {}, 0).empty());
}

TEST_CASE("hints about connections add the port, or give the network back") {
  config::Confinement c;
  c.connect = {false, {53, 443}};
  CHECK(hint_of(connecting(80, EACCES), c) == "tcp_connect = 53 80 443");
  CHECK(hint_of(connecting(443, EACCES), c).empty());
  CHECK(hint_of(connecting(80, ENETUNREACH), strict()) == "private_network = no");
  CHECK(hint_of(connecting(80, EACCES), {}).empty());
}

TEST_CASE("a confinement is told in one line") {
  CHECK(confinement_text({}) == "not confined");
  CHECK(confinement_text(strict()) ==
        "sees the host's programs only; has its own /tmp, /dev, network, processes, IPC objects; system_calls = @strict; no capabilities");
  config::Confinement c;
  c.no_new_privileges = true;
  c.calls = {Base::service, {"getppid"}};
  c.action = config::CallAction::kill;
  c.connect = {false, {53}};
  c.box.read_only = {"/srv"};
  CHECK(confinement_text(c) == "reads only /srv; system_calls = @service ~getppid, killed otherwise; TCP connections to 53 only; no new privileges");
}

TEST_CASE("destinations are read from what the server gave the kernel") {
  sockaddr_in four{};
  four.sin_family = AF_INET;
  four.sin_port = htons(443);
  four.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const std::string bytes(reinterpret_cast<const char*>(&four), sizeof four);
  CHECK(destination_of(bytes).text == "127.0.0.1 port 443");
  CHECK(destination_of(bytes).port == 443);
  CHECK(destination_of(bytes.substr(0, 7)).kind == Destination::Kind::other);
  CHECK(destination_of("").kind == Destination::Kind::other);
  sockaddr_un local{};
  local.sun_family = AF_UNIX;
  std::strcpy(local.sun_path, "/run/x.sock");
  CHECK(destination_of({reinterpret_cast<const char*>(&local), sizeof local}).text == "/run/x.sock");
  local.sun_path[0] = '\0';
  const Destination abstract = destination_of({reinterpret_cast<const char*>(&local), offsetof(sockaddr_un, sun_path) + 4});
  CHECK(abstract.kind == Destination::Kind::abstract);
  CHECK(abstract.text == "@run");
}

TEST_CASE("the report says what the server was, how it ended and what it was denied") {
  AttemptReport report{"game", "/srv/game/run", "nobody", {strict(), 65534}, {}, {false, 3}, true};
  CHECK(report_text(report).ends_with("\nended with status 3\nnothing was denied\n"));
  report.denials.add(call("msgget", true));
  CHECK(report_text(report).ends_with("\nended with status 3\ndenied: msgget\n  to allow it: system_calls = @service\n"));
  CHECK(report_json(report).find(R"("denied":[{"kind":"call","call":"msgget","subject":"","error":"Operation not permitted","times":1,"ended":false,"hint":"system_calls = @service"}])") != std::string::npos);
  report.end = {true, 31};
  CHECK(report.end.status() == 159);
  CHECK(report_json(report).find(R"("status":159,"signal":31)") != std::string::npos);
  report.traced = false;
  CHECK(report_text(report).ends_with("\nended by signal 31\nwhat it was denied could not be found out on this system\n"));
}
