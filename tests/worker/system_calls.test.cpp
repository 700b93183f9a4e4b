// SPDX-License-Identifier: MIT
// The worker's attack surface, tried: every number of a system call, and the commands of those that take commands.
// What was let through must be what the table in docs/worker-system-calls.md tells, row by row.
#include <dlfcn.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <catch2/catch.hpp>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fstream>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "worker/harness.hpp"
#include "worker/seccomp.hpp"

using namespace xsuperd::worker;
using namespace xsuperd::worker::testing;

namespace {

constexpr long highest = 600;         // numbers of system calls, with room for those to come
constexpr long x32 = 0x40000000;      // the other way to call on x86-64
constexpr std::size_t most_findings = 8192;

/// A call that was let through, as numbers: the child that found it can do nothing but write into shared memory.
struct Finding {
  long call = 0;
  long first = -1;   // what distinguishes calls of one number; -1: nothing
  long second = -1;
  long third = -1;
};
struct Findings {
  std::size_t count = 0;
  std::size_t tried = 0;
  bool complete = false;
  std::array<Finding, most_findings> list;
};

volatile std::sig_atomic_t refused = 0;

void note_refusal(int) { refused = 1; }

template <typename... Arguments>
bool passes(Findings& findings, long call, Arguments... arguments) {
  refused = 0;
  ++findings.tried;
  ::syscall(call, arguments...);
  return refused == 0;
}

void note(Findings& findings, Finding finding) {
  if (findings.count < most_findings) findings.list[findings.count++] = finding;
}

/// These would end the attempt, and are tried by themselves.
bool of_no_return(long call) { return call == SYS_exit || call == SYS_exit_group || call == SYS_rt_sigreturn; }

/// uretprobe and uprobe of x86-64: newer kernels show them to no filter, and end whoever calls them but their own code.
bool unfilterable(long call) {
#ifdef __x86_64__
  return (call & ~x32) == 335 || (call & ~x32) == 336;
#else
  return call < 0;
#endif
}

/// Arguments with which no call does anything, but fail.
void try_numbers(Findings& findings, long from) {
  for (long call = from; call <= from + highest; ++call)
    if (!of_no_return(call) && !unfilterable(call) && passes(findings, call, -1L, -1L, -1L, -1L, -1L, -1L)) note(findings, {call});
}

void try_descriptor_flags(Findings& findings) {
  for (long command = 0; command < 2048; ++command) {
    if (command == F_SETFL || command == F_SETPIPE_SZ) continue;
    for (const long argument : {0L, -1L, 1L << 20})
      if (passes(findings, SYS_fcntl, -1L, command, argument)) note(findings, {SYS_fcntl, command});
  }
  for (int bit = 0; bit < 32; ++bit)
    if (passes(findings, SYS_fcntl, -1L, long{F_SETFL}, 1L << bit)) note(findings, {SYS_fcntl, F_SETFL, 1L << bit});
  for (const long size : {1L << 16, 1L << 20, (1L << 20) + 1, 1L << 31})
    if (passes(findings, SYS_fcntl, -1L, long{F_SETPIPE_SZ}, size)) note(findings, {SYS_fcntl, F_SETPIPE_SZ, size > 1 << 20 ? size : -1});
  for (long request = 0; request < 0x10000; ++request)
    if (passes(findings, SYS_ioctl, -1L, request, 0L)) note(findings, {SYS_ioctl, request});
  for (long request = 0x40000000; request < 0x100000000; request += 0x4000001)
    if (passes(findings, SYS_ioctl, -1L, request, 0L)) note(findings, {SYS_ioctl, request});
}

void try_sockets(Findings& findings) {
  for (const long call : {long{SYS_setsockopt}, long{SYS_getsockopt}})
    for (long level = 0; level < 300; ++level)
      for (long option = 0; option < 128; ++option)
        if (passes(findings, call, -1L, level, option, 0L, 0L)) note(findings, {call, level, option});
  for (long family = 0; family < 64; ++family)
    for (long type = 0; type < 16; ++type)
      for (const long protocol : {0L, 1L, 6L, 17L, 33L, 132L, 136L, 255L, 262L}) {
        refused = 0;
        ++findings.tried;
        const long fd = ::syscall(SYS_socket, family, type | SOCK_CLOEXEC, protocol);
        if (refused != 0) continue;
        if (fd >= 0) ::syscall(SYS_close, fd);
        note(findings, {SYS_socket, family, type, protocol});
      }
}

void try_memory(Findings& findings) {
  for (long protection = 0; protection < 16; ++protection) {
    if (passes(findings, SYS_mmap, 0L, 0L, protection, long{MAP_PRIVATE | MAP_ANONYMOUS}, -1L, 0L) && (protection & PROT_EXEC))
      note(findings, {SYS_mmap, protection});
    if (passes(findings, SYS_mprotect, -1L, 0L, protection) && (protection & PROT_EXEC))
      note(findings, {SYS_mprotect, protection});
  }
  for (const long flags : {long{MAP_SHARED}, long{MAP_PRIVATE}, long{MAP_SHARED | MAP_ANONYMOUS}})
    if (passes(findings, SYS_mmap, 0L, 0L, long{PROT_READ}, flags, -1L, 0L)) note(findings, {SYS_mmap, -1, flags});
  if (passes(findings, SYS_mmap, 0L, 0L, long{PROT_READ}, long{MAP_PRIVATE | MAP_ANONYMOUS}, -1L, 0L)) note(findings, {SYS_mmap});
  if (passes(findings, SYS_mprotect, -1L, 0L, long{PROT_READ})) note(findings, {SYS_mprotect});
  for (long operation = 0; operation < 32; ++operation)
    for (const long flags : {0L, long{FUTEX_PRIVATE_FLAG}, long{FUTEX_PRIVATE_FLAG | FUTEX_CLOCK_REALTIME}})
      if (passes(findings, SYS_futex, 0L, operation | flags, 0L, 0L, 0L, 0L)) {
        note(findings, {SYS_futex, operation});
        break;
      }
}

void try_others(Findings& findings) {
  const long own = ::getpid();
  for (const long pid : {own, own + 1, 1L, 0L, -1L, long{::getppid()}})
    if (passes(findings, SYS_tgkill, pid, -1L, 0L)) note(findings, {SYS_tgkill, pid == own ? 0 : pid});
  for (const long flags : {0L, long{AT_EMPTY_PATH}, long{AT_SYMLINK_NOFOLLOW}, long{AT_NO_AUTOMOUNT}})
    if (passes(findings, SYS_newfstatat, -1L, "", 0L, flags)) note(findings, {SYS_newfstatat, flags});
}

void try_everything(Findings& findings) {
  try_numbers(findings, 0);
#ifdef __x86_64__
  try_numbers(findings, x32);
#endif
  try_descriptor_flags(findings);
  try_sockets(findings);
  try_memory(findings);
  try_others(findings);
  findings.complete = true;
}

/// A process under the worker's list, on which a refusal is a signal that it can catch.
int under_the_list(bool tls, const std::function<void()>& what) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::alarm(60);
    struct sigaction action {};
    action.sa_handler = note_refusal;
    ::sigaction(SIGSYS, &action, nullptr);
    const bool ready = load_seccomp() == 0 && ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
                       restrict_system_calls(Refused::trapped, {.tls = tls}) == 0;
    if (ready) what();
    ::_exit(ready ? 0 : 99);
  }
  int status = -1;
  REQUIRE(::waitpid(child, &status, 0) == child);
  return status;
}

/// What a number is called, by libseccomp.
std::string name_of(long call) {
  void* library = ::dlopen("libseccomp.so.2", RTLD_NOW);
  REQUIRE(library);
  using Resolve = char* (*)(std::uint32_t, int);
  const auto resolve = reinterpret_cast<Resolve>(::dlsym(library, "seccomp_syscall_resolve_num_arch"));
  REQUIRE(resolve);
  char* text = resolve(0, static_cast<int>(call));
  std::string name = text ? text : "number " + std::to_string(call);
  ::free(text);
  return name;
}

constexpr long level_tls = 282;  // SOL_TLS

using Words = std::map<long, std::string>;

std::string word(const Words& words, long number) {
  const auto found = words.find(number);
  return " " + (found == words.end() ? std::to_string(number) : found->second);
}

/// As the table has it.
std::string text_of(const Finding& finding) {
  static const Words commands{{F_SETFL, "F_SETFL"}, {F_SETPIPE_SZ, "F_SETPIPE_SZ"}, {F_GETPIPE_SZ, "F_GETPIPE_SZ"}};
  static const Words flags{{O_NONBLOCK, "O_NONBLOCK"}};
  static const Words requests{{FIONBIO, "FIONBIO"}, {SIOCOUTQ, "SIOCOUTQ"}};
  static const Words levels{{SOL_SOCKET, "SOL_SOCKET"}, {IPPROTO_TCP, "IPPROTO_TCP"}, {level_tls, "SOL_TLS"}};
  static const Words options{{SO_KEEPALIVE, "SO_KEEPALIVE"}, {SO_OOBINLINE, "SO_OOBINLINE"}, {SO_LINGER, "SO_LINGER"}, {SO_ERROR, "SO_ERROR"}};
  static const Words tcp{{TCP_NODELAY, "TCP_NODELAY"}, {TCP_ULP, "TCP_ULP"}};
  static const Words of_tls{{1, "TLS_TX"}, {2, "TLS_RX"}};
  static const Words families{{AF_INET, "AF_INET"}, {AF_INET6, "AF_INET6"}};
  static const Words types{{SOCK_STREAM, "SOCK_STREAM"}};
  static const Words operations{{FUTEX_WAIT, "FUTEX_WAIT"}, {FUTEX_WAKE, "FUTEX_WAKE"}, {FUTEX_WAIT_BITSET, "FUTEX_WAIT_BITSET"}};
  std::string text = name_of(finding.call);
  switch (finding.call) {
    case SYS_fcntl:
      return text + word(commands, finding.first) + (finding.second < 0 ? "" : word(flags, finding.second));
    case SYS_ioctl:
      return text + word(requests, finding.first);
    case SYS_setsockopt:
    case SYS_getsockopt:
      return text + word(levels, finding.first) + word(finding.first == SOL_SOCKET ? options : finding.first == level_tls ? of_tls : tcp, finding.second);
    case SYS_socket:
      return text + word(families, finding.first) + word(types, finding.second) + word(levels, finding.third);
    case SYS_futex:
      return text + word(operations, finding.first);
    case SYS_tgkill:
      return text + (finding.first == 0 ? " itself" : word({}, finding.first));
    case SYS_newfstatat:
      return text + word({{AT_EMPTY_PATH, "AT_EMPTY_PATH"}}, finding.first);
    case SYS_mmap:
    case SYS_mprotect:
      if (finding.first >= 0) text += " protection" + word({}, finding.first);
      return finding.second >= 0 ? text + " flags" + word({}, finding.second) : text;
    default:
      return text;
  }
}

/// The first column of the table: what stands between back quotes in rows that begin with a back quote.
std::set<std::string> table(bool tls) {
  std::ifstream page(XSUPERD_SYSTEM_CALLS_PAGE);
  REQUIRE(page);
  std::set<std::string> rows;
  for (std::string line; std::getline(page, line);)
    if (line.starts_with("| `") && (tls || line.find("| the worker for TLS alone |") == line.npos)) rows.insert(line.substr(3, line.find('`', 3) - 3));
  return rows;
}

/// Whether this machine has a system call of that name.
bool exists(const std::string& name) {
  for (long call = 0; call <= highest; ++call)
    if (name_of(call) == name) return true;
  return false;
}

}  // namespace

TEST_CASE("what the list of system calls lets through is what the table tells, no more and no less") {
  if (!restricted()) return;
  const bool tls = GENERATE(false, true);
  void* memory = ::mmap(nullptr, sizeof(Findings), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  REQUIRE(memory != MAP_FAILED);
  auto& findings = *new (memory) Findings;
  CHECK(under_the_list(tls, [&] { try_everything(findings); }) == 0);
  CHECK(findings.complete);
  CHECK(findings.count < most_findings);
  CHECK(findings.tried > 100'000);

  std::set<std::string> through;
  for (std::size_t i = 0; i < findings.count; ++i) through.insert(text_of(findings.list[i]));
  // Tried by themselves: they leave no trace in the memory.
  const int left = under_the_list(tls, [] { ::syscall(SYS_exit_group, 7); });
  if (WIFEXITED(left) && WEXITSTATUS(left) == 7) through.insert("exit_group");
  if (under_the_list(tls, [] {
        refused = 0;
        ::raise(SIGSYS);  // its handler returns by it
      }) == 0)
    through.insert("rt_sigreturn");
  const int thread_left = under_the_list(tls, [] {
    refused = 0;
    ::syscall(SYS_exit, 7);
  });
  if (WIFEXITED(thread_left) && WEXITSTATUS(thread_left) == 7) through.insert("exit");

  const std::set<std::string> rows = table(tls);
  for (const std::string& one : through) {
    INFO("let through, and not in the table: " << one);
    CHECK(rows.contains(one));
  }
  for (const std::string& row : rows) {
    INFO("in the table, and refused: " << row);
    CHECK((through.contains(row) || !exists(row.substr(0, row.find(' ')))));
  }
  ::munmap(memory, sizeof(Findings));
}

#ifdef __x86_64__
TEST_CASE("who calls the kernel as a program of 32 bits would ends, too") {
  if (!restricted()) return;
  const pid_t child = ::fork();
  if (child == 0) {
    if (!enter_sandbox({.uid = 65534, .gid = 65533, .system_calls = true})) ::_exit(99);
    long number = 20;  // getpid, there
    asm volatile("int $0x80" : "+a"(number) : : "memory", "r8", "r9", "r10", "r11");
    ::_exit(0);
  }
  int status = -1;
  REQUIRE(::waitpid(child, &status, 0) == child);
  // SIGSEGV: this kernel has no such entry.
  CHECK((WIFSIGNALED(status) && (WTERMSIG(status) == SIGSYS || WTERMSIG(status) == SIGSEGV)));
}
#endif
