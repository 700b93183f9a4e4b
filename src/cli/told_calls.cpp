// SPDX-License-Identifier: MIT
#include "cli/told_calls.hpp"

#include <linux/capability.h>
#include <sys/syscall.h>

namespace xsuperd::cli {

namespace {

using Use = PathArgument::Use;

// Newer architectures have only the calls that take a directory's descriptor, older libcs not the newest of these.
constexpr PathArgument paths[]{
#ifdef SYS_open
    {SYS_open, "open", -1, 0, Use::opens},
    {SYS_creat, "creat", -1, 0, Use::writes},
    {SYS_access, "access", -1, 0, Use::asks},
    {SYS_stat, "stat", -1, 0},
    {SYS_lstat, "lstat", -1, 0},
    {SYS_readlink, "readlink", -1, 0},
    {SYS_mkdir, "mkdir", -1, 0, Use::makes},
    {SYS_rmdir, "rmdir", -1, 0, Use::removes},
    {SYS_unlink, "unlink", -1, 0, Use::removes},
    {SYS_rename, "rename", -1, 0, Use::removes},
    {SYS_rename, "rename", -1, 1, Use::makes},
    {SYS_link, "link", -1, 0},
    {SYS_link, "link", -1, 1, Use::makes},
    {SYS_symlink, "symlink", -1, 1, Use::makes},
    {SYS_mknod, "mknod", -1, 0, Use::makes, CAP_MKNOD},
    {SYS_chmod, "chmod", -1, 0, Use::writes, CAP_FOWNER},
    {SYS_chown, "chown", -1, 0, Use::writes, CAP_CHOWN},
    {SYS_lchown, "lchown", -1, 0, Use::writes, CAP_CHOWN},
    {SYS_utimes, "utimes", -1, 0, Use::writes, CAP_FOWNER},
#endif
    {SYS_openat, "openat", 0, 1, Use::opens},
#ifdef SYS_openat2
    {SYS_openat2, "openat2", 0, 1},
#endif
    {SYS_faccessat, "faccessat", 0, 1, Use::asks},
#ifdef SYS_faccessat2
    {SYS_faccessat2, "faccessat2", 0, 1, Use::asks},
#endif
#ifdef SYS_newfstatat
    {SYS_newfstatat, "newfstatat", 0, 1},
#endif
#ifdef SYS_fstatat64
    {SYS_fstatat64, "fstatat64", 0, 1},
#endif
#ifdef SYS_statx
    {SYS_statx, "statx", 0, 1},
#endif
#ifdef SYS_stat64
    {SYS_stat64, "stat64", -1, 0},
    {SYS_lstat64, "lstat64", -1, 0},
#endif
#ifdef SYS_renameat
    {SYS_renameat, "renameat", 0, 1, Use::removes},
    {SYS_renameat, "renameat", 2, 3, Use::makes},
#endif
    {SYS_renameat2, "renameat2", 0, 1, Use::removes},
    {SYS_renameat2, "renameat2", 2, 3, Use::makes},
    {SYS_readlinkat, "readlinkat", 0, 1},
    {SYS_mkdirat, "mkdirat", 0, 1, Use::makes},
    {SYS_unlinkat, "unlinkat", 0, 1, Use::removes},
    {SYS_linkat, "linkat", 0, 1},
    {SYS_linkat, "linkat", 2, 3, Use::makes},
    {SYS_symlinkat, "symlinkat", 1, 2, Use::makes},
    {SYS_mknodat, "mknodat", 0, 1, Use::makes, CAP_MKNOD},
    {SYS_fchmodat, "fchmodat", 0, 1, Use::writes, CAP_FOWNER},
    {SYS_fchownat, "fchownat", 0, 1, Use::writes, CAP_CHOWN},
    {SYS_utimensat, "utimensat", 0, 1, Use::writes, CAP_FOWNER},
    {SYS_truncate, "truncate", -1, 0, Use::writes},
    {SYS_setxattr, "setxattr", -1, 0, Use::writes},
    {SYS_getxattr, "getxattr", -1, 0},
    {SYS_statfs, "statfs", -1, 0},
    {SYS_chdir, "chdir", -1, 0},
    {SYS_chroot, "chroot", -1, 0, Use::reads, CAP_SYS_CHROOT},
    {SYS_execve, "execve", -1, 0},
    {SYS_execveat, "execveat", 0, 1},
    {SYS_inotify_add_watch, "inotify_add_watch", -1, 1},
    {SYS_mount, "mount", -1, 1, Use::reads, CAP_SYS_ADMIN},
};

constexpr PrivilegedCall privileged[]{
    {SYS_setuid, "setuid", CAP_SETUID},
    {SYS_setreuid, "setreuid", CAP_SETUID},
    {SYS_setresuid, "setresuid", CAP_SETUID},
    {SYS_setgid, "setgid", CAP_SETGID},
    {SYS_setregid, "setregid", CAP_SETGID},
    {SYS_setresgid, "setresgid", CAP_SETGID},
    {SYS_setgroups, "setgroups", CAP_SETGID},
    {SYS_fchown, "fchown", CAP_CHOWN},
    {SYS_fchmod, "fchmod", CAP_FOWNER},
#ifdef SYS_bind
    {SYS_bind, "bind", CAP_NET_BIND_SERVICE},
    {SYS_socket, "socket", CAP_NET_RAW},
    {SYS_setsockopt, "setsockopt", CAP_NET_ADMIN},
#endif
    {SYS_kill, "kill", CAP_KILL},
    {SYS_setpriority, "setpriority", CAP_SYS_NICE},
    {SYS_sched_setscheduler, "sched_setscheduler", CAP_SYS_NICE},
    {SYS_prlimit64, "prlimit64", CAP_SYS_RESOURCE},
    {SYS_unshare, "unshare", CAP_SYS_ADMIN},
    {SYS_setns, "setns", CAP_SYS_ADMIN},
    {SYS_sethostname, "sethostname", CAP_SYS_ADMIN},
    {SYS_ptrace, "ptrace", CAP_SYS_PTRACE},
#ifdef SYS_clock_settime
    {SYS_clock_settime, "clock_settime", CAP_SYS_TIME},
    {SYS_settimeofday, "settimeofday", CAP_SYS_TIME},
#endif
};

}  // namespace

std::span<const PathArgument> path_arguments() { return paths; }
std::span<const PrivilegedCall> privileged_calls() { return privileged; }

}  // namespace xsuperd::cli
