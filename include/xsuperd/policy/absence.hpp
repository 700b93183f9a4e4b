// SPDX-License-Identifier: MIT
#pragma once
#include <string>
#include <string_view>

#include "xsuperd/config/model.hpp"

/// Entries of the files that are not among the services, in words: which are meant, where they stand, and why. Pure.
namespace xsuperd::policy {

/// Does `word` mean it: its id or its name, upper and lower case alike?
[[nodiscard]] bool is_meant(const std::string& id, const std::string& name, const std::string& word);
/// "FILE:LINE" or "FILE:LINE:COLUMN".
[[nodiscard]] std::string place_text(const config::Place& place);
/// "disabled" and the like.
[[nodiscard]] std::string_view word_of(config::Fate fate);
/// A line about an entry that is not among the services, escaped.
[[nodiscard]] std::string absence_text(const config::Absent& absent);

}  // namespace xsuperd::policy
