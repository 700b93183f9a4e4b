// SPDX-License-Identifier: MIT
#include <arpa/inet.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cerrno>
#include <csignal>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>

#include "worker/attempts.hpp"
#include "worker/harness.hpp"
#include "xsuperd/base/time.hpp"

using namespace xsuperd;
using namespace xsuperd::worker;
using namespace xsuperd::worker::testing;

namespace {

const SandboxOptions somebody{.uid = 65534, .gid = 65533, .system_calls = true};
const SandboxOptions without_sockets{.uid = 65534, .gid = 65533, .system_calls = true, .sockets = false};
const SandboxOptions with_calls{.uid = 65534, .gid = 65533, .system_calls = false};

/// What wait(2) tells of a child that enters the sandbox and does this; 99: it could not enter.
int in_sandbox(const SandboxOptions& options, const std::function<int()>& what) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::dup2(::open("/dev/null", O_WRONLY | O_CLOEXEC), 2);  // last words are not for the test's report
    ::_exit(enter_sandbox(options) ? what() : 99);
  }
  int status = -1;
  REQUIRE(::waitpid(child, &status, 0) == child);
  return status;
}

bool ended_by(int status, int signal) { return WIFSIGNALED(status) && WTERMSIG(status) == signal; }

/// Exit status 0 when all is as it should be; else the number of the first that is not.
int first_wrong(std::initializer_list<bool> checks) {
  int number = 1;
  for (const bool right : checks) {
    if (!right) return number;
    ++number;
  }
  return 0;
}

int use_what_is_allowed() {
  int ends[2];
  const int server = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);
  sockaddr_in nobody{};
  nobody.sin_family = AF_INET;
  nobody.sin_port = htons(1);
  nobody.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int connected = ::connect(server, reinterpret_cast<const sockaddr*>(&nobody), sizeof nobody);
  const bool tried = connected == 0 || errno == EINPROGRESS || errno == ECONNREFUSED;
  const int yes = 1;
  bool caught = false;
  try {
    throw std::runtime_error("as usual");
  } catch (const std::exception&) {
    caught = true;
  }
  const std::vector<char> much(64 * 1024 * 1024, 'x');
  return first_wrong(
      {server >= 0, tried, ::setsockopt(server, SOL_SOCKET, SO_KEEPALIVE, &yes, sizeof yes) == 0,
       ::socket(AF_INET6, SOCK_STREAM, IPPROTO_TCP) >= 0 || errno == EAFNOSUPPORT,
       ::pipe2(&ends[0], O_CLOEXEC | O_NONBLOCK) == 0, ::write(ends[1], "x", 1) == 1,
       ::epoll_create1(EPOLL_CLOEXEC) >= 0, ::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC) >= 0, caught,
       much.back() == 'x', base::local_time(base::WallTime::clock::now()).year > 2000});
}

int try_the_way_back() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct has[2]{};
  return first_wrong(
      {::getuid() == 65534 && ::geteuid() == 65534, ::getgid() == 65533 && ::getegid() == 65533,
       ::getgroups(0, nullptr) == 0, ::setuid(0) != 0, ::setresuid(-1, 0, -1) != 0, ::setgid(0) != 0,
       ::syscall(SYS_capget, &header, &has[0]) == 0,
       (has[0].permitted | has[0].effective | has[0].inheritable | has[1].permitted) == 0,
       ::prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1, ::prctl(PR_CAPBSET_READ, 0, 0, 0, 0) == 0});
}

int look_for_files() {
  return first_wrong({::open("/", O_RDONLY) < 0, ::open("/etc/passwd", O_RDONLY) < 0,
                      ::open("/dev/null", O_RDWR) < 0, ::open("../../../../etc/passwd", O_RDONLY) < 0,
                      ::open("/new", O_RDWR | O_CREAT, 0600) < 0, ::mkdir("/new", 0700) < 0,
                      ::chdir("..") < 0 || ::open("etc", O_RDONLY) < 0});
}

/// Makes everything read-only, for this process alone, as in a container with such a root.
bool write_nowhere() {
  if (::unshare(CLONE_NEWNS) != 0 || ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return false;
  for (const char* where : {"/run", "/tmp"})
    if (::mount("/usr", where, nullptr, MS_BIND, nullptr) != 0 ||
        ::mount(nullptr, where, nullptr, MS_REMOUNT | MS_BIND | MS_RDONLY, nullptr) != 0)
      return false;
  return true;
}

/// The line of /proc/PID/status with this name.
std::string status_of(pid_t pid, const std::string& name) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/status");
  for (std::string line; std::getline(file, line);)
    if (line.starts_with(name + ":\t")) return line.substr(name.size() + 2);
  return {};
}

/// The soft and the hard limit in /proc/PID/limits.
std::pair<std::string, std::string> limits_of(pid_t pid, const std::string& name) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/limits");
  std::pair<std::string, std::string> limits;
  for (std::string line; std::getline(file, line);)
    if (line.starts_with(name)) std::istringstream(line.substr(name.size())) >> limits.first >> limits.second;
  return limits;
}

std::vector<std::string> open_files(pid_t pid) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/" + std::to_string(pid) + "/fd"))
    names.push_back(std::filesystem::read_symlink(entry.path()).string());
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace

TEST_CASE("a system call that is not on the list ends the worker") {
  if (!restricted()) return;
  for (int i = 0; i < attempt_count; ++i) {
    INFO(attempts[i].name);
    const int status = in_sandbox(somebody, [i] { return attempts[i].run(), 0; });
    CHECK(ended_by(status, SIGSYS));
  }
}

TEST_CASE("a process that is given its connections may make none, nor do what a worker may not") {
  if (!restricted()) return;
  const auto dies_of = [](const std::function<void()>& what) {
    return ended_by(in_sandbox(without_sockets, [&what] { return what(), 0; }), SIGSYS);
  };
  for (const int family : {AF_INET, AF_INET6, AF_UNIX}) CHECK(dies_of([family] { ::socket(family, SOCK_STREAM, 0); }));
  for (const int family : {AF_INET, AF_INET6}) CHECK(dies_of([family] { ::socket(family, SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_TCP); }));
  CHECK(dies_of([] { ::connect(0, nullptr, 0); }));
  for (int i = 0; i < attempt_count; ++i) {
    INFO(attempts[i].name);
    CHECK(dies_of([i] { attempts[i].run(); }));
  }
}

TEST_CASE("what conversations need is allowed") {
  if (!restricted()) return;
  CHECK(in_sandbox(somebody, use_what_is_allowed) == 0);
}

TEST_CASE("abort and a failed assertion end the worker as they should, with its own signal") {
  if (!restricted()) return;
  CHECK(ended_by(in_sandbox(somebody, []() -> int { std::abort(); }), SIGABRT));
  CHECK(ended_by(in_sandbox(somebody, []() -> int { std::terminate(); }), SIGABRT));
}

TEST_CASE("an exception that nobody catches is an abort") {
  if (!restricted()) return;
  const auto uncaught = []() noexcept -> int { return std::stoi("no number"); };
  CHECK(ended_by(in_sandbox(somebody, uncaught), SIGABRT));
}

TEST_CASE("a worker that root started cannot become root again") {
  if (!root()) return;
  CHECK(in_sandbox(with_calls, try_the_way_back) == 0);
}

TEST_CASE("a worker that root started finds no files") {
  if (!root()) return;
  CHECK(in_sandbox(with_calls, look_for_files) == 0);
}

TEST_CASE("a worker that root started finds no files where nothing can be written either") {
  if (!root()) return;
  const pid_t child = ::fork();
  if (child == 0) {
    if (!write_nowhere()) ::_exit(77);
    if (!enter_sandbox(with_calls)) ::_exit(99);
    const int wrong = look_for_files();
    ::_exit(wrong != 0 ? wrong : try_the_way_back() == 0 ? 0 : 98);
  }
  int status = -1;
  REQUIRE(::waitpid(child, &status, 0) == child);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
    WARN("no mounts can be made here: not checked");
  else
    CHECK(status == 0);
}

TEST_CASE("root's worker does not start without a user, or as root") {
  if (!root()) return;
  const auto nothing = [] { return 0; };
  for (const SandboxOptions& options :
       {SandboxOptions{}, SandboxOptions{.uid = 0, .gid = 0}, SandboxOptions{.uid = 65534, .gid = 0},
        SandboxOptions{.uid = 65534, .gid = {}}})
    CHECK(WEXITSTATUS(in_sandbox(options, nothing)) == 99);
}

TEST_CASE("another user's worker stays that user, and has the list of system calls all the same") {
  if (!root()) return;
  const auto as_nobody = [](const std::function<int()>& what, bool calls, gid_t group = 1234) {
    const pid_t child = ::fork();
    if (child == 0) {
      if (::setgroups(0, nullptr) != 0 || ::setresgid(group, group, group) != 0 ||
          ::setresuid(1234, 1234, 1234) != 0)
        ::_exit(98);
      ::_exit(enter_sandbox({.uid = {}, .gid = {}, .system_calls = calls}) ? what() : 99);
    }
    int status = -1;
    ::waitpid(child, &status, 0);
    return status;
  };
  CHECK(as_nobody([] { return ::getuid() == 1234 && ::prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 ? 0 : 1; },
                  false) == 0);
  if (restricted()) CHECK(ended_by(as_nobody([] { return ::open("/", O_RDONLY); }, true), SIGSYS));
  // Containers run programs like this.
  CHECK(as_nobody([] { return ::getuid() == 1234 && ::getgid() == 0 ? 0 : 1; }, false, 0) == 0);
}

TEST_CASE("the user of a worker comes from its environment") {
  ::setenv("XSUPERD_WORKER_UID", "4294967294", 1);
  ::setenv("XSUPERD_WORKER_GID", "12x", 1);
  const SandboxOptions options = sandbox_from_environment();
  ::unsetenv("XSUPERD_WORKER_UID");
  ::unsetenv("XSUPERD_WORKER_GID");
  CHECK(options.uid == 4294967294U);
  CHECK_FALSE(options.gid);
  CHECK_FALSE(sandbox_from_environment().uid);
}

TEST_CASE("a running worker of root's is as described") {
  if (!root()) return;
  Bench bench(Client::Options{.recipe = test_recipe({.uid = 65534, .gid = 65533}), .start_now = true});
  const pid_t pid = bench.ready_worker();
  const std::string proc = "/proc/" + std::to_string(pid);

  CHECK(status_of(pid, "Name") == "xsuperd-worker");
  CHECK(status_of(pid, "Uid") == "65534\t65534\t65534\t65534");
  CHECK(status_of(pid, "Gid") == "65533\t65533\t65533\t65533");
  CHECK(status_of(pid, "Groups").find_first_not_of(' ') == std::string::npos);
  CHECK(status_of(pid, "Umask") == "0077");
  CHECK(status_of(pid, "NoNewPrivs") == "1");
  for (const char* set : {"CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"})
    CHECK(status_of(pid, set) == "0000000000000000");
  CHECK(status_of(pid, "Seccomp") == (system_calls_restricted() ? "2" : "0"));

  CHECK(std::filesystem::read_symlink(proc + "/root").string().find("(deleted)") != std::string::npos);
  CHECK(std::filesystem::is_empty(proc + "/root"));
  CHECK(std::filesystem::read_symlink(proc + "/cwd").string().find("(deleted)") != std::string::npos);
  CHECK(limits_of(pid, "Max core file size") == std::pair<std::string, std::string>("0", "0"));
  CHECK(limits_of(pid, "Max file size") == std::pair<std::string, std::string>("0", "0"));
  const auto files = limits_of(pid, "Max open files");
  CHECK(files.first == files.second);

  const auto open = open_files(pid);
  CHECK(std::count(open.begin(), open.end(), "/dev/null") == 3);
  CHECK(std::count_if(open.begin(), open.end(),
                      [](const auto& name) { return name.starts_with("socket:"); }) == 1);
  CHECK(std::count_if(open.begin(), open.end(), [](const auto& name) {
          return name.starts_with("/") && name != "/dev/null" && name.find("coverage") == std::string::npos;
        }) == 0);
}

TEST_CASE("a conversation that breaks out of the list costs its worker, and the next one serves") {
  if (!restricted()) return;
  Bench bench;
  const base::Fd good = bench.start(1, Kind::echo);
  bench.talk(good);
  const base::Fd bad = bench.start(2, Kind::chargen);
  write_all(bad, std::string(1, '\0'));  // the first of the attempts
  run_until(bench.loop, [&] { return bench.ended(1) && bench.ended(2) && !bench.troubles.empty(); });
  CHECK(bench.endings.at(1).lost());
  CHECK(bench.endings.at(2).lost());
  CHECK(bench.troubles.front().find("ended with signal 31; 2 conversations are lost") != std::string::npos);
  bench.talk(bench.start(3, Kind::echo));
}

TEST_CASE("signals that are meant for the daemon do not end a worker, SIGTERM does") {
  Bench bench;
  const base::Fd peer = bench.start(1, Kind::echo);
  bench.talk(peer);
  const pid_t pid = bench.ready_worker();
  for (const int number : {SIGHUP, SIGINT, SIGQUIT, SIGUSR1, SIGUSR2, SIGPIPE})
    REQUIRE(::kill(pid, number) == 0);
  bench.talk(peer);
  CHECK(bench.client->workers() == std::vector<pid_t>{pid});
  REQUIRE(::kill(pid, SIGTERM) == 0);
  run_until(bench.loop, [&] { return !bench.troubles.empty(); });
  CHECK(bench.troubles.front().find("ended with signal 15; 1 conversation is lost") != std::string::npos);
}
