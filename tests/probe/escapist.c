// SPDX-License-Identifier: MIT
// escapist: reads a line of words and tries for each a way out of a box that has worked out of others. A line for each:
//   NAME out | in(ERRNO or why)
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static char why[100];
static int in(const char* reason) {
  snprintf(why, sizeof why, "%s", reason);
  return 0;
}
static int failed(void) { return in(strerrorname_np(errno)); }
/// Is that the host's root? There is a file in it that no box shows.
static int at_host(int directory) {
  if (faccessat(directory, "run/host.socket", F_OK, 0) == 0 || faccessat(directory, "home/someone/secret", F_OK, 0) == 0) return 1;
  return failed();
}

static int open_descriptors(void) {
  struct stat status;
  for (int fd = 3; fd < 1024; ++fd)
    if (fstat(fd, &status) == 0) return snprintf(why, sizeof why, "descriptor %d", fd), 1;
  for (int fd = 0; fd < 3; ++fd)
    if (fstat(fd, &status) != 0 || !S_ISSOCK(status.st_mode)) return snprintf(why, sizeof why, "%d is no socket", fd), 1;
  return in("none");
}
static int through_first(const char* what) {
  const int at = open(what, O_PATH | O_DIRECTORY);
  return at < 0 ? failed() : at_host(at);
}
static int first_root(void) { return through_first("/proc/1/root"); }
static int first_cwd(void) { return through_first("/proc/1/cwd"); }
static int first_descriptors(void) {
  char path[40];
  for (int fd = 0; fd < 64; ++fd) {
    snprintf(path, sizeof path, "/proc/1/fd/%d", fd);
    if (open(path, O_PATH) >= 0) return 1;
  }
  return failed();
}
static int first_exe(void) { return open("/proc/1/exe", O_RDONLY) >= 0 ? 1 : failed(); }
static int first_memory(void) { return open("/proc/1/mem", O_RDWR) >= 0 ? 1 : failed(); }
static int first_namespaces(void) {
  const int fd = open("/proc/1/ns/mnt", O_RDONLY);
  return fd >= 0 && setns(fd, CLONE_NEWNS) == 0 ? 1 : failed();
}
static int trace_first(void) { return ptrace(PTRACE_SEIZE, 1, 0, 0) == 0 ? 1 : failed(); }
static int pidfd_first(void) {
  const int pidfd = (int)syscall(SYS_pidfd_open, 1, 0);
  for (int fd = 0; pidfd >= 0 && fd < 64; ++fd)
    if (syscall(438, pidfd, fd, 0) >= 0) return 1;
  return failed();
}
static int setns_pidfd(void) { return setns((int)syscall(SYS_pidfd_open, 1, 0), CLONE_NEWNS) == 0 ? 1 : failed(); }
/// What shares memory with process 1 gets its score.
static int score_of_first(void) {
  const int fd = open("/proc/1/oom_score_adj", O_WRONLY);
  return fd >= 0 && write(fd, "777", 3) == 3 ? in("written") : failed();
}
static int kill_first(void) { return kill(1, SIGKILL) < 0 ? failed() : in(kill(1, 0) == 0 ? "it lives" : "it is gone"); }
/// CVE-2019-5736: the file of whoever comes into the box.
static int own_file(void) {
  const int fd = open("/proc/self/exe", O_PATH);
  char path[40];
  snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
  const int mode = open(path, O_RDONLY);
  return mode >= 0 && fchmod(mode, 0777) == 0 ? 1 : failed();
}
static int terminal_input(void) { return ioctl(0, TIOCSTI, "x") == 0 || errno != EPERM ? in("no terminal") : failed(); }
static int terminal_paste(void) { return ioctl(0, (unsigned)TIOCLINUX, "\3") == 0 ? 1 : failed(); }
static int terminal_input_64(void) { return syscall(SYS_ioctl, 0, 0xffffffff00000000UL | TIOCSTI, "x") == 0 ? 1 : failed(); }
static int release_agent(void) {
  const char* const groups[] = {"memory", "cpu", "pids", "systemd", "rdma"};
  char path[60];
  for (size_t i = 0; i < 5; ++i) {
    snprintf(path, sizeof path, "/sys/fs/cgroup/%s/release_agent", groups[i]);
    if (open(path, O_WRONLY) >= 0) return 1;
  }
  return failed();
}
static int mount_cgroup(void) { return mount("x", "/tmp", "cgroup", 0, "memory") == 0 ? 1 : failed(); }
static int core_pattern(void) { return open("/proc/sys/kernel/core_pattern", O_WRONLY) >= 0 ? 1 : failed(); }
static int modprobe_path(void) { return open("/proc/sys/kernel/modprobe", O_WRONLY) >= 0 ? 1 : failed(); }
static int binfmt(void) { return open("/proc/sys/fs/binfmt_misc/register", O_WRONLY) >= 0 ? 1 : failed(); }
static int sysrq(void) { return open("/proc/sysrq-trigger", O_WRONLY) >= 0 ? 1 : failed(); }
static int uevent(void) { return open("/sys/kernel/uevent_helper", O_WRONLY) >= 0 ? 1 : failed(); }
static int user_namespace(void) {
  if (unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) return failed();
  return mount("x", "/tmp", "tmpfs", 0, NULL) == 0 ? 1 : failed();
}
static int user_namespace_clone(void) {
  const long pid = syscall(SYS_clone, CLONE_NEWUSER | CLONE_NEWNS | SIGCHLD, 0, 0, 0, 0);
  if (pid == 0) _exit(0);
  return pid > 0 ? 1 : failed();
}
/// With a copy of the box's mounts in a user namespace of its own: what covers, and what is read-only, stays so.
static int unlock_mounts(void) {
  if (unshare(CLONE_NEWNS) != 0 && unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) return failed();
  if (mount(NULL, "/etc", NULL, MS_REMOUNT | MS_BIND, NULL) == 0 && open("/etc/xsuperd-probe", O_CREAT | O_WRONLY, 0600) >= 0) return 1;
  if (mount(NULL, "/", NULL, MS_REMOUNT | MS_BIND, NULL) == 0) return 1;
  const char* const covers[] = {"/tmp", "/proc", "/dev", "/etc"};
  for (size_t i = 0; i < 4; ++i)
    if (umount2(covers[i], MNT_DETACH) == 0) return snprintf(why, sizeof why, "%s", covers[i]), 1;
  return failed();
}
static int pass_guess(void) {
  for (unsigned long guess = 0; guess < 100000; ++guess)
    if (syscall(SYS_mount, "x", "/tmp", "tmpfs", 0, 0, guess) == 0 || errno != EPERM) return 1;
  return failed();
}
static int chroot_out(void) {
  const int here = open("/", O_RDONLY | O_DIRECTORY);
  if (mkdir("/tmp/deep", 0700) != 0 || chroot("/tmp/deep") != 0) return failed();
  if (fchdir(here) != 0) return failed();
  for (int i = 0; i < 100; ++i)
    if (chdir("..") != 0) return failed();
  return at_host(AT_FDCWD);
}
static int dotdot(void) {
  if (chdir("/tmp") != 0) return failed();
  for (int i = 0; i < 100; ++i)
    if (chdir("..") != 0) return failed();
  return at_host(AT_FDCWD);
}
static int make_disk(void) {
  if (mknod("/tmp/disk", S_IFBLK | 0600, makedev(254, 0)) != 0) return failed();
  return open("/tmp/disk", O_RDONLY) >= 0 ? 1 : failed();
}
static int by_handle(void) {
  struct { unsigned bytes; int type; unsigned char of[8]; } root = {8, 1, {2, 0, 0, 0, 0, 0, 0, 0}};  // inode 2, as "shocker" did
  return syscall(SYS_open_by_handle_at, open("/etc", O_RDONLY), &root, O_RDONLY) >= 0 ? 1 : failed();
}
static int io_ring(void) {
  char parameters[120] = {0};
  return syscall(425, 2, parameters) >= 0 ? 1 : failed();
}
#ifdef __x86_64__
static sigjmp_buf before_entry;
static void no_entry(int number) { siglongjmp(before_entry, number); }
#endif
static int old_calls(void) {
#ifdef __x86_64__
  long result = 21;  // mount of i386
  signal(SIGSEGV, no_entry);
  if (sigsetjmp(before_entry, 1) != 0) return in("this kernel has no such entry");
  __asm__ volatile("int $0x80" : "+a"(result) : "b"(0), "c"(0), "d"(0) : "memory", "r8", "r9", "r10", "r11");
  errno = (int)-result;
  return result >= 0 || errno != EPERM ? 1 : failed();
#else
  return in("not here");
#endif
}
static int abstract_host(void) {
  struct sockaddr_un to = {.sun_family = AF_UNIX};
  memcpy(to.sun_path + 1, "xsuperd-probe-host", 18);
  return connect(socket(AF_UNIX, SOCK_STREAM, 0), (struct sockaddr*)&to, offsetof(struct sockaddr_un, sun_path) + 19) == 0 ? 1 : failed();
}
/// Mounts made on the host after the box: the driver makes one, and says so.
static int later_mount(void) {
  char byte;
  printf("ready\n");
  if (read(0, &byte, 1) != 1) return failed();
  if (access("/srv/late/file", F_OK) != 0) return failed();
  in(open("/srv/late/file", O_WRONLY) >= 0 ? "writable" : "read-only");
  return 1;
}
/// A directory that the driver sends over the connection, which is a UNIX socket.
static int sent_directory(void) {
  char byte, control[CMSG_SPACE(sizeof(int))];
  struct iovec data = {&byte, 1};
  struct msghdr message = {.msg_iov = &data, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
  printf("ready\n");
  if (recvmsg(0, &message, 0) != 1) return failed();
  struct cmsghdr* head = CMSG_FIRSTHDR(&message);
  int fd = -1;
  if (!head) return in("no descriptor");
  memcpy(&fd, CMSG_DATA(head), sizeof fd);
  return fchdir(fd) != 0 ? failed() : at_host(AT_FDCWD);
}
static int shown_link(void) { return open("/srv/game/data/secret", O_RDONLY) >= 0 ? 1 : failed(); }
static int write_etc(void) {
  const int fd = open("/etc/xsuperd-probe", O_CREAT | O_WRONLY, 0600);
  if (fd < 0) return failed();
  unlink("/etc/xsuperd-probe");
  return 1;
}
static int others(void) {  // processes of the other box, by their numbers and by kill(-1)
  char byte;
  printf("ready\n");
  if (read(0, &byte, 1) != 1) return failed();
  int seen = 0;
  DIR* all = opendir("/proc");
  for (struct dirent* one; all && (one = readdir(all));) {
    const long number = strtol(one->d_name, NULL, 10);
    seen += number > 1 && number != getpid();
  }
  for (int pid = 2; pid < 40000; ++pid)
    if (pid != getpid() && kill(pid, 0) == 0) ++seen;
  return seen > 0 ? snprintf(why, sizeof why, "%d", seen), 1 : in("none");
}

static const struct { const char* name; int (*run)(void); } all[] = {
    {"open-descriptors", open_descriptors}, {"proc-1-root", first_root}, {"proc-1-cwd", first_cwd}, {"proc-1-fd", first_descriptors},
    {"proc-1-exe", first_exe}, {"proc-1-mem", first_memory}, {"proc-1-ns", first_namespaces}, {"ptrace-keeper", trace_first},
    {"pidfd-getfd-keeper", pidfd_first}, {"setns-pidfd", setns_pidfd}, {"oom-score-keeper", score_of_first}, {"kill-keeper", kill_first},
    {"own-exe", own_file}, {"tiocsti", terminal_input}, {"tioclinux", terminal_paste}, {"tiocsti-64-bit", terminal_input_64},
    {"release-agent", release_agent}, {"mount-cgroup", mount_cgroup}, {"core-pattern", core_pattern}, {"modprobe-path", modprobe_path},
    {"binfmt-misc", binfmt}, {"sysrq", sysrq}, {"uevent-helper", uevent}, {"userns-mount", user_namespace}, {"userns-clone", user_namespace_clone},
    {"unlock-mounts", unlock_mounts}, {"guess-pass", pass_guess}, {"chroot", chroot_out}, {"dotdot", dotdot}, {"mknod-disk", make_disk}, {"open-by-handle", by_handle},
    {"io-uring", io_ring}, {"int-0x80", old_calls}, {"abstract-host", abstract_host}, {"later-mount", later_mount}, {"sent-directory", sent_directory},
    {"shown-link", shown_link}, {"write-etc", write_etc}, {"others", others}};

int main(void) {
  char line[1000] = "";
  setvbuf(stdout, NULL, _IONBF, 0);
  for (int i = 0; i < 999 && read(0, line + i, 1) == 1 && line[i] != '\n'; ++i) {
  }
  for (char* word = strtok(line, " \n"); word; word = strtok(NULL, " \n"))
    for (size_t i = 0; i < sizeof all / sizeof *all; ++i)
      if (strcmp(all[i].name, word) == 0) {
        why[0] = 0;
        const int out = all[i].run();
        printf("%s %s(%s)\n", word, out ? "out" : "in", why);
      }
  return 0;
}
