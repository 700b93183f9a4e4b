// SPDX-License-Identifier: MIT
// tenant: reads a line of words and does what each says, to what a box lends it; a line of answer each. Hostile tenants
// plant something, later ones look for it.
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <sys/xattr.h>
#include <unistd.h>

static const char* outcome(long result) { return result < 0 ? strerrorname_np(errno) : "done"; }

static long make(const char* path, off_t size) {
  const int fd = open(path, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0666);
  return fd < 0 || (size > 0 && ftruncate(fd, size) < 0) ? -1 : fd;
}
static long file(void) { return make("/tmp/planted", 0); }
static long hidden(void) { return make("/tmp/.planted", 0); }
static long odd_name(void) { return make("/tmp/\n\t ", 0); }
static long sparse(void) { return make("/tmp/sparse", 1L << 40); }
static long in_var_tmp(void) { return make("/var/tmp/planted", 0); }
static long in_shm(void) { return make("/dev/shm/planted", 0); }
static long directory(void) { return mkdir("/tmp/directory", 0777); }
static long symbolic_link(void) { return symlink("/etc/passwd", "/tmp/link"); }
static long hard_link(void) {
  const long fd = make("/tmp/first", 0);
  const long result = link("/tmp/first", "/tmp/second");
  unlink("/tmp/first");
  return fd < 0 ? fd : result;
}
static long fifo(void) { return mkfifo("/tmp/fifo", 0666); }
static long attribute(void) { return setxattr("/tmp", "user.planted", "x", 1, 0); }
static long made_and_removed(void) { return make("/tmp/planted", 0) < 0 ? -1 : unlink("/tmp/planted"); }
static long unlinked_open(void) {
  const long fd = make("/tmp/planted", 1 << 20);
  if (fd < 0 || unlink("/tmp/planted") < 0 || pwrite((int)fd, "x", 1, 4096) < 0) return -1;
  return fd;
}
static long all_inodes(void) {
  char name[40];
  int made = 0;
  for (;; ++made) {
    snprintf(name, sizeof name, "/tmp/%d", made);
    const long fd = make(name, 0);
    if (fd < 0) break;
    close((int)fd);
  }
  while (made-- > 0) {
    snprintf(name, sizeof name, "/tmp/%d", made);
    unlink(name);
  }
  return 0;
}
static long bound(const char* path, size_t length) {
  struct sockaddr_un at = {.sun_family = AF_UNIX};
  memcpy(at.sun_path, path, length);
  return bind(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0), (struct sockaddr*)&at, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length));
}
static long local_socket(void) { return bound("/tmp/socket", sizeof "/tmp/socket"); }
static long abstract_socket(void) { return bound("\0planted", 8); }
static long mode(void) { return chmod("/tmp", 0700); }
static long owner(void) { return chown("/tmp", (uid_t)-1, getgid()); }
static long times(void) {
  const struct timespec both[2] = {{12345, 0}, {12345, 0}};
  return utimensat(AT_FDCWD, "/tmp", both, 0);
}

/// A process that nobody waits for, in a session of its own, deaf, and without the connection.
static long leave(int how) {
  const pid_t child = fork();
  if (child != 0) return child;
  setsid();
  if (fork() != 0) _exit(0);
  signal(SIGTERM, SIG_IGN);
  signal(SIGHUP, SIG_IGN);
  for (int fd = 0; fd < 20; ++fd) close(fd);
  if (how == 1) raise(SIGSTOP);
  if (how == 2) abstract_socket();
  if (how == 3) flock(open("/tmp", O_RDONLY), LOCK_EX);
  for (;;) pause();
}
static long process(void) { return leave(0); }
static long stopped(void) { return leave(1); }
static long with_socket(void) { return leave(2); }
static long with_lock(void) { return leave(3); }
static long zombie(void) {
  const pid_t child = fork();
  if (child == 0) _exit(0);
  return child;
}
static long hopper(void) {  // always another process, for whoever looks one after the other
  const pid_t child = fork();
  if (child != 0) return child;
  setsid();
  for (int fd = 0; fd < 20; ++fd) close(fd);
  for (;;)
    if (fork() != 0) _exit(0);
}
static long lock(void) { return flock(open("/tmp", O_RDONLY | O_CLOEXEC), LOCK_EX); }
static long watch(void) { return inotify_add_watch(inotify_init1(0), "/tmp", IN_CREATE); }
static long timer(void) {
  const struct itimerspec soon = {{0, 1000000}, {0, 1000000}};
  return timerfd_settime(timerfd_create(CLOCK_MONOTONIC, 0), 0, &soon, NULL);
}
static long memory_file(void) { return memfd_create("planted", 0); }
static long key(void) { return syscall(SYS_add_key, "user", "planted", "x", 1, -4); }
static long shared_memory(void) { return syscall(SYS_shmget, 4711, 4096, 01666); }
static long queue(void) { return syscall(SYS_msgget, 4711, 01666); }
static long semaphore(void) { return syscall(SYS_semget, 4711, 1, 01666); }
static long posix_queue(void) { return syscall(SYS_mq_open, "planted", O_CREAT | O_RDWR, 0666, NULL); }
static long mounted(void) { return mount("x", "/tmp", "tmpfs", 0, NULL); }
static long score(void) {
  const int fd = open("/proc/self/oom_score_adj", O_WRONLY);
  return fd < 0 ? -1 : write(fd, "1000", 4);
}
static long setting(void) {
  const int fd = open("/proc/sys/net/ipv4/ping_group_range", O_WRONLY);
  return fd < 0 ? -1 : write(fd, "0 7", 3);
}
static long self(void) {
  umask(0777);
  const struct rlimit none = {7, 7};
  return chdir("/tmp") < 0 ? -1 : setrlimit(RLIMIT_NOFILE, &none);
}
static long kill_keeper(void) { return kill(1, SIGKILL); }
static long stop_keeper(void) { return kill(1, SIGSTOP); }
static long term_keeper(void) { return kill(1, SIGTERM); }
static long crash(void) { return raise(SIGSEGV); }

static int entries(const char* path, int numbers) {
  DIR* all = opendir(path);
  int count = all ? 0 : -1;
  for (struct dirent* one; all && (one = readdir(all));) {
    const long number = strtol(one->d_name, NULL, 10);
    if (numbers ? number > 1 && number != getpid() : strcmp(one->d_name, ".") != 0 && strcmp(one->d_name, "..") != 0) ++count;
  }
  return count;
}
static void look(void) {
  char space[64] = "";
  struct stat tmp = {0};
  struct rlimit files = {0};
  const mode_t mask = umask(0);
  (void)!readlink("/proc/self/ns/pid", space, sizeof space - 1);
  stat("/tmp", &tmp);
  getrlimit(RLIMIT_NOFILE, &files);
  char cwd[100] = "", value[8], settings[30] = "-";
  (void)!getcwd(cwd, sizeof cwd);
  const int setting_file = open("/proc/sys/net/ipv4/ping_group_range", O_RDONLY);
  if (setting_file >= 0) {
    const ssize_t size = read(setting_file, settings, sizeof settings - 1);
    if (size > 0) settings[strcspn(settings, "\n")] = 0;
    for (char* c = settings; *c; ++c) if (*c == '\t' || *c == ' ') *c = ',';
  }
  struct stat fd3;
  printf("box=%s files=%d mode=%o owner=%u,%u old=%d processes=%d name=%s shm=%s umask=%o cwd=%s nofile=%d lock=%s attribute=%s open=%d setting=%s\n", space,
         entries("/tmp", 0), tmp.st_mode & 07777, tmp.st_uid, tmp.st_gid, tmp.st_mtim.tv_sec == 12345, entries("/proc", 1), outcome(abstract_socket()),
         syscall(SYS_shmget, 4711, 0, 0) < 0 ? "none" : "there", mask, cwd, files.rlim_cur > 7, outcome(flock(open("/tmp", O_RDONLY), LOCK_EX | LOCK_NB)),
         getxattr("/tmp", "user.planted", value, sizeof value) < 0 ? "none" : "there", fstat(9, &fd3) == 0, settings);
}

static const struct { const char* name; long (*run)(void); } all[] = {
    {"file", file}, {"hidden", hidden}, {"odd-name", odd_name}, {"sparse", sparse}, {"var-tmp", in_var_tmp}, {"shm", in_shm}, {"directory", directory},
    {"symlink", symbolic_link}, {"hard-link", hard_link}, {"fifo", fifo}, {"attribute", attribute}, {"made-and-removed", made_and_removed},
    {"unlinked-open", unlinked_open}, {"all-inodes", all_inodes}, {"socket", local_socket}, {"abstract", abstract_socket}, {"mode", mode}, {"owner", owner},
    {"times", times}, {"process", process}, {"stopped", stopped}, {"process-with-socket", with_socket}, {"process-with-lock", with_lock}, {"zombie", zombie},
    {"hopper", hopper}, {"lock", lock}, {"watch", watch}, {"timer", timer}, {"memfd", memory_file}, {"key", key}, {"sysv-shm", shared_memory}, {"sysv-msg", queue},
    {"sysv-sem", semaphore}, {"posix-queue", posix_queue}, {"mount", mounted}, {"oom-score", score}, {"network-setting", setting}, {"self", self},
    {"kill-keeper", kill_keeper}, {"stop-keeper", stop_keeper}, {"term-keeper", term_keeper}, {"crash", crash}};

int main(void) {
  char line[1000] = "";
  setvbuf(stdout, NULL, _IONBF, 0);
  if (!fgets(line, sizeof line, stdin)) return 1;
  for (char* word = strtok(line, " \n"); word; word = strtok(NULL, " \n")) {
    if (strcmp(word, "look") == 0) look();
    if (strcmp(word, "wait") == 0) (void)!read(0, line, 1);
    for (size_t i = 0; i < sizeof all / sizeof *all; ++i)
      if (strcmp(all[i].name, word) == 0) {
        const char* became = outcome(all[i].run());
        printf("%s=%s ", word, became);
      }
  }
  return 0;
}
