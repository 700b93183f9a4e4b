// SPDX-License-Identifier: MIT
#pragma once
#include <string>
#include <vector>

#include "xsuperd/config/parser.hpp"

/// Entries in the language of xinetd.conf(5).
namespace xsuperd::convert {

/// The entry as it would stand in a file, below `comments` (lines that begin with #). A disabled one says so first.
[[nodiscard]] std::string entry_text(const config::Entry& entry, const std::vector<std::string>& comments);

/// Would `entry` be read back from its text as it is? Not where a value is empty or has a blank in it, for which the
/// language has no words.
[[nodiscard]] bool reads_back(const config::Entry& entry);

/// An attribute for such an entry.
[[nodiscard]] config::Assignment assigned(std::string attribute, const std::vector<std::string>& values);

/// Text as comment lines: bytes that would end one are left out.
[[nodiscard]] std::string comment_line(std::string_view text);

}  // namespace xsuperd::convert
