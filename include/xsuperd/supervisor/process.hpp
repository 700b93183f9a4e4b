// SPDX-License-Identifier: MIT
#pragma once
#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "xsuperd/base/error.hpp"

/// What the process does to itself and to the system before and after it serves (facts B1.23 to B1.33). All of it is
/// called on the main thread before there are others, but for remove().
namespace xsuperd::supervisor {

/// Closes every descriptor from 3 on but those in `kept`, and gives 0, 1 and 2 something where they are closed
/// (/dev/null).
void tidy_descriptors(std::vector<int> kept = {});
/// Makes the numbers from 0 to `last`, which is 2 at the most, /dev/null.
void silence_stdio(int last);
/// Every signal to its default action and blocked: they are read from a descriptor (design, "signals").
void block_signals();
/// Adds 022 to the umask and returns it (fact B1.25).
mode_t widen_umask();
/// Raises the soft limit of open files to the hard one, for the daemon itself.
void raise_file_limit();

/// Gives the process the name that executing `binary` by its path would have given it (comm, proc(5)): one that was
/// executed through a descriptor is named by its number.
void name_process(const std::string& binary);

/// A pid file: an old one is replaced, never written through a link; mode 0644 (fact B1.31). Relative paths are taken
/// from the directory at the time of the call.
class PidFile {
 public:
  PidFile() = default;
  ~PidFile() { remove(); }
  PidFile(const PidFile&) = delete;
  PidFile& operator=(const PidFile&) = delete;
  [[nodiscard]] base::Result<void> write(const std::string& path);
  /// Takes on the file that an image before this one wrote: it is not written again.
  void take_over(std::string path) { path_ = std::move(path); }
  /// Takes the file away if it still holds our pid (decision on B12.45).
  void remove();

 private:
  std::string path_;
};

/// `path`, or when it is relative that path below the current directory.
[[nodiscard]] std::string absolute(const std::string& path);

/// The first number of /proc/loadavg; nothing when it cannot be read.
[[nodiscard]] std::optional<double> load_average();

}  // namespace xsuperd::supervisor
