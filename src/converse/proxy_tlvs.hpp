// SPDX-License-Identifier: MIT
#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "xsuperd/net/proxy_words.hpp"

namespace xsuperd::converse {

/// One of them, which must be there.
[[nodiscard]] constexpr std::uint8_t byte_at(std::string_view bytes, std::size_t at) { return static_cast<std::uint8_t>(bytes[at]); }

/// What stands behind the addresses of a header of version 2. `header` is the whole of it, `tlvs` its end. Nothing: it is bad,
/// as lengths do not add up, a checksum (CRC32c) is wrong, an id is longer than its 128 bytes, or one that we know comes
/// twice. What we do not know is passed over, and what cannot be told (net::can_be_told) is left out. Pure.
/// Source: "The PROXY protocol, versions 1 & 2", proxy-protocol.txt of HAProxy, section 2.2.
[[nodiscard]] std::optional<net::ProxyWords> words_in(std::string_view header, std::string_view tlvs);

}  // namespace xsuperd::converse
