// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <fmt/format.h>
#include <grp.h>
#include <linux/capability.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <ctime>
#include <string>

#include "worker/seccomp.hpp"
#include "xsuperd/base/fd.hpp"
#include "xsuperd/base/text.hpp"
#include "xsuperd/tls/check.hpp"
#include "xsuperd/worker/process.hpp"

namespace xsuperd::worker {

namespace {

int error_unless(bool success) { return success ? 0 : errno; }

/// libc looks at the zone's file only while TZ is a new name to it: with TZ set, it never looks again.
int read_time_zone(const SandboxOptions&) {
  ::setenv("TZ", ":/etc/localtime", 0);
  ::tzset();
  const std::time_t now = std::time(nullptr);
  std::tm broken{};
  return error_unless(::localtime_r(&now, &broken) != nullptr);
}

int set_signals(const SandboxOptions&) {
  for (int number = 1; number < NSIG; ++number) {
    struct sigaction action {};
    action.sa_handler = SIG_DFL;
    ::sigaction(number, &action, nullptr);
  }
  sigset_t blocked;
  ::sigfillset(&blocked);
  for (const int number : {SIGTERM, SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGSYS, SIGTRAP})
    ::sigdelset(&blocked, number);
  return error_unless(::sigprocmask(SIG_SETMASK, &blocked, nullptr) == 0);
}

int set_limits(const SandboxOptions& options) {
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) != 0) return errno;
  files.rlim_cur = files.rlim_max;
  const rlimit none{0, 0};
  ::umask(077);
  ::prctl(PR_SET_NAME, options.name);
  return error_unless(::setrlimit(RLIMIT_NOFILE, &files) == 0 && ::setrlimit(RLIMIT_CORE, &none) == 0 &&
                      ::setrlimit(RLIMIT_FSIZE, &none) == 0);
}

/// A directory that has been removed: nothing is in it, and nothing can be put there.
base::Fd removed_directory() {
  for (std::string path : {"/run/xsuperd-XXXXXX", "/tmp/xsuperd-XXXXXX"}) {
    if (!::mkdtemp(path.data())) continue;
    base::Fd directory(::open(path.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    const bool removed = ::rmdir(path.c_str()) == 0;
    if (directory && removed) return directory;
  }
  return {};
}

/// The directory of a process that ends at once: from then on nothing is in it (proc(5)). For a container in which
/// nothing can be written.
int enter_ended_process() {
  const pid_t child = ::fork();
  if (child < 0) return errno;
  if (child == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    while (true) ::pause();
  }
  const std::string path = "/proc/" + std::to_string(child) + "/fdinfo";
  const base::Fd directory(::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  const int error = error_unless(directory && ::fchdir(directory.get()) == 0 && ::chroot(".") == 0);
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  return error;
}

int leave_files(const SandboxOptions&) {
  if (::geteuid() != 0) return 0;
  if (const base::Fd directory = removed_directory())
    return error_unless(::fchdir(directory.get()) == 0 && ::chroot(".") == 0);
  return enter_ended_process();
}

/// What an execve could bring back. That is shut anyway by no_new_privs, so a failure does no harm.
int drop_bounding_set(const SandboxOptions&) {
  for (int capability = 0; ::prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) == 0; ++capability) {
  }
  ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  return 0;
}

int become_user(const SandboxOptions& options) {
  if (::geteuid() != 0) return 0;
  if (options.uid.value_or(0) == 0 || options.gid.value_or(0) == 0) return EINVAL;
  const uid_t uid = *options.uid;
  const gid_t gid = *options.gid;
  return error_unless(::setgroups(0, nullptr) == 0 && ::setresgid(gid, gid, gid) == 0 &&
                      ::setresuid(uid, uid, uid) == 0);
}

int drop_capabilities(const SandboxOptions&) {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct none[2]{};
  return error_unless(::syscall(SYS_capset, &header, &none[0]) == 0);
}

/// Tries the way back.
int verify_privileges(const SandboxOptions&) {
  uid_t uid[3];
  gid_t gid[3];
  if (::getresuid(&uid[0], &uid[1], &uid[2]) != 0 || ::getresgid(&gid[0], &gid[1], &gid[2]) != 0)
    return errno;
  if (uid[0] == 0 || uid[0] != uid[1] || uid[0] != uid[2] || gid[0] != gid[1] || gid[0] != gid[2])
    return EPERM;
  // Who is in group 0 without being root, as in some containers, was so before and stays so.
  const bool regained_group = gid[0] != 0 && ::setresgid(0, 0, 0) == 0;
  if (::setresuid(0, 0, 0) == 0 || regained_group || ::chroot("/") == 0) return EPERM;
  return 0;
}

int gain_nothing_new(const SandboxOptions&) {
  const rlimit none{0, 0};
  return error_unless(::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
                      ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0 && ::setrlimit(RLIMIT_NPROC, &none) == 0);
}

int load_filter(const SandboxOptions& options) { return options.system_calls ? load_seccomp() : 0; }

/// OpenSSL looks for its configuration, and more, when it is used for the first time.
int load_tls(const SandboxOptions& options) { return !options.tls || tls::prepare() ? 0 : ELIBACC; }

/// Keys are not to be written to a disk. Where the limit cannot be lifted, nothing may be locked, or memory would run out at
/// it: then the private keys themselves are, by OpenSSL.
int stay_in_memory(const SandboxOptions& options) {
  const rlimit unlimited{RLIM_INFINITY, RLIM_INFINITY};
  if (options.tls && ::setrlimit(RLIMIT_MEMLOCK, &unlimited) == 0) (void)::mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT);
  return 0;
}

int filter_system_calls(const SandboxOptions& options) {
  return options.system_calls ? restrict_system_calls(Refused::killed, {options.tls, options.sockets}) : 0;
}

struct Step {
  const char* what;
  int (*take)(const SandboxOptions&);  ///< returns errno, 0 for success
};

constexpr Step steps[] = {
    {"loading libseccomp", load_filter},
    {"loading OpenSSL", load_tls},
    {"reading the time zone", read_time_zone},
    {"setting signals", set_signals},
    {"setting limits", set_limits},
    {"keeping the memory out of swap", stay_in_memory},
    {"changing to an empty root directory", leave_files},
    {"dropping the capability bounding set", drop_bounding_set},
    {"changing to the worker's user", become_user},
    {"dropping capabilities", drop_capabilities},
    {"verifying that privileges were dropped", verify_privileges},
    {"forbidding new privileges", gain_nothing_new},
    {"restricting system calls", filter_system_calls},
};

template <typename Id>
std::optional<Id> id_from_environment(const char* name) {
  const char* text = std::getenv(name);
  const auto number = text ? base::parse_number(text, 0, static_cast<Id>(-2)) : std::nullopt;
  if (!number) return std::nullopt;
  return static_cast<Id>(*number);
}

}  // namespace

SandboxOptions sandbox_from_environment() {
  const char* role = std::getenv("XSUPERD_WORKER_ROLE");
  return {.uid = id_from_environment<uid_t>("XSUPERD_WORKER_UID"),
          .gid = id_from_environment<gid_t>("XSUPERD_WORKER_GID"),
          .tls = role && std::string_view(role) == "tls"};
}

base::Result<void> enter_sandbox(const SandboxOptions& options) {
  for (const Step& step : steps)
    if (const int error = step.take(options))
      return base::system_error(error, fmt::format("{} failed", step.what));
  return {};
}

}  // namespace xsuperd::worker
