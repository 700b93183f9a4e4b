// SPDX-License-Identifier: MIT
#pragma once
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include "xsuperd/config/files.hpp"
#include "xsuperd/convert/convert.hpp"

/// The command `xsuperctl convert`.
namespace xsuperd::convert {

/// The exit statuses of its own.
enum class Exit : int {
  good = 0,
  losses = 1,  ///< something has no equivalent, or a file could not be written
  usage = 2,
  input = 4,  ///< the input has errors, or cannot be read
};

/// What has become of it.
struct Outcome {
  Conversion conversion;
  bool converted = false;  ///< it has come so far that there is something to report
  bool printed = false;    ///< the files are meant for the standard output
  std::string failure;     ///< why it ended early, or could not write, or empty
};

/// Does what the command line says: the words behind `convert`. Files are read through `files`, and written to the directory
/// of --output. Existing ones are left alone unless --force is given, and then none is written; each file appears with all
/// its contents or not at all. Prints only what --help asks for, to `out`. Returns the exit status. Blocks on files and look-ups.
[[nodiscard]] int run(const std::vector<std::string>& words, std::FILE* out, config::Files& files, Outcome& outcome);
/// Prints what there is to tell: the report to `err`, and to `out` the files that are meant for it. Returns the exit status, which
/// is `status` unless that cannot be written.
[[nodiscard]] int tell(const Outcome& outcome, int status, std::FILE* out, std::FILE* err);
/// Both, with the real file system.
[[nodiscard]] int run(const std::vector<std::string>& words, std::FILE* out, std::FILE* err);
/// "note", "gap" or "error".
[[nodiscard]] std::string_view word_of(Weight weight);

}  // namespace xsuperd::convert
