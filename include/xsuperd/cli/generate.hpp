// SPDX-License-Identifier: MIT
#pragma once
#include <string>

namespace xsuperd::cli {

/// The items of the ATTRIBUTES section of xsuperd.conf(5), one for each row of the attribute table, as lines
/// of mdoc(7) without the list around them. Pure.
[[nodiscard]] std::string attribute_manual();

}  // namespace xsuperd::cli
