// SPDX-License-Identifier: MIT
#include "xsuperd/config/files.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <memory>

#include "xsuperd/base/fd.hpp"

namespace xsuperd::config {

/// Far beyond any real configuration: a device by mistake must not eat all memory.
static constexpr std::size_t greatest_file = 64u << 20;

base::Result<std::string> SystemFiles::read(const std::string& path) {
  // O_NONBLOCK: a FIFO in place of a file must not hang the start.
  const base::Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!fd) return base::system_error(errno, "open( " + path + " ) failed");
  std::string text;
  char buffer[65536];
  while (true) {
    const ssize_t n = ::read(fd.get(), buffer, sizeof buffer);
    if (n < 0 && errno == EINTR) continue;
    // As xinetd, a directory in place of a file counts as empty (fact B1.42). An error of the device does not: what
    // runs from the file would be gone.
    if (n < 0 && errno != EISDIR) return base::system_error(errno, "read( " + path + " ) failed");
    if (n <= 0) {
      text.shrink_to_fit();  // it is kept until the next load
      return text;
    }
    text.append(buffer, static_cast<std::size_t>(n));
    if (text.size() > greatest_file) return base::Error{EFBIG, path + " is larger than 64 MiB"};
  }
}

base::Result<std::vector<std::string>> SystemFiles::list(const std::string& path) {
  const std::unique_ptr<DIR, int (*)(DIR*)> dir(::opendir(path.c_str()), ::closedir);
  if (!dir) return base::system_error(errno, "opendir( " + path + " ) failed");
  std::vector<std::string> names;
  while (true) {
    errno = 0;  // else the end looks like an error
    const dirent* entry = ::readdir(dir.get());
    if (!entry && errno != 0) return base::system_error(errno, "readdir( " + path + " ) failed");
    if (!entry) return names;
    std::string name = entry->d_name;
    if (name != "." && name != "..") names.push_back(std::move(name));
  }
}

base::Result<Files::Kind> SystemFiles::kind(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) return base::system_error(errno, "stat( " + path + " ) failed");
  return S_ISREG(info.st_mode) ? Kind::regular : S_ISDIR(info.st_mode) ? Kind::directory : Kind::other;
}

base::Result<Files::Status> SystemFiles::status(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) return base::system_error(errno, "stat( " + path + " ) failed");
  return Status{info.st_mode, info.st_uid, info.st_gid};
}

Files::Self SystemFiles::self() { return {::geteuid(), ::getegid()}; }

bool SystemFiles::executable(const std::string& path) { return ::access(path.c_str(), X_OK) == 0; }

}  // namespace xsuperd::config
