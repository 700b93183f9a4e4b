// SPDX-License-Identifier: MIT
#include "log/file_output.hpp"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace xsuperd::log {

namespace {

// O_NONBLOCK means nothing to a file. With a pipe, open(2) does not wait for a reader, and a reader that has
// stopped reading holds up its own log only, not all of them.
constexpr int common_flags = O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
// A reader that is merely slow gets this long before its log counts as failed.
constexpr int patience_ms = 100;

/// The descriptor that a path of /dev stands for, -1 for all other paths.
int standard_descriptor(const std::string& path) {
  if (path == "/dev/stdout") return STDOUT_FILENO;
  return path == "/dev/stderr" ? STDERR_FILENO : -1;
}

int open_any(const std::string& path) {
  const int standard = standard_descriptor(path);
  // A bare root directory has no /dev/stdout, and no file of that name is wanted there.
  const int flags = standard < 0 ? common_flags : common_flags & ~O_CREAT;
  int fd = ::open(path.c_str(), flags | O_WRONLY, 0644);
  // A named pipe without a reader: opened for reading too, it holds what is written until one comes.
  if (fd < 0 && errno == ENXIO) fd = ::open(path.c_str(), flags | O_RDWR, 0644);
  if (fd >= 0 || standard < 0) return fd;
  // What stands behind /dev/stdout cannot always be opened a second time: a socket never, a pipe or a
  // terminal of another user not always. The descriptor itself works.
  return ::fcntl(standard, F_DUPFD_CLOEXEC, 3);
}

bool wait_writable(int fd) {
  pollfd waiting{fd, POLLOUT, 0};
  int ready = 0;
  do {
    ready = ::poll(&waiting, 1, patience_ms);
  } while (ready < 0 && errno == EINTR);
  return ready > 0;
}

}  // namespace

base::Result<base::Fd> open_log_file(const std::string& path) {
  const int fd = open_any(path);
  if (fd < 0) return base::system_error(errno, "opening log file " + path);
  return base::Fd(fd);
}

Output::Outcome FileOutput::append(std::string_view line) {
  line.remove_prefix(std::min(done_, line.size()));
  while (!line.empty()) {
    const ssize_t count = ::write(fd_.get(), line.data(), line.size());
    if (count > 0) {
      line.remove_prefix(static_cast<std::size_t>(count));
      done_ += static_cast<std::size_t>(count);
      continue;
    }
    const int code = count < 0 ? errno : EIO;
    if (code == EINTR || (code == EAGAIN && wait_writable(fd_.get()))) continue;
    return failed(code);
  }
  done_ = 0;
  return succeeded();
}

}  // namespace xsuperd::log
