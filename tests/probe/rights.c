// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "probe.h"

struct sets { unsigned long long effective, permitted, inheritable; };
static struct sets own(void) {
  struct __user_cap_header_struct head = {_LINUX_CAPABILITY_VERSION_3, 0};
  struct __user_cap_data_struct data[2] = {{0}};
  syscall(SYS_capget, &head, data);
  return (struct sets){data[0].effective | (unsigned long long)data[1].effective << 32, data[0].permitted | (unsigned long long)data[1].permitted << 32,
                       data[0].inheritable | (unsigned long long)data[1].inheritable << 32};
}
static int any(unsigned long long set) { return set != 0 ? ALLOWED : ABSENT; }
static int effective(void) { return any(own().effective); }
static int permitted(void) { return any(own().permitted); }
static int inheritable(void) { return any(own().inheritable); }
static int bounding(void) {
  for (int number = 0; prctl(PR_CAPBSET_READ, number, 0, 0, 0) >= 0; ++number)
    if (prctl(PR_CAPBSET_READ, number, 0, 0, 0) == 1) return ALLOWED;
  return ABSENT;
}
static int ambient(void) {
  for (int number = 0; prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, number, 0, 0) >= 0; ++number)
    if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, number, 0, 0) == 1) return ALLOWED;
  return ABSENT;
}
static int take_capability(void) {
  struct __user_cap_header_struct head = {_LINUX_CAPABILITY_VERSION_3, 0};
  struct __user_cap_data_struct data[2] = {{1U << CAP_SYS_ADMIN, 1U << CAP_SYS_ADMIN, 0}, {0, 0, 0}};
  return answer(syscall(SYS_capset, &head, data));
}
static int raise_ambient(void) { return answer(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_NET_BIND_SERVICE, 0, 0)); }
static int keep_capabilities(void) { return answer(prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0)); }
static int drop_bounding(void) { return answer(prctl(PR_CAPBSET_DROP, CAP_SYS_ADMIN, 0, 0, 0)); }
static int secure_bits(void) { return answer(prctl(PR_SET_SECUREBITS, 1, 0, 0, 0)); }

static int root_user(void) { return answer(setresuid(0, 0, 0)); }
static int root_group(void) { return answer(setresgid(0, 0, 0)); }
static int other_user(void) { return answer(setresuid(12345, 12345, 12345)); }
static int other_group(void) { return answer(setresgid(12345, 12345, 12345)); }
static int groups(void) {
  const gid_t one = 12345;
  return answer(setgroups(1, &one));
}
static int in_groups(void) {
  gid_t all[100];
  const int count = getgroups(100, all);
  for (int i = 0; i < count; ++i)
    if (all[i] == 0 || all[i] != getgid()) return ALLOWED;
  return ABSENT;
}
static int gains(void) { return prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 0 ? ALLOWED : EPERM; }
/// Runs a program that is set-user-ID root and says whether it became root: of the driver, or else /bin/su as a sign.
static int setuid_program(void) {
  const pid_t child = fork();
  if (child == 0) {
    char* const words[] = {(char*)"who", NULL};
    execv(fact("setuid"), words);
    _exit(answer(-1) == ABSENT ? 100 : 101);
  }
  int status = 0;
  waitpid(child, &status, 0);
  switch (WEXITSTATUS(status)) {
    case 0: return ALLOWED;
    case 100: return ABSENT;
    default: return EPERM;
  }
}
static int as_peer(void) {
  int pair[2];
  if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0) return answer(-1);
  struct ucred claim = {1, 0, 0};
  char byte = 0;
  struct iovec data = {&byte, 1};
  char control[CMSG_SPACE(sizeof claim)] = {0};
  struct msghdr message = {.msg_iov = &data, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
  struct cmsghdr* head = CMSG_FIRSTHDR(&message);
  *head = (struct cmsghdr){.cmsg_level = SOL_SOCKET, .cmsg_type = SCM_CREDENTIALS, .cmsg_len = CMSG_LEN(sizeof claim)};
  memcpy(CMSG_DATA(head), &claim, sizeof claim);
  return answer(sendmsg(pair[0], &message, 0));
}

static int lock_memory(void) {
  const size_t size = 64UL << 20;
  void* at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return at == MAP_FAILED ? answer(-1) : answer(mlock(at, size));
}
static int write_and_execute(void) {
  return mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? answer(-1) : ALLOWED;
}
static int map_zero(void) {
  return mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED ? answer(-1) : ALLOWED;
}
static int large_memory(void) {
  char* at = mmap(NULL, 64UL << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (at == MAP_FAILED) return answer(-1);
  for (size_t i = 0; i < 64UL << 20; i += 4096) at[i] = 1;
  return ALLOWED;
}
static int raise_limit(void) {
  struct rlimit limit;
  getrlimit(RLIMIT_NOFILE, &limit);
  if (limit.rlim_max == RLIM_INFINITY) return ALLOWED;
  ++limit.rlim_max;
  return answer(setrlimit(RLIMIT_NOFILE, &limit));
}
static int lower_nice(void) { return answer(setpriority(PRIO_PROCESS, 0, -5)); }
static int real_time(void) {
  const struct sched_param parameter = {1};
  return answer(sched_setscheduler(0, SCHED_FIFO, &parameter));
}
static int batch(void) {
  const struct sched_param parameter = {0};
  return answer(sched_setscheduler(0, SCHED_BATCH, &parameter));
}
static int io_priority(void) { return answer(syscall(SYS_ioprio_set, 1, 0, 1 << 13)); }
static int subreaper(void) { return answer(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)); }
static int rename_self(void) { return answer(prctl(PR_SET_NAME, "xsuperd", 0, 0, 0)); }
static int set_memory_map(void) { return got_by(prctl(PR_SET_MM, PR_SET_MM_BRK, 0, 0, 0), EINVAL); }
static int pages(void) {
  void* page = &page;
  int status = 0;
  return got_by(syscall(SYS_move_pages, 0, 1UL, &page, NULL, &status, 0), EFAULT);
}

/// Descriptors that were left open: anything beyond the connection, besides our own page of memory.
static int descriptors(void) {
  for (int fd = 3; fd < 4096; ++fd)
    if (fcntl(fd, F_GETFD) >= 0) return ALLOWED;
  return ABSENT;
}
static int directories(void) {
  struct stat status;
  for (int fd = 0; fd < 4096; ++fd)
    if (fstat(fd, &status) == 0 && S_ISDIR(status.st_mode)) return ALLOWED;
  return ABSENT;
}
static int terminal(void) { return opens("/dev/tty", O_RDWR); }
static int session_leader(void) { return getsid(0) == getppid() || getsid(0) == getpid() ? ALLOWED : EPERM; }

const struct attempt right_attempts[] = {
    {"cap-effective", effective}, {"cap-permitted", permitted}, {"cap-inheritable", inheritable}, {"cap-bounding", bounding},
    {"cap-ambient", ambient}, {"cap-take-sys-admin", take_capability}, {"cap-raise-ambient", raise_ambient}, {"cap-keep", keep_capabilities},
    {"cap-drop-bounding", drop_bounding}, {"securebits", secure_bits}, {"become-root", root_user}, {"become-root-group", root_group},
    {"become-other-user", other_user}, {"become-other-group", other_group}, {"setgroups", groups}, {"foreign-groups", in_groups},
    {"new-privileges", gains}, {"setuid-program", setuid_program}, {"claim-other-credentials", as_peer}, {"mlock-64m", lock_memory},
    {"mmap-write-exec", write_and_execute}, {"mmap-page-zero", map_zero}, {"memory-64m", large_memory}, {"raise-rlimit", raise_limit},
    {"lower-nice", lower_nice}, {"real-time", real_time}, {"sched-batch", batch}, {"io-priority-real-time", io_priority},
    {"subreaper", subreaper}, {"rename-self", rename_self}, {"prctl-set-mm", set_memory_map}, {"move-pages", pages},
    {"open-descriptors", descriptors}, {"directory-descriptors", directories}, {"controlling-terminal", terminal},
    {"own-session", session_leader}, {NULL, NULL}};
