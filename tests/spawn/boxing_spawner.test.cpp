// SPDX-License-Identifier: MIT
#include "xsuperd/spawn/boxing_spawner.hpp"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

#include "spawn/harness.hpp"
#include "xsuperd/box/filter.hpp"
#include "xsuperd/box/helper.hpp"

// Real boxes, made by a helper that is a child of this process. Root only.
using namespace xsuperd::spawn;
using namespace xsuperd::spawn::testing;
namespace base = xsuperd::base;
namespace box = xsuperd::box;

namespace {

bool usable() {
  if (box::box_ability() == box::BoxAbility::usable) return true;
  WARN("skipped: boxes need root, and a machine that permits namespaces");
  return false;
}

base::Result<box::BoxHelper> start_helper() {
  int ends[2];
  REQUIRE(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == 0);
  const pid_t pid = ::fork();
  if (pid == 0) ::_exit(box::run_box_helper(ends[1]));
  ::close(ends[1]);
  return box::BoxHelper{base::Fd(ends[0]), base::Fd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0U)))};
}

struct BoxBench {
  BoxBench() : boxes(bench.loop, {.start = start_helper, .on_trouble = [this](std::string why) { troubles.push_back(std::move(why)); }}), boxing(*bench.spawner, boxes) {
    boxing.on_outcome([this](Outcome outcome) { take(std::move(outcome)); });
  }
  void take(Outcome outcome) {
    if (auto* started = std::get_if<Started>(&outcome)) return bench.children.watch(started->token, started->pid, std::move(started->pidfd));
    failed.push_back(std::get<StartFailed>(std::move(outcome)));
  }
  /// What the server wrote, in the box of that mould.
  std::string output_of(Recipe recipe, const box::Mould& mould) {
    recipe.mould = std::make_shared<const box::Mould>(mould);
    Pair pair = make_pair();
    const std::uint64_t token = ++last;
    const std::size_t before = bench.ended.size() + failed.size();
    auto outcome = boxing.start({.token = token, .recipe = std::make_shared<const Recipe>(std::move(recipe)), .socket = std::move(pair.server)}, Spawner::Load::alone);
    if (outcome) take(std::move(*outcome));
    run_until(bench.loop, [&] { return bench.ended.size() + failed.size() > before; });
    boxing.ended(token);
    if (!failed.empty() && failed.back().token == token) return {};  // the socket has come back
    return read_all(pair.client);
  }

  Bench bench;
  std::vector<std::string> troubles;
  std::vector<StartFailed> failed;
  std::uint64_t last = 0;
  box::Boxes boxes;
  BoxingSpawner boxing;
};

/// The mount namespace of the process behind a pidfd, as a word.
std::string mounts_of(int pidfd) {
  std::ifstream info("/proc/self/fdinfo/" + std::to_string(pidfd));
  std::string word;
  while (info >> word && word != "Pid:") {
  }
  info >> word;
  return std::filesystem::read_symlink("/proc/" + word + "/ns/mnt").string();
}

box::Mould strict() {
  box::Mould mould;
  mould.root = box::Mould::Root::selection;
  mould.trees = {"/bin", "/etc", "/lib", "/lib32", "/lib64", "/sbin", "/usr"};
  mould.tmp = mould.devices = mould.pids = true;
  mould.network = mould.ipc = box::Mould::Own::lent;
  return mould;
}

}  // namespace

TEST_CASE("a server in a box sees programs, and nothing else of the host") {
  if (!usable()) return;
  BoxBench b;
  const std::string all = b.output_of(shell("echo /*"), strict());  // not every system has a /lib64
  for (const std::string there : {"/bin ", "/dev ", "/etc ", "/proc ", "/tmp ", "/usr "}) CHECK(all.find(there) != std::string::npos);
  for (const std::string hidden : {"/home", "/root", "/run", "/sys", "/boot", "/old"}) CHECK(all.find(hidden) == std::string::npos);
  CHECK(b.output_of(shell("echo /proc/[0-9]* | wc -w"), strict()) != "0\n");
  CHECK(b.output_of(shell("echo $$"), strict()) == "2\n");
  CHECK(b.output_of(shell("ls /tmp /var/tmp; echo x > /tmp/x; ls /var/tmp"), strict()) == "/tmp:\n\n/var/tmp:\nx\n");
  CHECK(b.output_of(shell("ls /tmp"), strict()).empty());  // another box
  CHECK(b.output_of(shell("(: > /etc/x) 2>/dev/null || echo refused; (: > /x) 2>/dev/null || echo refused"), strict()) == "refused\nrefused\n");
  CHECK(b.output_of(shell("cat /proc/net/dev 2>/dev/null | grep -c : ; echo > /dev/null; ls /dev"), strict()) ==
        "0\nfd\nfull\nnull\nrandom\nshm\nstderr\nstdin\nstdout\nurandom\nzero\n");
  CHECK(b.failed.empty());
  CHECK(b.troubles.empty());
}

TEST_CASE("paths are shown, hidden and made writable one by one") {
  if (!usable()) return;
  char name[] = "/run/xsuperd-box-XXXXXX";
  REQUIRE(::mkdtemp(name) != nullptr);
  const std::string top = name;
  REQUIRE(std::system(("mkdir " + top + "/a " + top + "/a/b && echo secret > " + top + "/a/s").c_str()) == 0);
  BoxBench b;
  box::Mould mould;
  mould.read_only = {top};
  mould.read_write = {top + "/a/b"};
  mould.inaccessible = {top + "/a/s"};
  const std::string script = "cd " + top + "; (: > x) 2>/dev/null || echo read-only; : > a/b/y && echo written; cat a/s 2>/dev/null || echo hidden";
  CHECK(b.output_of(shell(script), mould) == "read-only\nwritten\nhidden\n");
  mould = strict();
  CHECK(b.output_of(shell("ls " + top + " 2>/dev/null || echo gone"), mould) == "gone\n");
  mould.read_only = {top + "/a"};
  CHECK(b.output_of(shell("ls " + top + "; cat " + top + "/a/s; (: > " + top + "/a/b/z) 2>/dev/null || echo read-only"), mould) == "a\nsecret\nread-only\n");
  mould.read_only = {top + "/missing"};
  CHECK(b.output_of(shell("echo never"), mould).empty());
  REQUIRE(b.failed.size() == 1);
  CHECK(b.failed.front().step == Step::box);
  CHECK(b.failed.front().detail == "can't make a box: finding " + top + "/missing failed: No such file or directory (errno = 2)");
  CHECK(b.failed.front().socket);
  REQUIRE(std::system(("rm -r " + top).c_str()) == 0);
}

TEST_CASE("what a server leaves running ends with its box") {
  if (!usable()) return;
  BoxBench b;
  const std::string out = b.output_of(shell("setsid sleep 100 >/dev/null 2>&1 </dev/null & echo started"), strict());
  CHECK(out == "started\n");
  CHECK(b.boxes.counts().discarded == 1);
}

TEST_CASE("the process that makes boxes stays in none of them, so that what a server leaves in /tmp ends with its box") {
  if (!usable()) return;
  BoxBench b;
  CHECK(b.output_of(shell("echo x > /tmp/x; cat /tmp/x"), strict()) == "x\n");
  const auto own = std::filesystem::read_symlink("/proc/self/ns/mnt").string();
  const auto is_home = [&] { return mounts_of(b.boxes.helper_pidfd()) == own; };
  for (int tries = 0; tries < 200 && !is_home(); ++tries) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  CHECK(is_home());
}

TEST_CASE("a box that is used again is one without anything left in it") {
  if (!usable()) return;
  BoxBench b;
  box::Mould mould = strict();
  mould.reuse = true;
  for (int i = 0; i < 4; ++i) CHECK(b.output_of(shell("ls /tmp"), mould).empty());
  CHECK(b.boxes.counts().again == 3);
  CHECK(b.output_of(shell("echo $$"), mould) != "2\n");
  const auto doubtful = [&] { return b.boxes.counts().doubtful; };
  CHECK(b.output_of(shell("echo x > /tmp/x"), mould).empty());
  CHECK(doubtful() == 1);
  CHECK(b.output_of(shell("mkdir /tmp/d"), mould).empty());
  CHECK(doubtful() == 2);
  CHECK(b.output_of(shell("setsid sleep 100 >/dev/null 2>&1 </dev/null &"), mould).empty());
  CHECK(doubtful() == 3);
  CHECK(b.output_of(shell("ls /tmp; echo /proc/[0-9]*"), mould).find("sleep") == std::string::npos);
}

TEST_CASE("each box has a user of its own, and none twice at a time") {
  if (!usable()) return;
  BoxBench b;
  Recipe recipe = shell("id -u; id -g; id -G");
  recipe.credentials = Credentials{65534, 65534, {4}, true};
  recipe.own_uids = OwnUids{700000, 700002};
  CHECK(b.output_of(recipe, strict()) == "700000\n700000\n700000\n");
  CHECK(b.output_of(recipe, strict()) == "700001\n700001\n700001\n");
  for (int i = 0; i < 3; ++i) (void)b.output_of(recipe, strict());
  CHECK(b.output_of(recipe, strict()) == "700002\n700002\n700002\n");
}

TEST_CASE("when all users that boxes may have are in use, no server gets one of another") {
  if (!usable()) return;
  BoxBench b;
  Recipe recipe = shell("echo never");
  recipe.own_uids = OwnUids{700000, 700001};
  for (const std::uint64_t token : {100, 101}) b.boxing.take_over({.token = token, .own_uid = static_cast<uid_t>(699900 + token)}, base::Fd(::dup(0)), {});
  CHECK(b.output_of(recipe, strict()).empty());
  REQUIRE(b.failed.size() == 1);
  CHECK(b.failed.front().detail == "all user ids of dynamic_uids are in use");
  b.boxing.ended(100);
  recipe = shell("id -u");
  recipe.own_uids = OwnUids{700000, 700001};
  CHECK(b.output_of(recipe, strict()) == "700000\n");
}

TEST_CASE("a file system that does not answer fails the boxes that show it, and no others") {
  if (!usable()) return;
  char name[] = "/run/xsuperd-box-XXXXXX";
  REQUIRE(::mkdtemp(name) != nullptr);
  const std::string top = name;
  const int silent = ::open("/dev/fuse", O_RDWR | O_CLOEXEC);
  const std::string options = "rootmode=40000,user_id=0,group_id=0,fd=" + std::to_string(silent);
  if (silent < 0 || ::mount("silent", name, "fuse", 0, options.c_str()) != 0) {
    WARN("skipped: nothing like a silent file system can be mounted here");
    ::close(silent);
    ::rmdir(name);
    return;
  }
  BoxBench b;
  box::Mould hanging;
  hanging.read_only = {top + "/x"};
  CHECK(b.output_of(shell("echo never"), hanging).empty());
  REQUIRE(b.failed.size() == 1);
  CHECK(b.failed.front().detail == "can't make a box: laying out its files failed: Connection timed out (errno = 110)");
  CHECK(b.output_of(shell("echo served"), strict()) == "served\n");
  CHECK(b.troubles.empty());
  ::close(silent);
  ::umount2(name, MNT_DETACH);
  ::rmdir(name);
}

TEST_CASE("a root directory is not looked for behind a link of somebody else's") {
  if (!usable()) return;
  char name[] = "/run/xsuperd-box-XXXXXX";
  REQUIRE(::mkdtemp(name) != nullptr);
  const std::string top = name;
  REQUIRE(std::system(("mkdir " + top + "/home && ln -s / " + top + "/home/jail && chown -R nobody " + top + "/home").c_str()) == 0);
  BoxBench b;
  box::Mould mould;
  mould.root = box::Mould::Root::directory;
  mould.directory = top + "/home/jail";
  CHECK(b.output_of(shell("echo never"), mould).empty());
  REQUIRE(b.failed.size() == 1);
  CHECK(b.failed.front().detail.find("Too many levels of symbolic links") != std::string::npos);
  REQUIRE(std::system(("rm -r " + top).c_str()) == 0);
}

TEST_CASE("outside an empty root nothing is made for a path to be shown at") {
  if (!usable()) return;
  char name[] = "/run/xsuperd-box-XXXXXX";
  REQUIRE(::mkdtemp(name) != nullptr);
  const std::string top = name;
  REQUIRE(std::system(("mkdir -p " + top + "/a/b").c_str()) == 0);
  BoxBench b;
  box::Mould mould;
  mould.read_write = {top + "/a/b"};
  mould.inaccessible = {top + "/a"};
  CHECK(b.output_of(shell("echo never"), mould).empty());
  REQUIRE(b.failed.size() == 1);
  CHECK(b.failed.front().detail.find("opening " + top + "/a/b failed: No such file") != std::string::npos);
  REQUIRE(std::system(("rm -r " + top).c_str()) == 0);
}

namespace {

bool user_spaces_usable() { return usable() && box::user_space_ability() == box::UserSpaceAbility::usable; }

constexpr const char* ids = "echo $(cat /proc/self/uid_map) $(cat /proc/self/gid_map) $(cat /proc/self/setgroups); id -u; id -g; stat -c %u:%g /";
constexpr const char* rights = "; grep -E 'CapPrm|CapEff|CapBnd' /proc/self/status";

Recipe in_user_space(std::string script) {
  Recipe recipe = shell(std::move(script));
  recipe.own_users = true;
  recipe.credentials = Credentials{65533, 65532, {4}, true};
  return recipe;
}

std::string rights_of(const std::string& held, const std::string& bounding) {
  return "CapPrm:\t" + held + "\nCapEff:\t" + held + "\nCapBnd:\t" + bounding + "\n";
}

const std::string no_rights(16, '0');

}  // namespace

TEST_CASE("in its user namespace a server finds no users but its own, and gives up what it had on the way there") {
  if (!user_spaces_usable()) return;
  BoxBench b;
  const std::string map = "65533 65533 1 65532 65532 1 deny\n65533\n65532\n65534:65534\n";
  std::string all = b.output_of(in_user_space(std::string(ids) + rights), strict());
  CHECK(all.substr(0, map.size()) == map);
  CHECK(all.find("CapPrm:\t" + no_rights + "\nCapEff:\t" + no_rights) != std::string::npos);
  Recipe bounded = in_user_space(std::string(ids) + rights);
  bounded.capabilities = CapabilityBounds{};
  CHECK(b.output_of(bounded, strict()) == map + rights_of(no_rights, no_rights));
  Recipe passed = in_user_space("grep CapEff /proc/self/status");
  passed.capabilities = CapabilityBounds{.allowed = 1U << 10, .required = 1U << 10, .ambient = true};
  CHECK(b.output_of(passed, strict()) == "CapEff:\t0000000000000400\n");
  CHECK(b.failed.empty());
}

TEST_CASE("a server has a user namespace without a box, and nothing of the way there stays open") {
  if (!user_spaces_usable()) return;
  BoxBench b;
  const auto output = [&](Recipe recipe) {
    Pair pair = make_pair();
    const std::size_t before = b.bench.ended.size();
    auto outcome = b.boxing.start({.token = ++b.last, .recipe = std::make_shared<const Recipe>(std::move(recipe)), .socket = std::move(pair.server)}, Spawner::Load::alone);
    if (outcome) b.take(std::move(*outcome));
    run_until(b.bench.loop, [&] { return b.bench.ended.size() > before; });
    return read_all(pair.client);
  };
  CHECK(output(in_user_space("id -u; ls /proc/$$/fd")) == "65533\n0\n1\n2\n");
  Recipe passing = in_user_space("ls /proc/$$/fd; readlink /proc/$$/fd/3 | cut -c 1-6");
  passing.listen_name = "name";
  CHECK(output(passing) == "0\n1\n2\n3\nsocket\n");
  CHECK(open_descriptors().size() < 40);
  // Limits that only root may raise come before the namespace.
  Recipe raised = in_user_space("ulimit -Hn");
  raised.limits = {{RLIMIT_NOFILE, 9'999, 9'999}};
  CHECK(output(raised) == "9999\n");
  Recipe none = in_user_space("id -u");
  none.limits = {{RLIMIT_NOFILE, 12, 12}};
  CHECK(output(none) == "65533\n");
}

TEST_CASE("root of a user namespace is nobody outside, and has no power over its box") {
  if (!user_spaces_usable()) return;
  char name[] = "/run/xsuperd-box-XXXXXX";
  REQUIRE(::mkdtemp(name) != nullptr);
  REQUIRE(::chmod(name, 01777) == 0);
  const std::string top = name;
  BoxBench b;
  box::Mould mould = strict();
  mould.read_write = {top};
  Recipe recipe = in_user_space(std::string(ids) + "; : > " + top + "/made; chown 0:0 " + top + "/made && echo owns");
  recipe.own_uids = OwnUids{700000, 700002};
  recipe.root_inside = true;
  CHECK(b.output_of(recipe, mould) == "0 700000 1 0 700000 1 deny\n0\n0\n65534:65534\nowns\n");
  struct stat made {};
  REQUIRE(::stat((top + "/made").c_str(), &made) == 0);
  CHECK(made.st_uid == 700000);
  CHECK(made.st_gid == 700000);
  // It has all capabilities, and nothing of what it is in is its own.
  const auto refused = [&](const std::string& command) {
    Recipe one = recipe;
    one.argv = shell(command + " >/dev/null 2>&1 && echo could || echo refused").argv;
    CHECK(b.output_of(one, mould) == "refused\n");
  };
  refused("mount -t tmpfs x /tmp");
  refused("umount /tmp");
  refused("mount -o remount,rw /");
  refused("hostname " + std::string("$(hostname)"));
  refused("kill -0 1");
  refused("cat /proc/1/environ");
  refused("chown 1:1 /tmp");
  refused("nsenter -m -t 1 true");
  refused("ip link set lo up");
  recipe.root_inside = false;
  recipe.argv = shell("id -u").argv;
  CHECK(b.output_of(recipe, mould).substr(0, 4) == "7000");
  REQUIRE(std::system(("rm -r " + top).c_str()) == 0);
}

TEST_CASE("in a box alarms end a server, as they do outside") {
  if (!usable()) return;
  BoxBench b;
  (void)b.output_of(shell("kill -ALRM $$; echo survived"), strict());
  REQUIRE(b.bench.ended.size() == 1);
  CHECK(b.bench.ended.front().signalled);
  CHECK(b.bench.ended.front().value == SIGALRM);
}

TEST_CASE("a filter that a thread has in advance lets its servers into boxes, and then forbids them the same calls") {
  if (!usable() || box::filter_ability() != box::FilterAbility::usable) return;
  BoxBench b;
  const box::FilterRequest request{box::FilterRequest::Base::strict, box::FilterRequest::Action::error, {}, false};
  REQUIRE(box::lets_launch(request));
  Recipe recipe = shell("grep -E 'NoNewPrivs|Seccomp:|CapBnd' /proc/self/status; unshare -n true 2>&1 | grep -c permitted; mount -t tmpfs x /tmp 2>&1 | grep -c -i per");
  recipe.no_new_privileges = true;
  recipe.capabilities = CapabilityBounds{};
  recipe.filter = *box::make_filter(request);
  recipe.credentials = Credentials{65534, 65534, {}, true};
  for (const auto& [inheritable, own_users] : {std::pair(false, false), {true, false}, {false, true}, {true, true}}) {
    recipe.inheritable = inheritable;
    recipe.own_users = own_users && user_spaces_usable();
    CHECK(b.output_of(recipe, strict()) == "CapBnd:\t0000000000000000\nNoNewPrivs:\t1\nSeccomp:\t2\n1\n1\n");
  }
}

TEST_CASE("what a thread needs to start servers may not be denied to it") {
  using Request = box::FilterRequest;
  CHECK(box::lets_launch({Request::Base::service, Request::Action::error, {"ptrace"}, false}));
  CHECK_FALSE(box::lets_launch({Request::Base::service, Request::Action::kill, {}, false}));
  for (const std::string call : {"clone", "futex", "dup3", "setresuid", "close_range", "getgroups", "epoll_ctl"})
    CHECK_FALSE(box::lets_launch({Request::Base::all, Request::Action::error, {call}, false}));
}
