// SPDX-License-Identifier: MIT
#pragma once
#include <cstddef>
#include <string_view>

namespace xsuperd::base {

/// Bytes of the character of UTF-8 at the front of `text`, which is not empty (RFC 3629); 0: none is there. Pure.
[[nodiscard]] std::size_t utf8_length(std::string_view text);

/// Is it UTF-8, with no character in it that a terminal obeys: those below U+0020, and U+007F to U+009F? Pure.
[[nodiscard]] bool is_plain(std::string_view text);

}  // namespace xsuperd::base
