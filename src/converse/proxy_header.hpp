// SPDX-License-Identifier: MIT
#pragma once
#include <cstdint>
#include <string_view>

#include "xsuperd/converse/conversation.hpp"

namespace xsuperd::converse {

/// What the first bytes of a connection are.
struct ProxyBeginning {
  enum class State : std::uint8_t { incomplete, header, bad };
  State state = State::incomplete;
  ProxyHeader header = {};  ///< with State::header
};

/// Reads a header of HAProxy's PROXY protocol, version 1 or 2, at the beginning of `bytes`; what follows it is not looked at.
/// `incomplete`: all bytes so far may be the beginning of one. Strict, as the specification demands: one blank, numbers
/// without leading zeros, lengths that add up, families and protocols that can come over a stream. A client whose address no
/// client can have (unspecified, multicast, broadcast) makes it bad, and so does a UNIX client, for which we have no words.
/// TLVs are read as words_in() says, unless the peer speaks for itself. Client and called address may be of two families, as when
/// one of them was an IPv4 address in an IPv6 header. Never `incomplete` for longest_proxy_header bytes. Pure.
/// Source: "The PROXY protocol, versions 1 & 2", proxy-protocol.txt of HAProxy, sections 2.1 and 2.2.
[[nodiscard]] ProxyBeginning parse_proxy_header(std::string_view bytes);

}  // namespace xsuperd::converse
