// SPDX-License-Identifier: MIT
// Peers over a UNIX socket, with the credentials that the kernel gives them: those of this process.
#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstring>
#include <thread>

#include "service/fixture.hpp"

using namespace xsuperd;
using namespace xsuperd::service;
using namespace xsuperd::service::test;

namespace {

/// "x" at an abstract name of its own.
config::Service at_unix_socket(const std::function<void(config::Service&)>& change) {
  static int number = 0;
  config::Service service = stream_service();
  service.listen.kind = config::ListenSpec::Kind::local;
  service.listen.protocol = {"unix", 0};
  service.listen.at = {};
  service.listen.name = fmt::format("@xsuperd-test-{}-{}", ::getpid(), ++number);
  change(service);
  return service;
}

struct UnixBench : Bench {
  explicit UnixBench(const std::function<void(config::Service&)>& change = [](auto&) {}) : Bench(at_unix_socket(change)) {
    REQUIRE(runner->start());
  }
};

/// A connection to the service, or -1.
base::Fd connected(const Bench& bench) {
  const std::string& name = bench.runner->service().listen.name;
  base::Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un at{};
  at.sun_family = AF_UNIX;
  std::memcpy(at.sun_path + 1, name.data() + 1, name.size() - 1);
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
  REQUIRE(::connect(fd.get(), reinterpret_cast<const sockaddr*>(&at), length) == 0);
  return fd;
}

/// Has the other end closed it?
bool ended(const base::Fd& fd) {
  char byte = 0;
  return ::recv(fd.get(), &byte, 1, MSG_DONTWAIT) == 0;
}

void run_until_ended(Bench& bench, const base::Fd& fd) {
  bench.run_until([&] { return ended(fd); });
}

std::string us() { return fmt::format("unix:uid={},pid={}", ::geteuid(), ::getpid()); }
config::User user(uid_t uid) { return {std::to_string(uid), {}, uid, 0}; }
constexpr gid_t nobodys = 4'000'000'000;
config::Group group(gid_t gid) { return {std::to_string(gid), gid}; }

/// One that this process has besides its own, if it has one.
std::optional<gid_t> another_group() {
  std::vector<gid_t> all(static_cast<std::size_t>(::getgroups(0, nullptr)));
  all.resize(static_cast<std::size_t>(std::max(::getgroups(static_cast<int>(all.size()), all.data()), 0)));
  const auto found = std::find_if(all.begin(), all.end(), [](gid_t one) { return one != ::getegid(); });
  return found == all.end() ? std::nullopt : std::optional(*found);
}

}  // namespace

TEST_CASE("a user in only_uid is served, and its server is told who it is") {
  UnixBench bench([](auto& s) { s.settings.only_uid = {user(::geteuid())}; });
  const base::Fd client = connected(bench);
  bench.run_until_jobs(1);
  CHECK(bench.job(0).remote_host.view() == us());
  REQUIRE(bench.runner->sessions().size() == 1);
  CHECK(bench.runner->sessions().all().begin()->second.peer.address == base::Address::local(::geteuid(), ::getegid(), static_cast<std::uint32_t>(::getpid())));
}

TEST_CASE("a user who is not in only_uid is refused, and the log says who it was") {
  UnixBench bench([](auto& s) { s.settings.only_uid = {user(::geteuid() + 1)}; });
  const base::Fd client = connected(bench);
  run_until_ended(bench, client);
  CHECK(bench.entries() == "FAIL: x address from=" + us() + "\n");
  CHECK(bench.spawner.requests.empty());
}

TEST_CASE("all groups of a process count for only_gid") {
  UnixBench own([](auto& s) { s.settings.only_gid = {group(::getegid())}; });
  const base::Fd one = connected(own);
  own.run_until_jobs(1);

  UnixBench other([](auto& s) { s.settings.only_gid = {group(nobodys)}; });
  const base::Fd two = connected(other);
  run_until_ended(other, two);
  CHECK(other.entries() == "FAIL: x address from=" + us() + "\n");

  const auto further = another_group();
  if (!further) {
    WARN("not tested: this process has no supplementary groups");
    return;
  }
  UnixBench supplementary([&](auto& s) { s.settings.only_gid = {group(nobodys), group(*further)}; });
  const base::Fd three = connected(supplementary);
  supplementary.run_until_jobs(1);
}

TEST_CASE("both a user and a group must match if both are wanted") {
  UnixBench bench([](auto& s) {
    s.settings.only_uid = {user(::geteuid())};
    s.settings.only_gid = {group(nobodys)};
  });
  const base::Fd client = connected(bench);
  run_until_ended(bench, client);
  CHECK(bench.spawner.requests.empty());
}

TEST_CASE("only_from alone admits nobody over a UNIX socket, and nobody looks for a name") {
  for (const char* element : {"0.0.0.0", ".example.com"}) {
    UnixBench bench([&](auto& s) { s.settings.only_from = pattern(element); });
    const base::Fd client = connected(bench);
    run_until_ended(bench, client);
    CHECK(bench.entries() == "FAIL: x address from=" + us() + "\n");
  }
  UnixBench open([](auto& s) { s.settings.no_access = pattern("0.0.0.0"); });
  const base::Fd client = connected(open);
  open.run_until_jobs(1);
}

TEST_CASE("the kernel says who a local peer is, and no identity server is asked") {
  const auto with_userid = [](config::Service& s) {
    s.settings.log_on_success->add(config::SuccessOption::userid);
    s.settings.log_on_failure->add(config::FailureOption::userid);
    s.settings.flags = {config::Flag::idonly};
  };
  const std::string identity = fmt::format("USERID: x UNIX : {}\n", ::geteuid());
  UnixBench served(with_userid);
  const base::Fd one = connected(served);
  served.run_until_jobs(1);
  CHECK(served.entries() == identity);
  CHECK(served.ident.questions.empty());

  UnixBench refusing([&](config::Service& s) {
    with_userid(s);
    s.settings.access_times.emplace();
  });
  const base::Fd two = connected(refusing);
  run_until_ended(refusing, two);
  CHECK(refusing.entries() == "FAIL: x time from=" + us() + "\n" + identity);
  CHECK(refusing.ident.questions.empty());
}

TEST_CASE("hosts.deny says nothing about local peers") {
  UnixBench bench;
  (void)bench.file("deny", "ALL: ALL\n");
  std::this_thread::sleep_for(std::chrono::milliseconds(20));  // the files are looked at each 10 ms
  const base::Fd client = connected(bench);
  bench.run_until_jobs(1);
  CHECK(bench.entries().empty());
}

TEST_CASE("a user who touches a sensor over a UNIX socket is banned, whatever the process") {
  UnixBench bench([](auto& s) {
    s.kind = config::Kind::sensor;
    s.settings.flags = {config::Flag::sensor};
    s.settings.deny_time = -1;
  });
  const base::Fd client = connected(bench);
  run_until_ended(bench, client);
  const auto& bans = bench.around.bans.list;
  CHECK(bans.banned(base::Address::local(::geteuid(), 0, 1), bench.clock));
  CHECK_FALSE(bans.banned(base::Address::local(::geteuid() + 1, 0, 1), bench.clock));
  CHECK(bench.sink.has(fmt::format("Adding unix:uid={} to the global_no_access list", ::geteuid())));
}

TEST_CASE("a sensor with ban_on writes xinetd's line too, and what is done in one ban does not make it the next one") {
  UnixBench bench([](auto& s) {
    s.kind = config::Kind::sensor;
    s.settings.flags = {config::Flag::sensor};
    s.settings.deny_time = 1;
    s.settings.ban_on = {{.kind = config::BanCause::Kind::sensor}};
    s.settings.ban_time = config::BanTime{600, 2, 86'400};
  });
  const base::Fd one = connected(bench), two = connected(bench);
  run_until_ended(bench, one);
  run_until_ended(bench, two);
  CHECK(bench.sink.has(fmt::format("Adding unix:uid={} to the global_no_access list for 1 minutes", ::geteuid())));
  CHECK(bench.sink.has("is banned for 10 minutes: sensor x"));
  const auto bans = bench.around.bans.list.snapshot();
  REQUIRE(bans.size() == 1);
  CHECK(bans.front().until == bench.clock + std::chrono::minutes(10));
  CHECK(bench.around.bans.offenders.times(bans.front().peer, bench.clock) == 1);
}

TEST_CASE("the places of a user are counted together") {
  UnixBench bench([](auto& s) { s.settings.per_source = config::Limit{2}; });
  const base::Fd one = connected(bench), two = connected(bench), three = connected(bench);
  run_until_ended(bench, three);
  bench.run_until_jobs(2);
  CHECK(bench.entries() == "FAIL: x per_source_limit from=" + us() + "\n");
  CHECK(bench.runner->state().places().count_from(base::Address::local(::geteuid(), 0, 1)) == 2);
}
