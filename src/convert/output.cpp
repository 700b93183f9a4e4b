// SPDX-License-Identifier: MIT
#include "convert/output.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <string_view>

#include "xsuperd/base/fd.hpp"

namespace xsuperd::convert {

namespace {

base::Error failed(const char* what, const std::string& path) {
  return base::system_error(errno, fmt::format("{} {}", what, path));
}

mode_t current_umask() {
  const mode_t mask = ::umask(022);
  ::umask(mask);
  return mask;
}

bool write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(fd, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

/// A file under a name of its own that becomes `path` at the end, or goes away.
class NewFile {
 public:
  explicit NewFile(const std::string& directory) : name_(directory + "/.xsuperctl-XXXXXX") {
    fd_.reset(::mkostemp(name_.data(), O_CLOEXEC));
  }
  ~NewFile() {
    if (fd_) ::unlink(name_.c_str());
  }
  NewFile(const NewFile&) = delete;
  NewFile& operator=(const NewFile&) = delete;

  std::optional<base::Error> write(const File& file, const std::string& path, bool force, mode_t mode) {
    if (!fd_) return failed("cannot create a file next to", path);
    if (!write_all(fd_.get(), file.text) || ::fchmod(fd_.get(), mode & ~current_umask()) != 0 ||
        ::fsync(fd_.get()) != 0)
      return failed("cannot write", path);
    // link(2) does not replace what somebody else has made meanwhile.
    const int done = force ? ::rename(name_.c_str(), path.c_str()) : ::link(name_.c_str(), path.c_str());
    if (done != 0) return failed("cannot write", path);
    if (force) fd_.reset();
    return std::nullopt;
  }

 private:
  std::string name_;
  base::Fd fd_;
};

}  // namespace

std::optional<base::Error> write_files(const std::vector<File>& files, const std::string& directory, bool force,
                                       bool secret) {
  const mode_t mode = secret ? 0600 : 0644;
  if (::mkdir(directory.c_str(), 0755) != 0 && errno != EEXIST) return failed("cannot create the directory", directory);
  for (const File& file : files) {
    const std::string path = directory + "/" + file.name;
    struct stat there {};
    if (!force && ::lstat(path.c_str(), &there) == 0)
      return base::Error{EEXIST, fmt::format("{} exists, so nothing was written (--force replaces it)", path)};
  }
  for (const File& file : files) {
    if (auto error = NewFile(directory).write(file, directory + "/" + file.name, force, mode)) return error;
  }
  const base::Fd opened(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (opened) ::fsync(opened.get());
  return std::nullopt;
}

}  // namespace xsuperd::convert
