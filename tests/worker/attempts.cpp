// SPDX-License-Identifier: MIT
#include "worker/attempts.hpp"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

namespace xsuperd::worker::testing {

namespace {

template <typename... Arguments>
void raw(long call, Arguments... arguments) {
  ::syscall(call, arguments...);
}

template <int family, int type, int protocol = 0>
void make_socket() {
  ::socket(family, type, protocol);
}

template <int command>
void control_descriptor() {
  raw(SYS_fcntl, 0, command, 0);
}

void executable_memory() {
  (void)::mmap(nullptr, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

void memory_made_executable() {
  void* page = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  ::mprotect(page, 4096, PROT_READ | PROT_EXEC);
}

void option_of_ip() {
  const int value = 1;
  const int fd = ::socket(AF_INET, SOCK_STREAM, IPPROTO_TCP);
  ::setsockopt(fd, IPPROTO_IP, IP_TOS, &value, sizeof value);
}

char* no_words[] = {nullptr};

}  // namespace

const Attempt attempts[] = {
    {"openat", [] { raw(SYS_openat, AT_FDCWD, "/", O_RDONLY, 0); }},
    {"execve", [] { raw(SYS_execve, "/bin/true", no_words, no_words); }},
    {"fork", [] { raw(SYS_clone, SIGCHLD, nullptr, nullptr, nullptr, nullptr); }},
    {"socket(AF_UNIX)", make_socket<AF_UNIX, SOCK_STREAM>},
    {"socket(AF_NETLINK)", make_socket<AF_NETLINK, SOCK_RAW>},
    {"socket(AF_PACKET)", make_socket<AF_PACKET, SOCK_RAW>},
    {"socket(SOCK_DGRAM)", make_socket<AF_INET, SOCK_DGRAM>},
    {"socket(SOCK_RAW)", make_socket<AF_INET6, SOCK_RAW | SOCK_CLOEXEC>},
    {"socket(SCTP)", make_socket<AF_INET, SOCK_STREAM, IPPROTO_SCTP>},
    {"fcntl(F_SETSIG)", control_descriptor<F_SETSIG>},
    {"fcntl(F_SETOWN)", control_descriptor<F_SETOWN>},
    {"fcntl(F_SETOWN_EX)", control_descriptor<F_SETOWN_EX>},
    {"fcntl(F_SETLEASE)", control_descriptor<F_SETLEASE>},
    {"fcntl(F_NOTIFY)", control_descriptor<F_NOTIFY>},
    {"fcntl(F_SETFL, O_ASYNC)", [] { raw(SYS_fcntl, 0, F_SETFL, O_ASYNC); }},
    {"ioctl(FIOASYNC)", [] { raw(SYS_ioctl, 0, FIOASYNC, nullptr); }},
    {"ioctl(FIOSETOWN)", [] { raw(SYS_ioctl, 0, FIOSETOWN, nullptr); }},
    {"ioctl(SIOCSPGRP)", [] { raw(SYS_ioctl, 0, SIOCSPGRP, nullptr); }},
    {"prlimit64", [] { raw(SYS_prlimit64, 0, 0, nullptr, nullptr); }},
    {"bind", [] { raw(SYS_bind, 0, nullptr, 0); }},
    {"listen", [] { raw(SYS_listen, 0, 1); }},
    {"accept4", [] { raw(SYS_accept4, 0, nullptr, nullptr, 0); }},
    {"kill", [] { raw(SYS_kill, ::getppid(), 0); }},
    {"tgkill of another", [] { raw(SYS_tgkill, 1, 1, 0); }},
    {"ptrace", [] { raw(SYS_ptrace, PTRACE_TRACEME, 0, nullptr, nullptr); }},
    {"setresuid", [] { raw(SYS_setresuid, 0, 0, 0); }},
    {"prctl", [] { raw(SYS_prctl, PR_GET_DUMPABLE, 0, 0, 0, 0); }},
    {"chroot", [] { raw(SYS_chroot, "/"); }},
    {"unlinkat", [] { raw(SYS_unlinkat, AT_FDCWD, "x", 0); }},
    {"fstatat of a path", [] { raw(SYS_newfstatat, AT_FDCWD, "/", nullptr, 0); }},
    {"ioctl(TIOCSTI)", [] { raw(SYS_ioctl, 0, TIOCSTI, "x"); }},
    {"mmap(PROT_EXEC)", executable_memory},
    {"mprotect(PROT_EXEC)", memory_made_executable},
    {"setsockopt(IPPROTO_IP)", option_of_ip},
    {"process_vm_readv", [] { raw(SYS_process_vm_readv, 1, nullptr, 0, nullptr, 0, 0); }},
    {"io_uring_setup", [] { raw(SYS_io_uring_setup, 1, nullptr); }},
    {"bpf", [] { raw(SYS_bpf, 0, nullptr, 0); }},
    {"seccomp", [] { raw(SYS_seccomp, 0, 0, nullptr); }},
    {"unshare", [] { raw(SYS_unshare, 0); }},
};
const int attempt_count = sizeof attempts / sizeof attempts[0];

void attempt(char number) {
  const int index = static_cast<unsigned char>(number);
  if (index < attempt_count) attempts[index].run();
}

}  // namespace xsuperd::worker::testing
