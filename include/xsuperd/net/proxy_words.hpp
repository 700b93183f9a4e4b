// SPDX-License-Identifier: MIT
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "xsuperd/base/described.hpp"

/// What a proxy tells of its client in a header of the PROXY protocol, version 2, besides addresses (decision B15.53). Values;
/// pure; any thread.
namespace xsuperd::net {

struct ProxyWord {
  enum class Fact : std::uint8_t {
    name,           ///< the host name that the client has asked for: of TLS (SNI), or another authority
    protocol,       ///< that was agreed on (ALPN)
    unique_id,      ///< of the connection; as hexadecimal digits unless it is printable ASCII
    tls_version,    ///< "TLSv1.3"; this one and all that follow only where the client came with TLS
    tls_cipher,
    tls_verified,   ///< "yes" or "no": did the proxy take the client's certificate for good? Only where there was one
    tls_subject,    ///< the common name in that certificate; only if it was good
    tls_signature,  ///< the algorithm with which the proxy's certificate is signed
    tls_key,        ///< the algorithm of its key
  };
  Fact fact = Fact::name;
  std::string text;  ///< 1 to longest_proxy_word bytes, of UTF-8 without control characters
  bool operator==(const ProxyWord&) const = default;
};
BOOST_DESCRIBE_STRUCT(ProxyWord, (), (fact, text))
/// In the order of their facts, none twice.
using ProxyWords = std::vector<ProxyWord>;

inline constexpr std::size_t longest_proxy_word = 256;
inline constexpr std::size_t most_proxy_words = 9;

/// Can it be the text of one?
[[nodiscard]] bool can_be_told(std::string_view text);
/// Are they as they should be? What comes from another process is asked this.
[[nodiscard]] bool in_order(const ProxyWords& words);
/// What they say of that; empty: nothing. Points into `words`.
[[nodiscard]] std::string_view word_of(const ProxyWords& words, ProxyWord::Fact fact);

}  // namespace xsuperd::net
