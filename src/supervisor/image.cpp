// SPDX-License-Identifier: MIT
#include "supervisor/image.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>

namespace xsuperd::supervisor {

base::Result<Image> Image::open(const std::string& path) {
  Image image;
  image.name_ = path;
  image.file_.reset(::open(path.c_str(), O_PATH | O_CLOEXEC));
  if (!image.file_ || ::fstat(image.file_.get(), &image.before_) != 0)
    return base::system_error(errno, "opening " + path);
  image.path_ = fmt::format("/proc/{}/fd/{}", ::getpid(), image.file_.get());
  // Without /proc, or with that of other processes: by its name, and looked at again before it is executed.
  if (!image.is_at(image.path_)) image.path_ = path;
  return image;
}

bool Image::is_at(const std::string& path) const {
  struct stat there {};
  return ::stat(path.c_str(), &there) == 0 && there.st_dev == before_.st_dev && there.st_ino == before_.st_ino;
}

std::string Image::changed() const {
  if (!is_at(path_)) return "the program was replaced after its trial: " + name_;
  struct stat now {};
  if (::fstat(file_.get(), &now) != 0) return base::system_error(errno, "looking at " + name_).sentence;
  const bool same = now.st_size == before_.st_size && now.st_mtim.tv_sec == before_.st_mtim.tv_sec &&
                    now.st_mtim.tv_nsec == before_.st_mtim.tv_nsec;
  return same ? std::string() : name_ + " was changed after its trial";
}

}  // namespace xsuperd::supervisor
