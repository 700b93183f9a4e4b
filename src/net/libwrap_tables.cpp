// SPDX-License-Identifier: MIT
#include "net/libwrap_tables.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <vector>

#include "xsuperd/base/fd.hpp"

namespace xsuperd::net::wrap {

namespace {

constexpr std::size_t most_bytes = 64 * 1024;
// libwrap reads lines into 2048 bytes and takes what is left of a longer one, be it a comment, for the next
// line.
constexpr std::size_t longest_line = 2000;
constexpr std::int64_t nanoseconds = 1'000'000'000;

std::int64_t in_nanoseconds(const timespec& time) { return time.tv_sec * nanoseconds + time.tv_nsec; }

/// As libwrap sees it: a comment begins in the first column. A continued or cut line counts as a rule, and so
/// does one with a NUL, because of what may become of the lines behind it.
bool is_rule(std::string_view line) {
  if (line.size() > longest_line || line.find('\0') != line.npos || line.ends_with('\\')) return true;
  return !line.starts_with('#') && line.find_first_not_of(" \t\r") != line.npos;
}

/// Nothing when it cannot be read, or not to its end.
std::optional<std::string> content(int fd) {
  std::string text(most_bytes, '\0');
  std::size_t size = 0;
  while (size < text.size()) {
    const ssize_t n = ::read(fd, text.data() + size, text.size() - size);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return std::nullopt;
    if (n == 0) {
      text.resize(size);
      return text;
    }
    size += static_cast<std::size_t>(n);
  }
  return std::nullopt;
}

/// Two changes within one tick of the kernel's clock leave the same stamp: what has just changed is not
/// remembered.
bool settled(std::int64_t changed) {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  return in_nanoseconds(now) - changed > nanoseconds;
}

}  // namespace

bool any_rule(std::string_view text) {
  while (!text.empty()) {
    const auto end = text.find('\n');
    if (is_rule(text.substr(0, end))) return true;
    text.remove_prefix(end == text.npos ? text.size() : end + 1);
  }
  return false;
}

TableFile::Stamp TableFile::stamp_of(const struct stat& file) {
  return {file.st_dev, file.st_ino, file.st_size, in_nanoseconds(file.st_mtim), in_nanoseconds(file.st_ctim)};
}

bool TableFile::has_rules() {
  struct stat file {};
  if (::stat(path_.c_str(), &file) != 0) {
    known_.reset();
    return errno != ENOENT;
  }
  if (!S_ISREG(file.st_mode)) return true;
  if (!known_ || *known_ != stamp_of(file)) read();
  return has_rules_;
}

void TableFile::read() {
  ++reads_;
  known_.reset();
  has_rules_ = true;
  const base::Fd fd(::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  struct stat file {};
  if (!fd || ::fstat(fd.get(), &file) != 0 || !S_ISREG(file.st_mode)) return;
  const auto text = content(fd.get());
  has_rules_ = !text || any_rule(*text);
  const Stamp stamp = stamp_of(file);
  if (settled(std::max(stamp.changed, stamp.modified))) known_ = stamp;
}

}  // namespace xsuperd::net::wrap
