// SPDX-License-Identifier: MIT
#include "box/call_sets.hpp"

namespace xsuperd::box {

namespace {

/// Administration of the machine, other processes, and what has served attacks on kernels more often than services. A name
/// that the library does not know yet is passed over, so these lists may be ahead of it.
constexpr std::string_view needless[]{
    // mounts and roots
    "mount", "umount", "umount2", "pivot_root", "fsopen", "fsconfig", "fsmount", "fspick", "open_tree", "move_mount",
    "mount_setattr", "open_tree_attr", "open_by_handle_at",
    // namespaces; clone with their flags is denied as well
    "setns", "unshare",
    // the kernel itself
    "init_module", "finit_module", "delete_module", "create_module", "query_module", "get_kernel_syms", "kexec_load",
    "kexec_file_load", "reboot", "bpf", "perf_event_open", "syslog", "uselib", "_sysctl", "sysfs", "lookup_dcookie",
    "nfsservctl", "vm86", "vm86old", "modify_ldt", "iopl", "ioperm", "pciconfig_iobase", "pciconfig_read", "pciconfig_write",
    "s390_runtime_instr", "s390_pci_mmio_read", "s390_pci_mmio_write",
    // other processes
    "ptrace", "process_vm_readv", "process_vm_writev", "process_madvise", "kcmp", "pidfd_getfd", "migrate_pages", "move_pages",
    // keys
    "add_key", "request_key", "keyctl",
    // work that the kernel does out of sight of a filter, and faults that a program handles
    "io_uring_setup", "io_uring_enter", "io_uring_register", "userfaultfd",
    // clocks
    "settimeofday", "clock_settime", "clock_settime64", "clock_adjtime", "clock_adjtime64", "adjtimex", "stime",
    // the machine
    "swapon", "swapoff", "acct", "quotactl", "quotactl_fd", "sethostname", "setdomainname", "vhangup", "fanotify_init",
    "bdflush", "idle", "afs_syscall", "break", "ftime", "getpmsg", "gtty", "lock", "mpx", "prof", "profil", "putpmsg",
    "security", "stty", "tuxcall", "ulimit", "vserver"};

constexpr std::string_view strict[]{
    // files and descriptors
    "read", "write", "readv", "writev", "pread64", "pwrite64", "preadv", "pwritev", "preadv2", "pwritev2", "open", "openat",
    "openat2", "creat", "close", "close_range", "dup", "dup2", "dup3", "lseek", "_llseek", "fcntl", "fcntl64", "flock", "fsync",
    "fdatasync", "sync_file_range", "sync_file_range2", "ftruncate", "ftruncate64", "truncate", "truncate64", "fallocate",
    "fadvise64", "fadvise64_64", "readahead", "sendfile", "sendfile64", "splice", "tee", "copy_file_range", "pipe", "pipe2",
    "memfd_create",
    // names of files
    "stat", "stat64", "lstat", "lstat64", "fstat", "fstat64", "newfstatat", "fstatat64", "oldstat", "oldlstat", "oldfstat",
    "statx", "statfs", "statfs64", "fstatfs", "fstatfs64", "access", "faccessat", "faccessat2", "readlink", "readlinkat",
    "getdents", "getdents64", "getcwd", "chdir", "fchdir", "mkdir", "mkdirat", "rmdir", "unlink", "unlinkat", "rename",
    "renameat", "renameat2", "link", "linkat", "symlink", "symlinkat", "chmod", "fchmod", "fchmodat", "fchmodat2", "chown",
    "fchown", "lchown", "fchownat", "chown32", "fchown32", "lchown32", "utime", "utimes", "utimensat", "utimensat_time64",
    "futimesat", "umask", "getxattr", "lgetxattr", "fgetxattr", "listxattr", "llistxattr", "flistxattr", "inotify_init",
    "inotify_init1", "inotify_add_watch", "inotify_rm_watch",
    // sockets; socket() itself is limited to some families
    "socketcall", "bind", "listen", "accept", "accept4", "connect", "shutdown", "getsockname", "getpeername", "getsockopt",
    "setsockopt", "send", "recv", "recvfrom", "recvmsg", "recvmmsg", "recvmmsg_time64",
    // waiting
    "poll", "ppoll", "ppoll_time64", "select", "_newselect", "pselect6", "pselect6_time64", "epoll_create", "epoll_create1",
    "epoll_ctl", "epoll_wait", "epoll_pwait", "epoll_pwait2", "eventfd", "eventfd2", "signalfd", "signalfd4",
    "timerfd_create", "timerfd_settime", "timerfd_settime64", "timerfd_gettime", "timerfd_gettime64", "pause",
    // memory
    "brk", "mmap", "mmap2", "munmap", "mprotect", "mremap", "madvise", "msync", "mincore", "mlock", "mlock2", "munlock",
    "membarrier", "cachestat", "map_shadow_stack", "mseal",
    // processes; clone() without flags for namespaces
    "fork", "vfork", "execve", "execveat", "exit", "exit_group", "wait4", "waitpid", "waitid", "kill", "tkill", "tgkill",
    "pidfd_open", "pidfd_send_signal", "getpid", "getppid", "gettid", "getpgid", "getpgrp", "setpgid", "getsid", "setsid",
    "set_tid_address", "set_robust_list", "get_robust_list", "rseq", "futex", "futex_time64", "futex_waitv", "futex_wake",
    "futex_wait", "futex_requeue", "set_thread_area", "get_thread_area", "arch_prctl", "prctl", "getcpu", "sched_yield",
    "sched_getaffinity", "sched_setaffinity", "sched_getparam", "sched_getscheduler", "sched_get_priority_max",
    "sched_get_priority_min", "getpriority", "setpriority", "riscv_hwprobe", "riscv_flush_icache", "cacheflush", "set_tls",
    "get_tls", "usr26", "usr32", "breakpoint", "s390_sthyi",
    // signals
    "rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "rt_sigsuspend", "rt_sigpending", "rt_sigtimedwait",
    "rt_sigtimedwait_time64", "rt_sigqueueinfo", "rt_tgsigqueueinfo", "sigaction", "sigprocmask", "sigreturn", "sigsuspend",
    "sigpending", "signal", "sigaltstack", "restart_syscall",
    // who we are, and to become less
    "getuid", "geteuid", "getgid", "getegid", "getuid32", "geteuid32", "getgid32", "getegid32", "getresuid", "getresgid",
    "getresuid32", "getresgid32", "getgroups", "getgroups32", "setuid", "setgid", "setreuid", "setregid", "setresuid",
    "setresgid", "setgroups", "setuid32", "setgid32", "setreuid32", "setregid32", "setresuid32", "setresgid32", "setgroups32",
    "setfsuid", "setfsgid", "setfsuid32", "setfsgid32", "capget", "capset", "getrlimit", "ugetrlimit", "setrlimit",
    "prlimit64", "getrusage", "times", "seccomp", "landlock_create_ruleset", "landlock_add_rule", "landlock_restrict_self",
    // time and the machine
    "time", "gettimeofday", "clock_gettime", "clock_gettime64", "clock_getres", "clock_getres_time64", "clock_nanosleep",
    "clock_nanosleep_time64", "nanosleep", "alarm", "getitimer", "setitimer", "timer_create", "timer_settime",
    "timer_settime64", "timer_gettime", "timer_gettime64", "timer_getoverrun", "timer_delete", "uname", "olduname",
    "oldolduname", "sysinfo", "getrandom"};

}  // namespace

std::span<const std::string_view> needless_calls() { return needless; }
std::span<const std::string_view> strict_calls() { return strict; }

}  // namespace xsuperd::box
