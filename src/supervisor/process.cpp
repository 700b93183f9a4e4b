// SPDX-License-Identifier: MIT
#include "xsuperd/supervisor/process.hpp"

#include <fcntl.h>
#include <linux/close_range.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>

#include "xsuperd/base/fd.hpp"
#include "xsuperd/base/text.hpp"

namespace xsuperd::supervisor {

namespace {
void close_between(unsigned first, unsigned last) {
  if (first > last || ::syscall(SYS_close_range, first, last, 0) == 0) return;
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  const unsigned most = files.rlim_max == RLIM_INFINITY ? 4096 : static_cast<unsigned>(files.rlim_max);
  for (unsigned fd = first; fd <= last && fd < most; ++fd) ::close(static_cast<int>(fd));
}
}  // namespace

void tidy_descriptors(std::vector<int> kept) {
  std::sort(kept.begin(), kept.end());
  unsigned first = 3;
  for (const int number : kept) {
    close_between(first, static_cast<unsigned>(number) - 1);
    first = static_cast<unsigned>(number) + 1;
  }
  close_between(first, ~0U);
  // open() takes the lowest free number: this fills the gaps among 0, 1 and 2 in order.
  while (true) {
    const int fd = ::open("/dev/null", O_RDWR | O_CLOEXEC);
    if (fd < 0) return;
    if (fd > 2) {
      ::close(fd);
      return;
    }
    ::fcntl(fd, F_SETFD, 0);
  }
}

void silence_stdio(int last) {
  const base::Fd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
  if (!null) return;
  for (int fd = 0; fd <= last; ++fd) ::dup2(null.get(), fd);
}

void block_signals() {
  for (int number = 1; number < NSIG; ++number) {
    struct sigaction action {};
    action.sa_handler = SIG_DFL;
    ::sigaction(number, &action, nullptr);
  }
  sigset_t all;
  ::sigfillset(&all);
  ::sigprocmask(SIG_SETMASK, &all, nullptr);
}

mode_t widen_umask() {
  const mode_t mask = ::umask(022) | 022;
  ::umask(mask);
  return mask;
}

void raise_file_limit() {
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) != 0) return;
  files.rlim_cur = files.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &files);
}

base::Result<void> daemonize() {
  pid_t pid = -1;
  for (int tries = 0; tries < 5 && (pid = ::fork()) < 0; ++tries) ::sleep(1);
  if (pid < 0) return base::system_error(errno, "fork");
  if (pid > 0) ::_exit(0);
  silence_stdio(2);
  ::setsid();
  return {};
}

void name_process(const std::string& binary) {
  ::prctl(PR_SET_NAME, std::string(base::last_component(binary)).c_str());
}

std::string absolute(const std::string& path) {
  if (path.empty() || path.front() == '/') return path;
  char directory[4096];
  if (!::getcwd(directory, sizeof directory)) return path;
  return std::string(directory) + "/" + path;
}

base::Result<void> PidFile::write(const std::string& path) {
  const std::string full = absolute(path);
  ::unlink(full.c_str());
  const base::Fd fd(::open(full.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0644));
  if (!fd) return base::system_error(errno, "open( " + full + " ) failed");
  ::fchmod(fd.get(), 0644);
  const std::string text = std::to_string(::getpid()) + "\n";
  if (::write(fd.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size()))
    return base::system_error(errno, "writing " + full + " failed");
  path_ = full;
  return {};
}

void PidFile::remove() {
  if (path_.empty()) return;
  char text[32]{};
  const base::Fd fd(::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (fd && ::read(fd.get(), text, sizeof text - 1) > 0 && std::atol(text) == ::getpid()) ::unlink(path_.c_str());
  path_.clear();
}

std::optional<double> load_average() {
  const base::Fd fd(::open("/proc/loadavg", O_RDONLY | O_CLOEXEC));
  char text[64]{};
  if (!fd || ::read(fd.get(), text, sizeof text - 1) <= 0) return std::nullopt;
  return std::strtod(text, nullptr);
}

}  // namespace xsuperd::supervisor
