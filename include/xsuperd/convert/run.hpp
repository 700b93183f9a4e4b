// SPDX-License-Identifier: MIT
#pragma once
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

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

/// The outcome, for callers that report it in another way.
struct Outcome {
  Conversion conversion;
  std::string failure;  ///< why it ended early, or empty
};

/// Does what the command line says: the words behind `convert`. The files go to `out` or to the directory of --output,
/// the report to `err`. Existing files are left alone unless --force is given, and then none is written; each file
/// appears with all its contents or not at all. Returns the exit status. Blocks on files and look-ups.
/// With `outcome` nothing is printed: it gets the report, why it failed, and the files, also those that were written.
[[nodiscard]] int run(const std::vector<std::string>& words, std::FILE* out, std::FILE* err, Outcome* outcome);
[[nodiscard]] inline int run(const std::vector<std::string>& words, std::FILE* out, std::FILE* err) {
  return run(words, out, err, nullptr);
}
/// "note", "gap" or "error".
[[nodiscard]] std::string_view word_of(Weight weight);

}  // namespace xsuperd::convert
