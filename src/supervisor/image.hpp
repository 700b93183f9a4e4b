// SPDX-License-Identifier: MIT
// The file of the new image, opened once. Internal to supervisor.
#pragma once
#include <sys/stat.h>

#include <string>

#include "xsuperd/base/error.hpp"
#include "xsuperd/base/fd.hpp"

namespace xsuperd::supervisor {

/// A program, by the descriptor through which it was opened: whatever gets its name afterwards, this one is meant. Lives
/// on the loop thread.
class Image {
 public:
  Image() = default;
  /// Fails when there is no such file. Needs no permission to read it.
  [[nodiscard]] static base::Result<Image> open(const std::string& path);

  /// A path that leads to that very file, in this process and its children, as long as the Image lives. It names the
  /// process by its number (proc(5)): a child of the spawner's has descriptors of its own.
  [[nodiscard]] const std::string& path() const { return path_; }
  /// Of the descriptor, which is close-on-exec.
  [[nodiscard]] int number() const { return file_.get(); }
  /// Why executing path() would not execute what was opened: somebody has written into it, or (where there is no /proc)
  /// put another file in its place. Empty when nobody has.
  [[nodiscard]] std::string changed() const;

 private:
  [[nodiscard]] bool is_at(const std::string& path) const;

  base::Fd file_;
  std::string path_;
  std::string name_;
  struct stat before_ {};
};

}  // namespace xsuperd::supervisor
