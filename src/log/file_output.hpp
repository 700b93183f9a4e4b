// SPDX-License-Identifier: MIT
#pragma once
#include <string>
#include <string_view>

#include "log/remarking_output.hpp"
#include "log/stamp.hpp"

namespace xsuperd::log {

/// Opens `path` to append lines to it: mode 0644 less the umask, created when missing. Never waits.
[[nodiscard]] base::Result<base::Fd> open_log_file(const std::string& path);

/// The common part of the outputs that append lines to a file, a pipe or a terminal. Each line is one
/// write(2), so that several processes may append to one file; only what the system accepted in part takes
/// more.
class FileOutput : public RemarkingOutput {
 protected:
  FileOutput(base::Fd fd, std::string name) : RemarkingOutput(std::move(name)), fd_(std::move(fd)) {}

  /// Appends `line`, whose line end is part of it.
  Outcome append(std::string_view line);
  [[nodiscard]] const std::string& stamp(base::WallTime when) { return stamp_.at(when); }
  /// For lines in the making; keeps its memory from line to line.
  [[nodiscard]] std::string& buffer() {
    buffer_.clear();
    return buffer_;
  }
  [[nodiscard]] int descriptor() const { return fd_.get(); }

 private:
  base::Fd fd_;
  std::size_t done_ = 0;  ///< how much of the line that failed stands in the file already
  Stamp stamp_{base::log_stamp};
  std::string buffer_;
};

}  // namespace xsuperd::log
