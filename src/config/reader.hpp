// SPDX-License-Identifier: MIT
// Follows include and includedir, and lines the entries of all files up in reading order. Internal to config.
#pragma once
#include <string>
#include <vector>

#include "config/guard.hpp"
#include "xsuperd/config/files.hpp"
#include "xsuperd/config/inetd.hpp"
#include "xsuperd/config/parser.hpp"

namespace xsuperd::config {

struct ReadResult {
  bool main_file_read = false;
  std::vector<Entry> entries;  ///< service and defaults entries
  std::vector<std::string> unclear_files;
};
class Reading;
/// Puts the texts of all files into `now`; entries that `before`, if there is any, has of the same file are known.
[[nodiscard]] ReadResult read_all(Files& files, const std::string& path, Diagnostics& diagnostics, Guard& guard,
                                  Reading& now, const Reading* before);

/// The files of inetd. One that is missing is skipped unless it is `required` (fact B1.20); main_file_read says whether
/// one was read.
[[nodiscard]] ReadResult read_inetd(Files& files, Names& names, const std::vector<std::string>& paths, bool required,
                                    const InetdStyle& style, Diagnostics& diagnostics, Guard& guard);

}  // namespace xsuperd::config
