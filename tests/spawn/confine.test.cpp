// SPDX-License-Identifier: MIT
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cerrno>
#include <cstdlib>

#include "spawn/harness.hpp"

using namespace xsuperd::spawn;
using namespace xsuperd::spawn::testing;
namespace base = xsuperd::base;

namespace {

constexpr uid_t nobody = 65534;
constexpr unsigned chown_number = 0, kill_number = 5, bind_service = 10;

bool root() {
  if (::geteuid() == 0) return true;
  WARN("skipped: only root can change the user");
  return false;
}

std::uint64_t bit(unsigned capability) { return std::uint64_t{1} << capability; }

Recipe status_of(std::string lines, std::optional<uid_t> user = std::nullopt) {
  Recipe recipe = shell("exec grep -E '^(" + lines + "):' /proc/self/status");
  if (user) recipe.credentials = Credentials{.uid = *user, .gid = *user, .groups = {}};
  return recipe;
}

Recipe capabilities_of(std::optional<uid_t> user, CapabilityBounds bounds) {
  Recipe recipe = status_of("CapInh|CapPrm|CapEff|CapBnd|CapAmb", user);
  recipe.capabilities = bounds;
  return recipe;
}

std::string capability_lines(std::uint64_t inheritable, std::uint64_t permitted, std::uint64_t bounding, std::uint64_t ambient) {
  char text[200];
  const auto word = [](std::uint64_t set) { return static_cast<unsigned long long>(set); };
  std::snprintf(text, sizeof text, "CapInh:\t%016llx\nCapPrm:\t%016llx\nCapEff:\t%016llx\nCapBnd:\t%016llx\nCapAmb:\t%016llx\n", word(inheritable),
                word(permitted), word(permitted), word(bounding), word(ambient));
  return text;
}

std::uint64_t own_bounding_set() {
  std::uint64_t set = 0;
  for (unsigned number = 0; number < 64; ++number)
    if (::prctl(PR_CAPBSET_READ, number) == 1) set |= bit(number);
  return set;
}

/// A socket that listens at a port of the system's choice, and that port.
struct Listening {
  base::Fd fd{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  std::uint16_t port = 0;
  Listening() {
    sockaddr_in at{};
    socklen_t size = sizeof at;
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    REQUIRE(::bind(fd.get(), reinterpret_cast<sockaddr*>(&at), size) == 0);
    REQUIRE(::listen(fd.get(), 5) == 0);
    REQUIRE(::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&at), &size) == 0);
    port = ntohs(at.sin_port);
  }
};

std::string connecting_to(std::uint16_t port, std::optional<std::vector<std::uint16_t>> ports) {
  Recipe recipe = shell("exec bash --norc -c '(exec 3<>/dev/tcp/127.0.0.1/" + std::to_string(port) + ") 2>/dev/null && echo open || echo closed'");
  recipe.no_new_privileges = ports.has_value();
  recipe.connect_ports = std::move(ports);
  Bench bench;
  return bench.output_of(std::move(recipe));
}

bool landlock_for_tcp() {
  if (::syscall(444, nullptr, 0, 1U) >= 4) return true;
  WARN("skipped: this kernel has no Landlock rules for TCP");
  return false;
}

/// Everything may be called.
std::shared_ptr<const std::vector<sock_filter>> open_filter() {
  return std::make_shared<const std::vector<sock_filter>>(1, sock_filter BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
}

}  // namespace

TEST_CASE("new privileges are forbidden where the recipe says so") {
  Bench bench;
  Recipe recipe = status_of("NoNewPrivs");
  CHECK(bench.output_of(recipe) == "NoNewPrivs:\t0\n");
  recipe.no_new_privileges = true;
  CHECK(bench.output_of(recipe) == "NoNewPrivs:\t1\n");
  CHECK(::prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 0);  // ours, whose memory the child had
}

TEST_CASE("without capabilities there are none left, and none to be had again") {
  if (!root()) return;
  Bench bench;
  const std::uint64_t before = own_bounding_set();
  CHECK(bench.output_of(capabilities_of(nobody, {})) == capability_lines(0, 0, 0, 0));
  CHECK(bench.output_of(capabilities_of(0, {})) == capability_lines(0, 0, 0, 0));
  CHECK(bench.output_of(capabilities_of(std::nullopt, {})) == capability_lines(0, 0, 0, 0));
  CHECK(own_bounding_set() == before);
}

TEST_CASE("the bounding set is cut to what is allowed, and another user has none of it") {
  if (!root()) return;
  Bench bench;
  const std::uint64_t rest = own_bounding_set() & ~bit(chown_number);
  CHECK(bench.output_of(capabilities_of(nobody, {.allowed = ~bit(chown_number)})) == capability_lines(0, 0, rest, 0));
  CHECK(bench.output_of(capabilities_of(0, {.allowed = ~bit(chown_number)})) == capability_lines(0, rest, rest, 0));
}

TEST_CASE("capabilities that are to be passed on reach a server of another user, and nothing else does") {
  if (!root()) return;
  Bench bench;
  const std::uint64_t two = bit(bind_service) | bit(kill_number);
  const Recipe recipe = capabilities_of(nobody, {.allowed = two, .required = two, .ambient = true});
  CHECK(bench.output_of(recipe) == capability_lines(two, two, two, two));
  Recipe with_more = recipe;
  with_more.no_new_privileges = true;
  CHECK(bench.output_of(with_more) == capability_lines(two, two, two, two));
}

TEST_CASE("root keeps the capabilities that are named") {
  if (!root()) return;
  Bench bench;
  const std::uint64_t one = bit(bind_service);
  CHECK(bench.output_of(capabilities_of(0, {.allowed = one, .required = one})) == capability_lines(0, one, one, 0));
}

TEST_CASE("a server that would lack a capability that it is to have is not started") {
  if (!root()) return;
  Bench bench;
  const std::uint64_t none_such = bit(63);
  for (const uid_t user : {uid_t{0}, nobody}) {
    const StartFailed failed = bench.failure_of(capabilities_of(user, {.allowed = none_such, .required = none_such, .ambient = user != 0}));
    CHECK(failed.step == Step::verify);
    CHECK(failed.error == EPERM);
  }
}

TEST_CASE("who may not cut the bounding set starts servers without new privileges only") {
  Bench bench;
  const bool was_root = ::geteuid() == 0;
  if (was_root) REQUIRE(::seteuid(nobody) == 0);
  Recipe recipe = status_of("CapPrm|CapEff|CapAmb");
  recipe.capabilities = CapabilityBounds{};
  const StartFailed failed = bench.failure_of(recipe);
  recipe.no_new_privileges = true;
  const std::string output = bench.output_of(recipe);
  if (was_root && ::seteuid(0) != 0) std::abort();
  CHECK(failed.step == Step::capabilities);
  CHECK(failed.error == EPERM);
  CHECK(output == "CapPrm:\t0000000000000000\nCapEff:\t0000000000000000\nCapAmb:\t0000000000000000\n");
}

TEST_CASE("a server connects to the ports that are listed, and to no others") {
  if (!landlock_for_tcp()) return;
  const Listening one;
  const Listening other;
  CHECK(connecting_to(one.port, std::nullopt) == "open\n");
  CHECK(connecting_to(one.port, std::vector<std::uint16_t>{}) == "closed\n");
  CHECK(connecting_to(one.port, std::vector{other.port, one.port}) == "open\n");
  CHECK(connecting_to(one.port, std::vector{other.port}) == "closed\n");
}

TEST_CASE("rules for connections do not need a descriptor that the limits leave") {
  if (!landlock_for_tcp()) return;
  Bench bench;
  Recipe recipe = shell("echo ran");
  recipe.no_new_privileges = true;
  recipe.connect_ports.emplace();
  recipe.limits = {{RLIMIT_NOFILE, 3, 3}};
  recipe.path = "/bin/echo";  // which the linker cannot load then: it has been executed, though
  Pair pair = make_pair();
  Outcome outcome = bench.start(std::move(recipe), std::move(pair.server));
  REQUIRE(std::holds_alternative<Started>(outcome));
  bench.wait_for(std::get<Started>(std::move(outcome)));
}

namespace {

bool landlock_for_files() {
  if (::syscall(444, nullptr, 0, 1U) >= 3) return true;
  WARN("skipped: this kernel has no Landlock rules for truncating files (Linux 6.2)");
  return false;
}

/// A directory with a file in each of two others; gone when this goes.
struct Tree {
  Tree() {
    REQUIRE(::mkdtemp(name) != nullptr);
    run("mkdir a b a/deep && echo old > a/file && echo old > b/file && mkfifo b/fifo");
  }
  ~Tree() { run("rm -r a b; rmdir ../\"${PWD##*/}\""); }
  void run(const std::string& script) const { CHECK(std::system(("cd " + path() + " && " + script).c_str()) == 0); }
  [[nodiscard]] std::string path() const { return name; }
  char name[40] = "/tmp/xsuperd-tree-XXXXXX";
};

/// What the script says when it can write below `writable` only, "could" or "refused" for each command.
std::string tried(const Tree& tree, std::vector<std::string> writable, std::initializer_list<std::string> commands, std::vector<std::uint16_t> ports = {}) {
  std::string script = "cd " + tree.path();
  for (const std::string& one : commands) script += "; (" + one + ") >/dev/null 2>&1 && echo could || echo refused";
  Bench bench;
  Recipe recipe = shell(script);
  recipe.no_new_privileges = true;
  recipe.writable_files = std::move(writable);
  if (!ports.empty()) recipe.connect_ports = std::move(ports);
  return bench.output_of(std::move(recipe));
}

std::string all(int number, const std::string& word) {
  std::string text;
  for (int i = 0; i < number; ++i) text += word + "\n";
  return text;
}

}  // namespace

TEST_CASE("with rules about files a server reads everything, and writes where it is said only") {
  if (!landlock_for_files()) return;
  const Tree tree;
  const std::string a = tree.path() + "/a";
  CHECK(tried(tree, {a}, {"cat b/file", "ls b", "sh -c true", "stat b/file", "echo x > /dev/null"}) == all(5, "could"));
  CHECK(tried(tree, {a}, {"echo x > a/file", "echo x > a/deep/new", "mv a/deep/new a/new", "ln a/new a/other", "mkdir a/x && rmdir a/x", "mkfifo a/p", "ln -s x a/s", "rm a/new"}) == all(8, "could"));
  CHECK(tried(tree, {a}, {"echo x > b/file", "echo x >> b/file", ": > b/file", "truncate -s 0 b/file", "echo x > b/new", "mv b/file b/x", "ln b/file b/x", "mkdir b/x", "mkfifo b/p", "ln -s x b/s", "rm b/file",
                            "mv b/file a/taken", "ln b/file a/taken", "mv a/file b/given", "echo x > ../xsuperd-new", "echo 9 > /proc/self/oom_score_adj", "exec 5<>b/fifo"}) == all(17, "refused"));
  // A file by itself; nothing at all; two of them.
  CHECK(tried(tree, {a + "/file"}, {"echo x > a/file", "rm a/file", "echo x > a/n"}) == "could\nrefused\nrefused\n");
  CHECK(tried(tree, {}, {"echo x > a/file", "cat a/file", "echo x > /dev/null"}) == "refused\ncould\ncould\n");
  CHECK(tried(tree, {a, tree.path() + "/b"}, {"echo x > a/file", "echo x > b/file", "mv a/file b/other", "echo x > c"}) == "could\ncould\ncould\nrefused\n");
  if (landlock_for_tcp()) CHECK(tried(tree, {a}, {"echo x > a/file", "echo x > b/other"}, {1}) == "could\nrefused\n");
}

TEST_CASE("a server whose rules name a file that is not there is not started") {
  if (!landlock_for_files()) return;
  Bench bench;
  Recipe recipe = shell("echo never");
  recipe.no_new_privileges = true;
  recipe.writable_files = {"/nonexistent"};
  const StartFailed failed = bench.failure_of(std::move(recipe));
  CHECK(failed.step == Step::files);
  CHECK(failed.error == ENOENT);
}

TEST_CASE("a filter is in force when the server runs, and was not in the way of its start") {
  Bench bench;
  Recipe recipe = status_of("Seccomp");
  CHECK(bench.output_of(recipe) == "Seccomp:\t0\n");
  recipe.no_new_privileges = true;
  recipe.filter = open_filter();
  CHECK(bench.output_of(recipe) == "Seccomp:\t2\n");
  CHECK(::prctl(PR_GET_SECCOMP, 0, 0, 0, 0) == 0);
}

TEST_CASE("a server that should have a filter, and for which there is none, is not started") {
  Bench bench;
  Recipe recipe = shell("echo ran");
  recipe.filter_error = ENOSYS;
  const StartFailed failed = bench.failure_of(recipe);
  CHECK(failed.step == Step::filter);
  CHECK(failed.error == ENOSYS);
}

TEST_CASE("a filter that the kernel does not take stops the start, as do restrictions that keep new privileges") {
  Bench bench;
  Recipe recipe = shell("echo ran");
  recipe.no_new_privileges = true;
  recipe.filter = std::make_shared<const std::vector<sock_filter>>(1, sock_filter{0xffff, 0, 0, 0});
  CHECK(bench.failure_of(recipe).step == Step::filter);
  if (!root()) return;
  recipe.filter = open_filter();
  recipe.no_new_privileges = false;
  recipe.credentials = Credentials{.uid = nobody, .gid = nobody, .groups = {}};
  const StartFailed failed = bench.failure_of(recipe);
  CHECK(failed.step == Step::filter);
  CHECK(failed.error == EACCES);
}
