// SPDX-License-Identifier: MIT
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "xsuperd/config/loader.hpp"

namespace xsuperd::config {

/// All that can be said about configuration files without running them: for xsuperd -t and for xsuperctl check.
struct Examined {
  Loaded loaded;
  /// What loading said, what lints() and lint_files() found and what hinders services, those of one file together and
  /// in the order of its lines. Without what is for debugging.
  std::vector<Diagnostic> findings;
  std::size_t errors = 0;
  std::size_t warnings = 0;
  std::size_t services = 0;  ///< that would be served
  std::size_t disabled = 0;  ///< by whatever means
  std::size_t refused = 0;   ///< for an error
};

/// Who is to read the files: with also_xinetd it is told what lint_as_xinetd() finds, too.
enum class Readers : std::uint8_t { xsuperd, also_xinetd };

/// Blocks on files and look-ups. `abilities` is what the program can do that is to run the configuration.
[[nodiscard]] Examined examine(Files& files, Names& names, const Sources& sources, const Abilities& abilities,
                               Readers readers = Readers::xsuperd);

/// "3 services, 1 disabled, 0 refused; 0 errors, 2 warnings".
[[nodiscard]] std::string summary(const Examined& examined);

}  // namespace xsuperd::config
