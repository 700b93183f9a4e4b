// SPDX-License-Identifier: MIT
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/xattr.h>

#include "probe.h"

static int lists(const char* path) {
  DIR* directory = opendir(path);
  if (!directory) return answer(-1);
  int others = 0;
  for (struct dirent* one; (one = readdir(directory));) others += strcmp(one->d_name, ".") != 0 && strcmp(one->d_name, "..") != 0;
  return others > 0 ? ALLOWED : ABSENT;
}

static int shadow(void) { return opens("/etc/shadow", O_RDONLY); }
static int passwd(void) { return opens("/etc/passwd", O_RDONLY); }
static int write_root(void) { return writes_in("/"); }
static int write_etc(void) { return writes_in("/etc"); }
static int write_usr(void) { return writes_in("/usr/bin"); }
static int write_tmp(void) { return writes_in("/tmp"); }
static int write_var_tmp(void) { return writes_in("/var/tmp"); }
static int write_var(void) { return writes_in("/var/lib"); }
static int write_home(void) { return writes_in("/home"); }
static int write_root_home(void) { return writes_in("/root"); }
static int write_run(void) { return writes_in("/run"); }
static int write_opt(void) { return writes_in("/opt"); }
static int write_srv(void) { return writes_in("/srv"); }
static int write_dev(void) { return writes_in("/dev"); }
static int write_shm(void) { return writes_in("/dev/shm"); }
static int list_root_home(void) { return lists("/root"); }
static int list_home(void) { return lists("/home"); }
static int list_var(void) { return lists("/var/log"); }
static int list_run(void) { return lists("/run"); }
static int list_boot(void) { return lists("/boot"); }
static int list_sys(void) { return lists("/sys/kernel"); }
static int marker_tmp(void) { return opens(fact("marker"), O_RDONLY); }
static int marker_shm(void) { return opens(fact("shm_marker"), O_RDONLY); }
static int secret_home(void) { return opens("/home/someone/secret", O_RDONLY); }
static int secret_root(void) { return opens("/root/secret", O_RDONLY); }
static int open_srv(void) { return opens("/srv/world-writable/file", O_WRONLY); }
static int write_through_fifo(void) { return opens("/srv/world-writable/fifo", O_RDWR); }

static int connect_path(const char* path) {
  struct sockaddr_un to = {.sun_family = AF_UNIX};
  strncpy(to.sun_path, path, sizeof to.sun_path - 1);
  return answer(connect(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), (struct sockaddr*)&to, sizeof to));
}
static int socket_run(void) { return connect_path("/run/host.socket"); }
static int socket_srv(void) { return connect_path("/srv/world-writable/socket"); }

/// In /tmp, the one place where most may write.
static const char* scratch(const char* what) {
  static char path[100];
  snprintf(path, sizeof path, "/tmp/probe.%d.%s", (int)getpid(), what);
  return path;
}
static int make_node(mode_t mode, dev_t device) {
  const int result = answer(mknod(scratch("node"), mode | 0600, device));
  unlink(scratch("node"));
  return result;
}
static int node_null(void) { return make_node(S_IFCHR, makedev(1, 3)); }
static int node_disk(void) { return make_node(S_IFBLK, makedev(254, 0)); }
static int node_opened(void) {
  int result = answer(mknod(scratch("mem"), S_IFCHR | 0600, makedev(1, 1)));
  if (result == ALLOWED) result = opens(scratch("mem"), O_RDONLY);
  unlink(scratch("mem"));
  return result;
}
static int fifo(void) { return make_node(S_IFIFO, 0); }

/// Makes a file in /tmp and tries something on it.
static int on_file(int (*run)(int fd, const char* path)) {
  const char* path = scratch("file");
  const int fd = open(path, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600);
  if (fd < 0) return answer(fd);
  const int result = run(fd, path);
  unlink(path);
  return result;
}
static int make_setuid(int fd, const char* path) {
  (void)path;
  struct stat status;
  if (fchmod(fd, 04755) < 0) return answer(-1);
  return fstat(fd, &status) == 0 && (status.st_mode & 04000) ? ALLOWED : EPERM;
}
static int setuid_file(void) { return on_file(make_setuid); }
static int give_away(int fd, const char* path) { (void)path; return answer(fchown(fd, 1, 1)); }
static int chown_file(void) { return on_file(give_away); }
static int set_capability(int fd, const char* path) {
  (void)path;
  const unsigned char value[20] = {1, 0, 0, 2, 1};
  return answer(fsetxattr(fd, "security.capability", value, sizeof value, 0));
}
static int file_capability(void) { return on_file(set_capability); }
static int set_attribute(int fd, const char* path) { (void)path; return answer(fsetxattr(fd, "user.probe", "x", 1, 0)); }
static int user_attribute(void) { return on_file(set_attribute); }
static int run_file(int fd, const char* path) {
  (void)path;
  if (fchmod(fd, 0755) < 0 || write(fd, "#!/nonexistent\n", 15) != 15) return answer(-1);
  close(fd);
  char* const words[] = {"x", NULL};
  return got_by(execve(path, words, words), ENOENT);
}
static int exec_tmp(void) { return on_file(run_file); }

static int link_to(const char* from) {
  const int result = answer(link(from, scratch("link")));
  unlink(scratch("link"));
  return result;
}
static int link_passwd(void) { return link_to("/etc/passwd"); }
static int link_marker(void) { return link_to(fact("marker")); }
static int chmod_passwd(void) {
  struct stat status;
  if (stat("/etc/passwd", &status) < 0) return answer(-1);
  return answer(chmod("/etc/passwd", status.st_mode & 07777));
}
static int chmod_tmp(void) {
  struct stat status;
  if (stat("/tmp", &status) < 0) return answer(-1);
  return answer(chmod("/tmp", status.st_mode & 07777));
}
static int truncate_open(void) { return opens("/etc/hostname", O_WRONLY); }
static int lock_passwd(void) {
  const int fd = open("/etc/passwd", O_RDONLY | O_CLOEXEC);
  return fd < 0 ? answer(fd) : answer(flock(fd, LOCK_EX | LOCK_NB));
}
static int watch_etc(void) { return answer(inotify_add_watch(inotify_init1(IN_CLOEXEC), "/etc", IN_OPEN)); }
static int outside_root(void) {
  struct stat up, here;
  if (chdir("/") < 0 || stat("..", &up) < 0 || stat(".", &here) < 0) return answer(-1);
  return up.st_ino == here.st_ino && up.st_dev == here.st_dev ? ABSENT : ALLOWED;
}

const struct attempt file_attempts[] = {
    {"read-etc-passwd", passwd}, {"read-etc-shadow", shadow}, {"read-home-file", secret_home}, {"read-root-file", secret_root},
    {"read-host-tmp-file", marker_tmp}, {"read-host-shm-file", marker_shm}, {"list-root-home", list_root_home}, {"list-home", list_home},
    {"list-var-log", list_var}, {"list-run", list_run}, {"list-boot", list_boot}, {"list-sys", list_sys},
    {"write-slash", write_root}, {"write-etc", write_etc}, {"write-usr-bin", write_usr}, {"write-tmp", write_tmp},
    {"write-var-tmp", write_var_tmp}, {"write-var-lib", write_var}, {"write-home", write_home}, {"write-root-home", write_root_home},
    {"write-run", write_run}, {"write-opt", write_opt}, {"write-srv", write_srv}, {"write-dev", write_dev},
    {"write-dev-shm", write_shm}, {"write-shared-file", open_srv}, {"write-shared-fifo", write_through_fifo},
    {"open-etc-file-to-write", truncate_open}, {"chmod-etc-passwd", chmod_passwd}, {"chmod-tmp", chmod_tmp},
    {"lock-etc-passwd", lock_passwd}, {"watch-etc", watch_etc}, {"connect-socket-run", socket_run}, {"connect-socket-srv", socket_srv},
    {"mknod-null", node_null}, {"mknod-disk", node_disk}, {"mknod-mem-and-open", node_opened}, {"mkfifo", fifo},
    {"setuid-file", setuid_file}, {"chown-file", chown_file}, {"file-capability", file_capability}, {"file-attribute", user_attribute},
    {"exec-from-tmp", exec_tmp}, {"link-etc-passwd", link_passwd}, {"link-host-tmp-file", link_marker},
    {"dotdot-of-root", outside_root}, {NULL, NULL}};
