// SPDX-License-Identifier: MIT
// gzip, where zlib is found. Internal to supervisor.
#pragma once
#include <optional>
#include <string>
#include <string_view>

namespace xsuperd::supervisor {

/// The text as a gzip file (RFC 1952); nothing where it cannot be had. Blocks on files when it is the first to need the
/// library; any thread but the loop's.
[[nodiscard]] std::optional<std::string> zipped(std::string_view text);

}  // namespace xsuperd::supervisor
