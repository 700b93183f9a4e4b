// SPDX-License-Identifier: MIT
#include "worker/seccomp.hpp"

#include "xsuperd/worker/process.hpp"

#if defined(XSUPERD_HAVE_SECCOMP) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define XSUPERD_RESTRICT 1
#include <fcntl.h>
#include <netinet/in.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include <cerrno>
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
constexpr int allowed[] = {
    // bytes in and out
    SCMP_SYS(read), SCMP_SYS(write), SCMP_SYS(readv), SCMP_SYS(writev), SCMP_SYS(recvfrom), SCMP_SYS(recvmsg),
    SCMP_SYS(recvmmsg), SCMP_SYS(recvmmsg_time64), SCMP_SYS(sendto), SCMP_SYS(sendmsg), SCMP_SYS(sendmmsg),
    SCMP_SYS(recv), SCMP_SYS(send), SCMP_SYS(splice), SCMP_SYS(pipe2),
    // sockets that we were given or that socket() below has made
    SCMP_SYS(close), SCMP_SYS(shutdown), SCMP_SYS(connect), SCMP_SYS(getsockopt), SCMP_SYS(getsockname),
    SCMP_SYS(getpeername), SCMP_SYS(fcntl), SCMP_SYS(fcntl64),
    // the loop
    SCMP_SYS(epoll_create1), SCMP_SYS(epoll_ctl), SCMP_SYS(epoll_wait), SCMP_SYS(epoll_pwait),
    SCMP_SYS(epoll_pwait2), SCMP_SYS(poll), SCMP_SYS(ppoll), SCMP_SYS(eventfd2), SCMP_SYS(timerfd_create),
    SCMP_SYS(timerfd_settime), SCMP_SYS(timerfd_gettime),
    // time, where the kernel's page for it does not serve
    SCMP_SYS(clock_gettime), SCMP_SYS(clock_gettime64), SCMP_SYS(gettimeofday), SCMP_SYS(time),
    SCMP_SYS(clock_nanosleep), SCMP_SYS(nanosleep),
    // memory and locks
    SCMP_SYS(brk), SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(madvise), SCMP_SYS(futex),
    SCMP_SYS(getrandom),
    // signals to ourselves, abort(), the end
    SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigreturn), SCMP_SYS(getpid),
    SCMP_SYS(gettid), SCMP_SYS(sched_yield), SCMP_SYS(restart_syscall), SCMP_SYS(exit), SCMP_SYS(exit_group),
    // what stdio asks of an open descriptor before a last word
    SCMP_SYS(fstat), SCMP_SYS(fstat64)};

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
  decltype(&::seccomp_load) load;
  decltype(&::seccomp_release) release;

  void find(base::Library& in) {
    in.find("seccomp_init", init).find("seccomp_rule_add_array", add_rule);
    in.find("seccomp_load", load).find("seccomp_release", release);
  }
};

/// Between the two steps that need them.
std::optional<base::Library> library;
Seccomp seccomp;

class Filter {
 public:
  Filter() : context_(seccomp.init(SCMP_ACT_KILL_PROCESS), seccomp.release) {
    if (!context_) error_ = ENOMEM;
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

void allow_sockets(Filter& filter) {
  for (const int family : {AF_INET, AF_INET6})
    filter.allow(SCMP_SYS(socket), {equals(0, static_cast<unsigned long>(family)),
                                    equals_without(1, SOCK_NONBLOCK | SOCK_CLOEXEC, SOCK_STREAM)});
  // Not the options of IP itself: there are firewalls and routing behind them.
  for (const int level : {SOL_SOCKET, static_cast<int>(IPPROTO_TCP)})
    filter.allow(SCMP_SYS(setsockopt), {equals(1, static_cast<unsigned long>(level))});
  for (const unsigned long request : {FIONBIO, FIONREAD}) filter.allow(SCMP_SYS(ioctl), {equals(1, request)});
}

void allow_memory(Filter& filter) {
  for (const int call : {SCMP_SYS(mmap), SCMP_SYS(mmap2), SCMP_SYS(mprotect)})
    filter.allow(call, {{2, SCMP_CMP_MASKED_EQ, PROT_EXEC, 0}});
}

int install_filter() {
  Filter filter;
  for (const int call : allowed) filter.allow(call);
  allow_sockets(filter);
  allow_memory(filter);
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

int restrict_system_calls() {
  if (!library) return ELIBACC;
  const int error = install_filter();
  library.reset();  // needed no more, and takes its memory with it
  return error;
}

#else

bool system_calls_restricted() { return false; }

int load_seccomp() { return 0; }
int restrict_system_calls() { return 0; }

#endif

}  // namespace xsuperd::worker
