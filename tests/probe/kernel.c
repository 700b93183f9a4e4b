// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/filter.h>
#include <linux/perf_event.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/timex.h>
#include <sys/wait.h>
#include <time.h>

#include "probe.h"

// Numbers that older headers lack, the same on every architecture.
enum { nr_open_tree = 428, nr_move_mount = 429, nr_fsopen = 430, nr_fspick = 433, nr_clone3 = 435, nr_mount_setattr = 442, nr_quotactl_fd = 443,
       nr_memfd_secret = 447, nr_statmount = 457, nr_listmount = 458, nr_io_uring_setup = 425 };

static int mount_tmpfs(void) {
  const int result = answer(mount("probe", "/tmp", "tmpfs", 0, "size=64k"));
  if (result == ALLOWED) umount2("/tmp", MNT_DETACH);
  return result;
}
static int mount_bind(void) {
  const int result = answer(mount("/tmp", "/tmp", NULL, MS_BIND, NULL));
  if (result == ALLOWED) umount2("/tmp", MNT_DETACH);
  return result;
}
static int mount_proc(void) {
  const int result = answer(mount("probe", "/tmp", "proc", 0, NULL));
  if (result == ALLOWED) umount2("/tmp", MNT_DETACH);
  return result;
}
static int remount(void) { return got_by(mount(NULL, "/proc/self", NULL, MS_REMOUNT | MS_BIND, NULL), EINVAL); }
static int unmount(void) { return got_by(umount2("/", MNT_EXPIRE | MNT_FORCE), EINVAL); }
static int pivot(void) { return got_by(syscall(SYS_pivot_root, "/", "/"), EBUSY); }
static int fs_open(void) { return answer(syscall(nr_fsopen, "tmpfs", 0)); }
static int fs_pick(void) { return answer(syscall(nr_fspick, AT_FDCWD, "/", 0)); }
static int tree_clone(void) { return answer(syscall(nr_open_tree, AT_FDCWD, "/", 1)); }
static int tree_move(void) { return got_by(syscall(nr_move_mount, -1, "", -1, "", 0x44), EBADF); }
static int mount_attributes(void) {
  const unsigned long long read_only[4] = {1, 0, 0, 0};
  return got_by(syscall(nr_mount_setattr, -1, "", AT_EMPTY_PATH, read_only, sizeof read_only), EBADF);
}
static int list_mounts(void) {
  const struct { unsigned size, spare; unsigned long long mount, parameter, space; } ask = {24, 0, ~0ULL, 0, 0};
  unsigned long long ids[4];
  return answer(syscall(nr_listmount, &ask, ids, 4, 0));
}

static int module_load(void) { return got_by(syscall(SYS_init_module, NULL, 0, ""), ENOEXEC); }
static int module_file(void) { return got_by(syscall(SYS_finit_module, -1, "", 0), EBADF); }
static int module_delete(void) { return got_by(syscall(SYS_delete_module, "xsuperd_probe_none", O_NONBLOCK), ENOENT); }
static int kexec(void) { return got_by(syscall(SYS_kexec_load, 0, 0, NULL, 0xdeadUL), EINVAL); }
static int reboot_call(void) { return got_by(syscall(SYS_reboot, 1, 2, 3, NULL), EINVAL); }
static int kernel_log(void) { return answer(syscall(SYS_syslog, 3, (char[64]){0}, 64)); }
static int swap_on(void) { return got_by(syscall(SYS_swapon, "/nonexistent", 0), ENOENT); }
static int swap_off(void) { return got_by(syscall(SYS_swapoff, "/nonexistent"), ENOENT); }
static int accounting(void) { return got_by(syscall(SYS_acct, "/nonexistent"), ENOENT); }
static int quota(void) { return got_by(syscall(SYS_quotactl, 0x80000200, "/nonexistent", 0, NULL), ENOENT); }
static int host_name(void) {
  char name[65] = "";
  if (gethostname(name, sizeof name) < 0) return answer(-1);
  return answer(sethostname(name, strlen(name)));
}
static int set_clock(void) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  return answer(clock_settime(CLOCK_REALTIME, &now));
}
static int read_clock(void) {
  struct timex all = {0};
  return answer(adjtimex(&all));
}
static int adjust_clock(void) {
  struct timex all = {0};
  if (adjtimex(&all) < 0) return answer(-1);
  all.modes = ADJ_TICK;
  return answer(adjtimex(&all));
}
static int ports(void) {
#ifdef SYS_iopl
  return answer(syscall(SYS_iopl, 3));
#else
  return ABSENT;
#endif
}
static int port_range(void) {
#ifdef SYS_ioperm
  return answer(syscall(SYS_ioperm, 0x80, 1, 1));
#else
  return ABSENT;
#endif
}
static int segments(void) {
#ifdef SYS_modify_ldt
  return answer(syscall(SYS_modify_ldt, 0, (char[16]){0}, 16));
#else
  return ABSENT;
#endif
}
static int hang_up(void) { return answer(syscall(SYS_vhangup)); }

static int apart(int flags) { return answer(unshare(flags)); }
static int new_user(void) { return apart(CLONE_NEWUSER); }
static int new_mount(void) { return apart(CLONE_NEWNS); }
static int new_net(void) { return apart(CLONE_NEWNET); }
static int new_pid(void) { return apart(CLONE_NEWPID); }
static int new_ipc(void) { return apart(CLONE_NEWIPC); }
static int new_uts(void) { return apart(CLONE_NEWUTS); }
static int new_cgroup(void) { return apart(CLONE_NEWCGROUP); }
static int new_time(void) { return apart(0x80); }
static int user_then_mount(void) {
  if (unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0) return answer(-1);
  return answer(mount("probe", "/tmp", "tmpfs", 0, "size=64k"));
}
static int user_then_uncover(void) {
  if (unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0) return answer(-1);
  return umount2("/tmp", MNT_DETACH) == 0 || umount2("/proc", MNT_DETACH) == 0 || umount2("/etc", MNT_DETACH) == 0 ? ALLOWED : answer(-1);
}
static int user_then_network(void) {
  if (unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0) return answer(-1);
  return answer(syscall(SYS_socket, 16, 3, 12));  // nftables as root of one's own network
}
static int clone_user(void) {
  const long pid = syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0);
  if (pid == 0) _exit(0);
  return answer(pid);
}
static int clone3_call(void) {
  unsigned long long arguments[8] = {0};
  arguments[4] = SIGCHLD;
  const long pid = syscall(nr_clone3, arguments, sizeof arguments);
  if (pid == 0) _exit(0);
  return answer(pid);
}
static int own_namespace(void) {
  const int fd = open("/proc/self/ns/uts", O_RDONLY | O_CLOEXEC);
  return fd < 0 ? answer(fd) : answer(setns(fd, 0));
}
static int change_root(void) { return answer(chroot("/")); }

static int own_filter(void) {
  struct sock_filter all = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
  const struct { unsigned short length; struct sock_filter* program; } filter = {1, &all};
  return answer(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter));
}
static int filter_listener(void) {
  struct sock_filter all = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
  const struct { unsigned short length; struct sock_filter* program; } filter = {1, &all};
  return answer(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &filter));
}
static int bpf_map(void) {
  union bpf_attr attributes = {.map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 4, .max_entries = 1};
  return answer(syscall(SYS_bpf, BPF_MAP_CREATE, &attributes, sizeof attributes));
}
static int perf(void) {
  struct perf_event_attr event = {.type = PERF_TYPE_SOFTWARE, .size = sizeof event, .config = PERF_COUNT_SW_CPU_CLOCK, .exclude_kernel = 1};
  return answer(syscall(SYS_perf_event_open, &event, 0, -1, -1, 0));
}
static int faults(void) { return answer(syscall(SYS_userfaultfd, O_CLOEXEC)); }
static int ring(void) {
  char parameters[120] = {0};
  return answer(syscall(nr_io_uring_setup, 2, parameters));
}
static int change_personality(void) { return answer(personality(ADDR_NO_RANDOMIZE)); }
static int watch_all(void) { return answer(syscall(SYS_fanotify_init, 0, O_RDONLY)); }
struct handle { unsigned bytes; int type; unsigned char of[128]; };
static int handle_of(void) {
  struct handle to = {sizeof to.of, 0, {0}};
  int mount = 0;
  return got_by(syscall(SYS_name_to_handle_at, AT_FDCWD, "/etc", &to, &mount, 0), EOPNOTSUPP);
}
static int open_handle(void) {
  struct handle to = {sizeof to.of, 0, {0}};
  int mount = 0;
  if (syscall(SYS_name_to_handle_at, AT_FDCWD, "/usr/bin", &to, &mount, 0) < 0) to.bytes = 8;
  const int at = open("/usr/bin", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  return at < 0 ? answer(at) : answer(syscall(SYS_open_by_handle_at, at, &to, O_RDONLY));
}
static int key_add(void) { return answer(syscall(SYS_add_key, "user", "xsuperd-probe", "x", 1, -1)); }  // the thread's own keyring
static int key_request(void) { return got_by(syscall(SYS_request_key, "user", "xsuperd-probe-none", NULL, 0), ENOKEY); }
static int key_session(void) { return got_by(syscall(SYS_keyctl, 0, -3, 0), ENOKEY); }
static int key_user(void) { return got_by(syscall(SYS_keyctl, 0, -4, 1), ENOKEY); }
static int secret_memory(void) { return answer(syscall(nr_memfd_secret, 0)); }
static int unknown_call(void) { return got_by(syscall(9999), ENOSYS); }
#ifdef __x86_64__
/// Some kernels have no such entry, whoever calls.
static sigjmp_buf before_entry;
static void no_entry(int number) { siglongjmp(before_entry, number); }
#endif
static int other_architecture(void) {
#ifdef __x86_64__
  long result = 20;  // getpid of i386
  signal(SIGSEGV, no_entry);
  if (sigsetjmp(before_entry, 1) != 0) return ABSENT;
  __asm__ volatile("int $0x80" : "+a"(result) : : "memory", "r8", "r9", "r10", "r11");
  errno = (int)-result;
  return result > 0 ? ALLOWED : answer(-1);
#else
  return ABSENT;
#endif
}
static int x32(void) {
#ifdef __x86_64__
  return answer(syscall(0x40000000 + SYS_getpid));
#else
  return ABSENT;
#endif
}

const struct attempt kernel_attempts[] = {
    {"mount-tmpfs", mount_tmpfs}, {"mount-bind", mount_bind}, {"mount-proc", mount_proc}, {"remount", remount}, {"umount", unmount},
    {"pivot-root", pivot}, {"fsopen", fs_open}, {"fspick", fs_pick}, {"open-tree-clone", tree_clone}, {"move-mount", tree_move},
    {"mount-setattr", mount_attributes}, {"listmount", list_mounts}, {"init-module", module_load}, {"finit-module", module_file},
    {"delete-module", module_delete}, {"kexec-load", kexec}, {"reboot", reboot_call}, {"syslog", kernel_log}, {"swapon", swap_on},
    {"swapoff", swap_off}, {"acct", accounting}, {"quotactl", quota}, {"sethostname", host_name}, {"clock-settime", set_clock},
    {"adjtimex-read", read_clock}, {"adjtimex-write", adjust_clock}, {"iopl", ports}, {"ioperm", port_range}, {"modify-ldt", segments},
    {"vhangup", hang_up}, {"unshare-user", new_user}, {"unshare-mount", new_mount}, {"unshare-net", new_net}, {"unshare-pid", new_pid},
    {"unshare-ipc", new_ipc}, {"unshare-uts", new_uts}, {"unshare-cgroup", new_cgroup}, {"unshare-time", new_time},
    {"user-namespace-then-mount", user_then_mount}, {"user-namespace-then-umount", user_then_uncover},
    {"user-namespace-then-nftables", user_then_network}, {"clone-user", clone_user}, {"clone3", clone3_call}, {"setns-own", own_namespace},
    {"chroot", change_root}, {"seccomp-filter", own_filter}, {"seccomp-listener", filter_listener}, {"bpf-map", bpf_map},
    {"perf-event-open", perf}, {"userfaultfd", faults}, {"io-uring-setup", ring}, {"personality", change_personality},
    {"fanotify-init", watch_all}, {"name-to-handle-at", handle_of}, {"open-by-handle-at", open_handle}, {"add-key", key_add},
    {"request-key", key_request}, {"keyctl-session", key_session}, {"keyctl-user", key_user}, {"memfd-secret", secret_memory},
    {"unknown-system-call", unknown_call}, {"int-0x80", other_architecture}, {"x32-call", x32}, {NULL, NULL}};
