// SPDX-License-Identifier: MIT
#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// TLS in front of services: what a service offers, what was agreed on with a peer, and the engine that speaks. OpenSSL is
/// used here and nowhere else.
namespace xsuperd::tls {

enum class Version : std::uint8_t { tls1_2, tls1_3 };

/// What is asked of a peer's certificate (tls_client_cert).
enum class ClientCertificate : std::uint8_t {
  no,
  optional,  ///< whoever has none is served; one that is not good is refused
  required,
};

/// A certificate with its key, and for which name it is shown.
struct Identity {
  std::string name;   ///< of a host, or "*.DOMAIN"; empty: to all others
  std::string chain;  ///< PEM: the certificate first, then those of its issuers
  std::string key;    ///< PEM; what else stands there counts for nothing
  bool operator==(const Identity&) const = default;
};

/// Who begins.
enum class Side : std::uint8_t {
  answers,  ///< peers come to us: a server, in words of TLS
  calls,    ///< we come to somebody: a client
};

/// All that a service with tls = yes shows and asks, with the contents of the files; or, for the other side, what a redirect
/// with redirect_tls asks of its target. A value; the keys in it are secret.
struct Offer {
  std::vector<Identity> identities;  ///< the first is the one without a name; there need be none for who calls
  bool strict_names = false;         ///< a name that none of them has is refused
  ClientCertificate client_certificate = ClientCertificate::no;
  std::string client_ca;   ///< PEM: certificates that are trusted to have signed those of peers
  std::string client_crl;  ///< PEM: what these have revoked; empty: nobody asks
  Version least = Version::tls1_2;
  Version most = Version::tls1_3;
  std::vector<std::string> ciphers;  ///< OpenSSL's words (ciphers(1)), and names of TLS 1.3; none: the library's
  std::vector<std::string> alpn;     ///< what may be spoken (RFC 7301), the most wanted first; none: nobody asks
  Side side = Side::answers;
  /// calls: a name, which is asked for (SNI), or an address. With client_certificate it must be in the certificate that is shown,
  /// which client_ca has signed.
  std::string host = {};
  bool operator==(const Offer&) const = default;
};

/// Bytes of the longest encoded Offer.
inline constexpr std::size_t longest_offer = 4 * 1024 * 1024;

/// As bytes, and back. Decoding trusts nothing: any bytes give an Offer or none.
[[nodiscard]] std::string encode(const Offer& offer);
[[nodiscard]] std::optional<Offer> decode(std::string_view bytes);

/// The parts of a PEM file that lie between lines of -----BEGIN and -----END, these included, and as they are: no remarks,
/// no bytes beyond printable ASCII. Applied again it changes nothing.
[[nodiscard]] std::string pem_blocks(std::string_view text);

struct Words;
/// Can a handshake with this offer have come out so: a certificate where one is required, a version and a protocol that are
/// offered? What comes from another process is asked this.
[[nodiscard]] bool fits(const Offer& offer, const Words& words);

/// Does the name of an Identity stand for this host: the same name, or "*." and all but its first label? Upper and lower
/// case are alike.
[[nodiscard]] bool stands_for(std::string_view name, std::string_view host);

}  // namespace xsuperd::tls
