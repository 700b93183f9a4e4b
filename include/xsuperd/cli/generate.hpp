// SPDX-License-Identifier: MIT
#pragma once
#include <string>
#include <string_view>

/// The parts of the manual that are made from tables, as lines of mdoc(7). Pure.
namespace xsuperd::cli {

/// The items of the ATTRIBUTES section of xsuperd.conf(5), one for each row of the attribute table, without the list
/// around them.
[[nodiscard]] std::string attribute_manual();

/// The items of the option summary of xsuperd(8), one for each row of the option table, without the list around them.
[[nodiscard]] std::string option_manual();

/// Text that mdoc(7) prints literally, also within quotes.
[[nodiscard]] std::string mdoc_literal(std::string_view text);
/// The same in short lines, a new one for each sentence.
[[nodiscard]] std::string mdoc_text(std::string_view sentences);

}  // namespace xsuperd::cli
