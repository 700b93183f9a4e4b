// SPDX-License-Identifier: MIT
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "xsuperd/base/error.hpp"
#include "xsuperd/convert/convert.hpp"

namespace xsuperd::convert {

/// Writes the files into a directory, which is made if it is not there. Without `force` none is written when one of
/// them exists. Each appears complete or not at all, also when the machine stops; mode 0644 less the umask, or 0600 when
/// they are `secret`. Returns why it ended early; nothing when all were written.
[[nodiscard]] std::optional<base::Error> write_files(const std::vector<File>& files, const std::string& directory,
                                                     bool force, bool secret);

}  // namespace xsuperd::convert
