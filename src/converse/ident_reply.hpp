// SPDX-License-Identifier: MIT
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace xsuperd::converse {

/// Bytes of the longest reply that is read, its line end included (fact B7.29).
constexpr std::size_t longest_ident_reply = 1024;

/// The text of an identity server's reply, "6193, 23 : USERID : UNIX : joe" giving "UNIX : joe" (RFC 1413; facts B7.15,
/// B7.29); nothing when the line is not an identification of this connection. The text ends before the first CR or LF.
/// Pure.
[[nodiscard]] std::optional<std::string> parse_ident_reply(std::string_view line, std::uint16_t peer_port,
                                                           std::uint16_t local_port);

}  // namespace xsuperd::converse
