// SPDX-License-Identifier: MIT
#include "xsuperd/box/filter.hpp"

#include <fcntl.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/personality.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <catch2/catch.hpp>
#include <csignal>

#include "box/call_sets.hpp"
#include "box/probe.hpp"

using namespace xsuperd::box;
using namespace xsuperd::box::test;
using Base = FilterRequest::Base;
using Action = FilterRequest::Action;

namespace {

bool usable() {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  WARN("skipped: the start of a program with a sanitizer, which this one tries calls with, makes calls of its own");
  return false;
#endif
  if (filter_ability() == FilterAbility::usable) return true;
  WARN("skipped: no libseccomp, or no seccomp in the kernel");
  return false;
}

std::shared_ptr<const FilterProgram> filter(Base base, Action action = Action::error, std::vector<std::string> denied = {}, bool plain_tcp = false) {
  auto made = make_filter({base, action, std::move(denied), plain_tcp});
  INFO((made ? std::string() : made.error().sentence));
  REQUIRE(made.has_value());
  return *made;
}

const std::string killed = "signal " + std::to_string(SIGSYS);

/// Denied by that set, under either action; and not without it.
void check_denied(Base base, const Call& call) {
  INFO("system call " << call.words[0] << ' ' << (call.words.size() > 1 ? call.words[1] : 0));
  CHECK(outcome(filter(base), call) == "EPERM");
  CHECK(outcome(filter(base, Action::kill), call) == killed);
  CHECK(outcome(nullptr, call) != killed);
}

/// What a program that goes on with it gets without the set, it gets with it.
void check_left(Base base, const Call& call) {
  INFO("system call " << call.words[0] << ' ' << (call.words.size() > 1 ? call.words[1] : 0));
  CHECK(outcome(filter(base, Action::kill), call) == outcome(nullptr, call));
}

std::string output_under(Base base, const std::string& script) {
  auto recipe = xsuperd::spawn::testing::shell(script + " 2>&1");
  recipe.no_new_privileges = true;
  recipe.filter = filter(base, Action::kill);
  xsuperd::spawn::testing::Bench bench;
  return bench.output_of(std::move(recipe));
}

constexpr unsigned long nowhere = 1;  // an address that the kernel does not take

}  // namespace

TEST_CASE("@service and @strict deny what no service needs") {
  if (!usable()) return;
  const Base base = GENERATE(Base::service, Base::strict);
  const auto number = GENERATE(as<long>(), SYS_mount, SYS_umount2, SYS_pivot_root, SYS_setns, SYS_unshare, SYS_open_by_handle_at, SYS_init_module,
                               SYS_finit_module, SYS_delete_module, SYS_kexec_load, SYS_reboot, SYS_bpf, SYS_perf_event_open, SYS_syslog,
                               SYS_ptrace, SYS_process_vm_readv, SYS_process_vm_writev, SYS_add_key, SYS_request_key, SYS_keyctl,
                               SYS_io_uring_setup, SYS_io_uring_enter, SYS_io_uring_register, SYS_userfaultfd, SYS_clock_settime,
                               SYS_settimeofday, SYS_adjtimex, SYS_clock_adjtime, SYS_swapon, SYS_swapoff, SYS_acct, SYS_quotactl,
                               SYS_sethostname, SYS_vhangup, SYS_fsopen, SYS_move_mount, SYS_open_tree, SYS_pidfd_getfd);
  INFO("system call " << number);
  // Arguments that do no harm where a row does not hold.
  const Call call{{static_cast<unsigned long>(number), ~0UL, nowhere, ~0UL, ~0UL, ~0UL}};
  CHECK(outcome(filter(base), call) == "EPERM");
  CHECK(outcome(filter(base, Action::kill), call) == killed);
}

TEST_CASE("no server can put characters where a terminal takes its input from, however it writes the request") {
  if (!usable()) return;
  const Base base = GENERATE(Base::service, Base::strict);
  for (const unsigned long request : {static_cast<unsigned long>(TIOCSTI), TIOCSTI | 0xffffffff00000000UL, static_cast<unsigned long>(TIOCLINUX)})
    check_denied(base, {{SYS_ioctl, 0, request, nowhere}});
  check_left(base, {{SYS_ioctl, 0, FIONREAD, nowhere}});
  check_left(base, {{SYS_ioctl, 0, TCGETS, nowhere}});
}

TEST_CASE("processes and threads can be made, and no namespaces with them") {
  if (!usable()) return;
  const Base base = GENERATE(Base::service, Base::strict);
  for (const unsigned long flag : {CLONE_NEWNS, CLONE_NEWCGROUP, CLONE_NEWUTS, CLONE_NEWIPC, CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET})
    check_denied(base, {{SYS_clone, flag | SIGCHLD, 0, 0, 0, 0}});
  CHECK(outcome(filter(base, Action::kill), {{SYS_clone3, nowhere, 88}}) == "ENOSYS");
  CHECK(outcome(nullptr, {{SYS_clone3, nowhere, 88}}) == "EFAULT");
}

TEST_CASE("a server keeps the execution domain that it has") {
  if (!usable()) return;
  const Base base = GENERATE(Base::service, Base::strict);
  check_denied(base, {{SYS_personality, ADDR_NO_RANDOMIZE}});
  check_left(base, {{SYS_personality, PER_LINUX}});
}

TEST_CASE("@strict has sockets for IP, for UNIX and for asking about interfaces only") {
  if (!usable()) return;
  for (const unsigned long family : {AF_UNIX, AF_INET, AF_INET6}) check_left(Base::strict, {{SYS_socket, family, SOCK_STREAM, 0}});
  check_left(Base::strict, {{SYS_socket, AF_NETLINK, SOCK_RAW, 0}});
  check_denied(Base::strict, {{SYS_socket, AF_NETLINK, SOCK_RAW, 9}});
  check_denied(Base::strict, {{SYS_socket, AF_ALG, SOCK_SEQPACKET, 0}});
  check_denied(Base::strict, {{SYS_socket, AF_VSOCK, SOCK_STREAM, 0}});
  check_left(Base::service, {{SYS_socket, AF_ALG, SOCK_SEQPACKET, 0}});
}

TEST_CASE("where connections are restricted nothing opens one past connect(2)") {
  if (!usable()) return;
  const Base base = GENERATE(Base::all, Base::service, Base::strict);
  const std::vector<Call> past{{{SYS_socket, AF_INET, SOCK_STREAM, 262}},
                               {{SYS_socket, AF_INET, SOCK_STREAM, 262 | 1UL << 32}},
                               {{SYS_socket, AF_INET, SOCK_STREAM, 256}},  // IPPROTO_SMC
                               {{SYS_socket, 21, SOCK_SEQPACKET, 0}},      // AF_RDS
                               {{SYS_socket, 41, SOCK_DGRAM, 0}},          // AF_KCM
                               {{SYS_socket, 43, SOCK_STREAM, 0}},         // AF_SMC
                               {{SYS_sendto, ~0UL, nowhere, 1, MSG_FASTOPEN, 0}},
                               {{SYS_sendmsg, ~0UL, nowhere, MSG_FASTOPEN | MSG_DONTWAIT}},
                               {{SYS_sendmmsg, ~0UL, nowhere, 1, MSG_FASTOPEN}}};
  for (const Call& call : past) {
    INFO("system call " << call.words[0]);
    CHECK(outcome(filter(base, Action::error, {"bpf"}, true), call) == "EPERM");
    if (base != Base::strict) CHECK(outcome(filter(base, Action::kill, {"bpf"}), call) != killed);
  }
  const auto kills = filter(base, Action::kill, {"bpf"}, true);
  CHECK(outcome(kills, {{SYS_socket, AF_INET, SOCK_STREAM, 0}}) == "ok");
  CHECK(outcome(kills, {{SYS_socket, AF_INET6, SOCK_STREAM, 6}}) != killed);
  CHECK(outcome(kills, {{SYS_sendto, ~0UL, nowhere, 1, MSG_NOSIGNAL, 0}}) == "EBADF");
  CHECK(outcome(kills, {{SYS_sendmsg, ~0UL, nowhere, 0}}) == "EBADF");
}

TEST_CASE("where rules keep files from being changed nothing changes their attributes either") {
  if (!usable()) return;
  const auto fixed = make_filter({Base::strict, Action::error, {}, false, true});
  REQUIRE(fixed.has_value());
  CHECK(*fixed != filter(Base::strict));
  for (const long number : {long{SYS_fchmod}, long{SYS_fchmodat}, long{SYS_fchown}, long{SYS_fchownat}, long{SYS_utimensat}}) {
    const Call call{{static_cast<unsigned long>(number), ~0UL, nowhere, 0}};
    CHECK(outcome(*fixed, call) == "EPERM");
    CHECK(outcome(filter(Base::strict), call) != "EPERM");
  }
  for (const unsigned long number : {SYS_fsetxattr, SYS_fremovexattr}) CHECK(outcome(*fixed, {{number, ~0UL, nowhere}}) == "EPERM");
  CHECK(outcome(*fixed, {{SYS_getppid}}) == outcome(nullptr, {{SYS_getppid}}));
}

TEST_CASE("@strict denies what it does not list, and @service leaves what it does not list") {
  if (!usable()) return;
  for (const long number : {SYS_chroot, SYS_sched_setscheduler, SYS_setxattr, SYS_msgget}) {
    const Call call{{static_cast<unsigned long>(number), nowhere, ~0UL, nowhere, 0, 0}};
    check_denied(Base::strict, call);
    check_left(Base::service, call);
  }
}

TEST_CASE("a call that is newer than the library fails as it does on an older kernel") {
  if (!usable()) return;
  const Base base = GENERATE(Base::service, Base::strict);
  CHECK(outcome(filter(base, Action::kill), {{2000}}) == "ENOSYS");
}

TEST_CASE("calls can be taken away one by one, from a set or from all") {
  if (!usable()) return;
  const Base base = GENERATE(Base::all, Base::service, Base::strict);
  const Call call{{SYS_getppid}};
  CHECK(outcome(filter(base), call) == "ok");
  CHECK(outcome(filter(base, Action::error, {"getppid"}), call) == "EPERM");
  CHECK(outcome(filter(base, Action::kill, {"getppid"}), call) == killed);
  // Also those that a set looks at more closely, and those of other architectures are passed over.
  const auto more = filter(base, Action::error, {"clone", "clone3", "ioctl", "personality", "socket", "waitpid"});
  CHECK(outcome(more, {{SYS_ioctl, 0, FIONREAD, nowhere}}) == "EPERM");
  CHECK(outcome(more, {{SYS_socket, AF_INET, SOCK_STREAM, 0}}) == "EPERM");
  CHECK(outcome(more, {{SYS_clone3, nowhere, 88}}) == "EPERM");
  CHECK(outcome(more, {{SYS_personality, 0}}) == "EPERM");
  CHECK(outcome(more, call) == "ok");
}

TEST_CASE("shells, perl and python work under both sets") {
  if (!usable()) return;
  const Base base = GENERATE(Base::service, Base::strict);
  CHECK(output_under(base, "echo a | (read x; echo $x; ls / >/dev/null && id -u >/dev/null && date >/dev/null && echo b); sleep 0.01; echo c") == "a\nb\nc\n");
  CHECK(output_under(base, "command -v perl >/dev/null || { echo 7; exit; }; perl -MSocket -e 'print `echo 7`'") == "7\n");
  CHECK(output_under(base, "command -v python3 >/dev/null || { echo 9; exit; }; "
                           "python3 -c 'import threading,subprocess,socket,json,tempfile,select;t=threading.Thread(target=lambda:0);t.start();t.join();"
                           "tempfile.TemporaryFile().write(b\"x\");socket.socket();socket.socketpair();"
                           "print(len(subprocess.check_output([\"echo\",\"12345678\"])))'") == "9\n");
}

#ifdef __x86_64__
TEST_CASE("calls of other architectures are denied") {
  if (!usable()) return;
  const Base base = GENERATE(Base::all, Base::service, Base::strict);
  const std::vector<std::string> denied = base == Base::all ? std::vector<std::string>{"bpf"} : std::vector<std::string>{};
  const Call getpid_of_x32{{0x40000000UL | SYS_getpid}};
  CHECK(outcome(filter(base, Action::error, denied), getpid_of_x32) == "EPERM");
  CHECK(outcome(filter(base, Action::kill, denied), getpid_of_x32) == killed);
  const Call getpid_of_i386{{by_int_0x80 | 20}};
  if (outcome(nullptr, getpid_of_i386) != "ok") {
    WARN("skipped in part: this kernel runs no programs of i386");
    return;
  }
  CHECK(outcome(filter(base, Action::error, denied), getpid_of_i386) == "EPERM");
  CHECK(outcome(filter(base, Action::kill, denied), getpid_of_i386) == killed);
}
#endif

TEST_CASE("equal requests share a program, which fits into the kernel") {
  if (!usable()) return;
  const auto one = filter(Base::service);
  CHECK(one == filter(Base::service));
  CHECK(one != filter(Base::service, Action::kill));
  CHECK(one != filter(Base::service, Action::error, {"getppid"}));
  for (const Base base : {Base::service, Base::strict}) CHECK(filter(base)->size() < 4096);  // BPF_MAXINSNS
}

TEST_CASE("a name that is none of a system call makes no filter") {
  if (!usable()) return;
  CHECK(is_system_call("ptrace") == true);
  CHECK(is_system_call("waitpid") == true);  // of i386
  CHECK(is_system_call("ptrce") == false);
  const auto made = make_filter({Base::all, Action::error, {"ptrce"}});
  REQUIRE(made.has_error());
  CHECK(made.error().sentence == "making a system call filter: unknown system call ptrce");
}

TEST_CASE("no call is in both lists") {
  for (const std::string_view call : needless_calls())
    CHECK(std::ranges::find(strict_calls(), call) == strict_calls().end());
}
