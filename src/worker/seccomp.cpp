// SPDX-License-Identifier: MIT
#include "worker/seccomp.hpp"

#include "xsuperd/worker/process.hpp"

#if defined(XSUPERD_HAVE_SECCOMP) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define XSUPERD_RESTRICT 1
#include <fcntl.h>
#include <linux/futex.h>
#include <linux/sockios.h>
#include <linux/tls.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <utility>

#include "xsuperd/base/library.hpp"
#endif

namespace xsuperd::worker {

#ifdef XSUPERD_RESTRICT

namespace {

/// What the event loop, the conversations, the allocator and the end of a process need, whatever the
/// arguments. Nothing here opens, names or executes a file, makes a process, or reaches one that is not ours.
/// docs/worker-system-calls.md has the reason for each; tests/worker/system_calls.test.cpp holds this against it.
constexpr int allowed[] = {
    // bytes in and out
    SCMP_SYS(read), SCMP_SYS(write), SCMP_SYS(writev), SCMP_SYS(recvfrom), SCMP_SYS(recvmmsg),
    SCMP_SYS(recvmmsg_time64), SCMP_SYS(sendto), SCMP_SYS(sendmmsg), SCMP_SYS(recv), SCMP_SYS(send),
    SCMP_SYS(splice), SCMP_SYS(pipe2),
    // sockets that we were given or that socket() below has made
    SCMP_SYS(close), SCMP_SYS(shutdown),
    // the loop
    SCMP_SYS(epoll_create1), SCMP_SYS(epoll_ctl), SCMP_SYS(epoll_wait), SCMP_SYS(epoll_pwait), SCMP_SYS(eventfd2),
    SCMP_SYS(timerfd_create), SCMP_SYS(timerfd_settime), SCMP_SYS(timerfd_settime64),
    // time, where the kernel's page for it does not serve
    SCMP_SYS(clock_gettime), SCMP_SYS(clock_gettime64), SCMP_SYS(gettimeofday), SCMP_SYS(time),
    // memory
    SCMP_SYS(brk), SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(madvise), SCMP_SYS(getrandom),
    // signals to ourselves, abort(), the end
    SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigreturn), SCMP_SYS(getpid), SCMP_SYS(gettid),
    SCMP_SYS(restart_syscall), SCMP_SYS(exit_group),
    // what stdio asks of an open descriptor before a last word
    SCMP_SYS(fstat), SCMP_SYS(fstat64)};

constexpr unsigned long level_tls = 282;  // SOL_TLS, which not every C library names

/// Bytes. What the conversations ask for is a quarter of it.
constexpr unsigned long largest_pipe = 1024 * 1024;

/// An argument of 32 bits; the other half of the register may hold anything.
scmp_arg_cmp equals(unsigned argument, unsigned long value) {
  return {argument, SCMP_CMP_MASKED_EQ, 0xffffffffUL, value & 0xffffffffUL};
}

/// An argument of 32 bits, but for these.
scmp_arg_cmp equals_without(unsigned argument, unsigned long ignored, unsigned long value) {
  return {argument, SCMP_CMP_MASKED_EQ, 0xffffffffUL & ~ignored, value};
}

/// What is used of libseccomp.
struct Seccomp {
  decltype(&::seccomp_init) init;
  decltype(&::seccomp_rule_add_array) add_rule;
  decltype(&::seccomp_attr_set) set_attribute;
  decltype(&::seccomp_load) load;
  decltype(&::seccomp_release) release;

  void find(base::Library& in) {
    in.find("seccomp_init", init).find("seccomp_rule_add_array", add_rule);
    in.find("seccomp_attr_set", set_attribute).find("seccomp_load", load).find("seccomp_release", release);
  }
};

/// Between the two steps that need them.
std::optional<base::Library> library;
Seccomp seccomp;

class Filter {
 public:
  /// Whoever calls as another architecture's program would is refused as well.
  explicit Filter(std::uint32_t refusal) : context_(seccomp.init(refusal), seccomp.release) {
    error_ = context_ ? -seccomp.set_attribute(context_.get(), SCMP_FLTATR_ACT_BADARCH, refusal) : ENOMEM;
    // A tree in place of a list: what has conditions is looked for in each conversation. Older libraries refuse.
    if (context_) (void)seccomp.set_attribute(context_.get(), SCMP_FLTATR_CTL_OPTIMIZE, 2);
  }
  void allow(int call, std::initializer_list<scmp_arg_cmp> arguments = {}) {
    if (error_ != 0) return;
    error_ = -seccomp.add_rule(context_.get(), SCMP_ACT_ALLOW, call,
                               static_cast<unsigned>(arguments.size()), arguments.begin());
  }
  [[nodiscard]] int load() { return error_ != 0 ? error_ : -seccomp.load(context_.get()); }

 private:
  std::unique_ptr<void, void (*)(void*)> context_;
  int error_ = 0;
};

void allow_new_sockets(Filter& filter) {
  filter.allow(SCMP_SYS(connect));
  for (const int family : {AF_INET, AF_INET6})
    filter.allow(SCMP_SYS(socket), {equals(0, static_cast<unsigned long>(family)),
                                    equals_without(1, SOCK_NONBLOCK | SOCK_CLOEXEC, SOCK_STREAM),
                                    equals(2, IPPROTO_TCP)});
}

void allow_socket_options(Filter& filter) {
  // No others: there are firewalls, routing, filters and signals behind them.
  for (const auto& [level, option] : {std::pair<unsigned long, unsigned long>{SOL_SOCKET, SO_KEEPALIVE},
                                      {SOL_SOCKET, SO_OOBINLINE},
                                      {SOL_SOCKET, SO_LINGER},
                                      {IPPROTO_TCP, TCP_NODELAY}})
    filter.allow(SCMP_SYS(setsockopt), {equals(1, level), equals(2, option)});
  filter.allow(SCMP_SYS(getsockopt), {equals(1, SOL_SOCKET), equals(2, SO_ERROR)});
}

/// Not the commands that have the kernel send signals, or tell of files.
void allow_descriptor_flags(Filter& filter) {
  for (const int call : {SCMP_SYS(fcntl), SCMP_SYS(fcntl64)}) {
    filter.allow(call, {equals(1, F_SETFL), equals_without(2, O_NONBLOCK, 0)});
    filter.allow(call, {equals(1, F_SETPIPE_SZ), {2, SCMP_CMP_LE, largest_pipe, 0}});
    filter.allow(call, {equals(1, F_GETPIPE_SZ)});
  }
  for (const unsigned long request : {FIONBIO, SIOCOUTQ}) filter.allow(SCMP_SYS(ioctl), {equals(1, request)});
}

void allow_memory(Filter& filter) {
  constexpr unsigned long own = MAP_PRIVATE | MAP_ANONYMOUS;
  for (const int call : {SCMP_SYS(mmap), SCMP_SYS(mmap2)})
    filter.allow(call, {{2, SCMP_CMP_MASKED_EQ, PROT_EXEC, 0}, {3, SCMP_CMP_MASKED_EQ, own, own}});
  filter.allow(SCMP_SYS(mprotect), {{2, SCMP_CMP_MASKED_EQ, PROT_EXEC, 0}});
  for (const unsigned long operation : {FUTEX_WAIT, FUTEX_WAKE, FUTEX_WAIT_BITSET})
    for (const int call : {SCMP_SYS(futex), SCMP_SYS(futex_time64)})
      filter.allow(call, {equals_without(1, FUTEX_PRIVATE_FLAG | FUTEX_CLOCK_REALTIME, operation)});
}

/// A connection is left to the kernel with its keys.
void allow_kernel_tls(Filter& filter) {
  filter.allow(SCMP_SYS(setsockopt), {equals(1, IPPROTO_TCP), equals(2, TCP_ULP)});
  for (const unsigned long direction : {TLS_TX, TLS_RX})
    filter.allow(SCMP_SYS(setsockopt), {equals(1, level_tls), equals(2, direction)});
}

int install_filter(std::uint32_t refusal, Allowed also) {
  Filter filter(refusal);
  for (const int call : allowed) filter.allow(call);
  if (also.sockets) allow_new_sockets(filter);
  allow_socket_options(filter);
  allow_descriptor_flags(filter);
  allow_memory(filter);
  if (also.tls) allow_kernel_tls(filter);
  // abort() signals itself only; a stranger's number would be another process.
  filter.allow(SCMP_SYS(tgkill), {equals(0, static_cast<unsigned long>(::getpid()))});
  filter.allow(SCMP_SYS(newfstatat), {equals(3, AT_EMPTY_PATH)});
  return filter.load();
}

}  // namespace

bool system_calls_restricted() { return true; }

int load_seccomp() {
  auto loaded = base::Library::load(XSUPERD_SECCOMP_FILE);
  if (!loaded) return ELIBACC;
  const auto functions = base::find_functions<Seccomp>(*loaded);
  if (!functions) return ELIBBAD;
  library.emplace(std::move(*loaded));
  seccomp = *functions;
  return 0;
}

int restrict_system_calls(Refused refused, Allowed also) {
  if (!library) return ELIBACC;
  const int error = install_filter(refused == Refused::trapped ? SCMP_ACT_TRAP : SCMP_ACT_KILL_PROCESS, also);
  library.reset();  // needed no more, and takes its memory with it
  return error;
}

#else

bool system_calls_restricted() { return false; }

int load_seccomp() { return 0; }
int restrict_system_calls(Refused, Allowed) { return 0; }

#endif

}  // namespace xsuperd::worker
