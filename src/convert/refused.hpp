// SPDX-License-Identifier: MIT
#pragma once
#include <map>
#include <string>
#include <vector>

#include "xsuperd/config/files.hpp"
#include "xsuperd/config/names.hpp"
#include "xsuperd/convert/convert.hpp"

namespace xsuperd::convert {

/// Which of these files of an includedir would have an entry refused, and why; by their names. All are read together,
/// as they would be. `files`: of the machine; null: every program exists.
[[nodiscard]] std::map<std::string, std::string> refused_entries(const std::vector<File>& entries, config::Files* files,
                                                                 config::Names& names);

}  // namespace xsuperd::convert
