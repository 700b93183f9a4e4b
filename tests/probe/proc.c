// SPDX-License-Identifier: MIT
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "probe.h"

/// Processes in /proc besides this one, its parent and process 1.
static int other_processes(void) {
  DIR* directory = opendir("/proc");
  if (!directory) return answer(-1);
  int others = 0;
  for (struct dirent* one; (one = readdir(directory));) {
    const long pid = strtol(one->d_name, NULL, 10);
    others += pid > 1 && pid != getpid() && pid != getppid();
  }
  return others > 0 ? ALLOWED : ABSENT;
}

static int of_process(long pid, const char* what, int flags) {
  char path[100];
  snprintf(path, sizeof path, "/proc/%ld/%s", pid, what);
  return opens(path, flags);
}
static int first_environ(void) { return of_process(1, "environ", O_RDONLY); }
static int first_maps(void) { return of_process(1, "maps", O_RDONLY); }
static int first_mem(void) { return of_process(1, "mem", O_RDWR); }
static int first_root(void) { return of_process(1, "root", O_RDONLY); }
static int first_cwd(void) { return of_process(1, "cwd", O_RDONLY); }
static int first_exe(void) { return of_process(1, "exe", O_RDONLY); }
static int first_fd(void) { return of_process(1, "fd", O_RDONLY); }
static int first_namespace(void) { return of_process(1, "ns/mnt", O_RDONLY); }
static int first_status(void) { return of_process(1, "status", O_RDONLY); }
static int first_score(void) { return of_process(1, "oom_score_adj", O_WRONLY); }
static int other_status(void) { return of_process(number_fact("pid"), "status", O_RDONLY); }
static int other_environ(void) { return of_process(number_fact("pid"), "environ", O_RDONLY); }
static int other_mem(void) { return of_process(number_fact("pid"), "mem", O_RDWR); }
static int other_root(void) { return of_process(number_fact("pid"), "root/etc", O_RDONLY); }

static int core_pattern(void) { return opens("/proc/sys/kernel/core_pattern", O_WRONLY); }
static int modprobe(void) { return opens("/proc/sys/kernel/modprobe", O_WRONLY); }
static int host_name(void) { return opens("/proc/sys/kernel/hostname", O_WRONLY); }
static int forwarding(void) { return opens("/proc/sys/net/ipv4/ip_forward", O_WRONLY); }
static int shared_memory(void) { return opens("/proc/sys/kernel/shmmax", O_WRONLY); }
static int read_settings(void) { return opens("/proc/sys/kernel/osrelease", O_RDONLY); }
static int sysrq(void) { return opens("/proc/sysrq-trigger", O_WRONLY); }
static int kcore(void) { return opens("/proc/kcore", O_RDONLY); }
static int keys(void) { return opens("/proc/keys", O_RDONLY); }
static int kmsg(void) { return opens("/proc/kmsg", O_RDONLY); }
static int timer_list(void) { return opens("/proc/timer_list", O_RDONLY); }
static int interrupts(void) { return opens("/proc/interrupts", O_RDONLY); }
static int cpuinfo(void) { return opens("/proc/cpuinfo", O_RDONLY); }
static int mounts(void) { return opens("/proc/self/mountinfo", O_RDONLY); }
static int net_sockets(void) {
  FILE* file = fopen("/proc/net/unix", "re");
  if (!file) return answer(-1);
  char line[400];
  int lines = 0;
  while (fgets(line, sizeof line, file)) ++lines;
  return lines > 3 ? ALLOWED : ABSENT;  // more than our own connection
}
static int kallsyms(void) {
  FILE* file = fopen("/proc/kallsyms", "re");
  unsigned long long address = 0;
  if (!file) return answer(-1);
  for (int i = 0; i < 100 && address == 0; ++i)
    if (fscanf(file, "%llx%*[^\n]", &address) != 1) break;
  return address != 0 ? ALLOWED : EPERM;
}
/// To open it is refused while it runs, whatever the rights are; a change of its mode asks for the same ones.
static int self_exe(void) {
  struct stat status;
  const int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
  if (fd < 0 || fstat(fd, &status) < 0) return answer(-1);
  return answer(fchmod(fd, status.st_mode & 07777));
}
static int write_mem(void) {
  static volatile int there = 1;
  const int fd = open("/proc/self/mem", O_RDWR | O_CLOEXEC);
  const int two = 2;
  return fd < 0 ? answer(fd) : answer(pwrite(fd, &two, sizeof two, (off_t)(size_t)&there));
}
static int lower_score(void) {
  const int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
  return fd < 0 ? answer(fd) : answer(write(fd, "-1000", 5));
}
static int uid_map(void) {
  const int fd = open("/proc/self/uid_map", O_WRONLY | O_CLOEXEC);
  return fd < 0 ? answer(fd) : answer(write(fd, "0 0 1", 5));
}
static int cgroup_write(void) {
  struct stat status;
  const char* places[] = {"/sys/fs/cgroup", "/sys/fs/cgroup/unified", "/sys/fs/cgroup/memory"};
  int last = ABSENT;
  for (size_t i = 0; i < 3; ++i) {
    char path[100];
    snprintf(path, sizeof path, "%s/cgroup.procs", places[i]);
    if (stat(path, &status) == 0 && (last = opens(path, O_WRONLY)) == ALLOWED) return last;
  }
  return last;
}
static int release_agent(void) {
  const char* places[] = {"memory", "cpu", "pids", "systemd", "rdma"};
  int last = ABSENT;
  for (size_t i = 0; i < 5; ++i) {
    char path[100];
    snprintf(path, sizeof path, "/sys/fs/cgroup/%s/release_agent", places[i]);
    const int one = opens(path, O_WRONLY);
    if (one != ABSENT) last = one;
    if (one == ALLOWED) return one;
  }
  return last;
}
static int sysfs_write(void) { return opens("/sys/kernel/uevent_helper", O_WRONLY); }
static int sysfs_firmware(void) { return opens("/sys/kernel/mm/transparent_hugepage/enabled", O_WRONLY); }
static int debugfs(void) { return opens("/sys/kernel/debug/sched", O_RDONLY); }
static int binfmt(void) { return opens("/proc/sys/fs/binfmt_misc/register", O_WRONLY); }

const struct attempt proc_attempts[] = {
    {"proc-other-processes", other_processes}, {"proc-1-status", first_status}, {"proc-1-environ", first_environ}, {"proc-1-maps", first_maps},
    {"proc-1-mem", first_mem}, {"proc-1-root", first_root}, {"proc-1-cwd", first_cwd}, {"proc-1-exe", first_exe}, {"proc-1-fd", first_fd},
    {"proc-1-ns-mnt", first_namespace}, {"proc-1-oom-score", first_score}, {"proc-other-status", other_status},
    {"proc-other-environ", other_environ}, {"proc-other-mem", other_mem}, {"proc-other-root", other_root},
    {"proc-sys-read", read_settings}, {"proc-sys-core-pattern", core_pattern}, {"proc-sys-modprobe", modprobe},
    {"proc-sys-hostname", host_name}, {"proc-sys-ip-forward", forwarding}, {"proc-sys-shmmax", shared_memory}, {"proc-binfmt-register", binfmt},
    {"proc-sysrq-trigger", sysrq}, {"proc-kcore", kcore}, {"proc-kallsyms-addresses", kallsyms}, {"proc-keys", keys}, {"proc-kmsg", kmsg},
    {"proc-timer-list", timer_list}, {"proc-interrupts", interrupts}, {"proc-cpuinfo", cpuinfo}, {"proc-own-mounts", mounts},
    {"proc-net-unix", net_sockets}, {"proc-self-exe-write", self_exe}, {"proc-self-mem-write", write_mem},
    {"proc-self-oom-lower", lower_score}, {"proc-self-uid-map", uid_map}, {"cgroup-procs-write", cgroup_write},
    {"cgroup-release-agent", release_agent}, {"sys-uevent-helper", sysfs_write}, {"sys-hugepages-write", sysfs_firmware},
    {"sys-debugfs", debugfs}, {NULL, NULL}};

static int read_write(const char* path) { return opens(path, O_RDWR); }
static int dev_null(void) { return read_write("/dev/null"); }
static int dev_zero(void) { return read_write("/dev/zero"); }
static int dev_random(void) { return opens("/dev/urandom", O_RDONLY); }
static int dev_kmsg(void) { return opens("/dev/kmsg", O_RDONLY); }
static int dev_kmsg_write(void) { return opens("/dev/kmsg", O_WRONLY); }
static int dev_mem(void) { return read_write("/dev/mem"); }
static int dev_disk(void) { return opens(fact("disk"), O_RDONLY); }
static int dev_kvm(void) { return read_write("/dev/kvm"); }
static int dev_tty(void) { return read_write("/dev/tty0"); }
static int dev_console(void) { return read_write("/dev/console"); }
static int dev_fuse(void) { return read_write("/dev/fuse"); }
static int dev_tun(void) { return read_write("/dev/net/tun"); }
static int dev_loop(void) { return read_write("/dev/loop-control"); }
static int dev_ptmx(void) {
  const int master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC);
  return answer(master);
}
static int dev_uhid(void) { return read_write("/dev/uhid"); }
static int dev_full(void) { return read_write("/dev/full"); }
static int dev_mqueue(void) { return writes_in("/dev/mqueue"); }
static int dev_vsock(void) { return opens("/dev/vsock", O_RDONLY); }
static int dev_userfaultfd(void) { return read_write("/dev/userfaultfd"); }
static int dev_latency(void) { return read_write("/dev/cpu_dma_latency"); }

const struct attempt device_attempts[] = {
    {"dev-null", dev_null}, {"dev-zero", dev_zero}, {"dev-full", dev_full}, {"dev-urandom", dev_random}, {"dev-kmsg-read", dev_kmsg},
    {"dev-kmsg-write", dev_kmsg_write}, {"dev-mem", dev_mem}, {"dev-disk", dev_disk}, {"dev-kvm", dev_kvm}, {"dev-tty0", dev_tty},
    {"dev-console", dev_console}, {"dev-fuse", dev_fuse}, {"dev-net-tun", dev_tun}, {"dev-loop-control", dev_loop}, {"dev-ptmx", dev_ptmx},
    {"dev-uhid", dev_uhid}, {"dev-mqueue-write", dev_mqueue}, {"dev-vsock", dev_vsock}, {"dev-userfaultfd", dev_userfaultfd},
    {"dev-cpu-dma-latency", dev_latency}, {NULL, NULL}};
