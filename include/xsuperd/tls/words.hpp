// SPDX-License-Identifier: MIT
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "xsuperd/base/described.hpp"

/// What is told of a handshake by the process that has held it. Values; pure; any thread.
namespace xsuperd::tls {

/// Of a peer's certificate, which has been verified. A name that is not UTF-8, is too long or has a control character in it
/// is left out: an empty text, or no element.
struct Certificate {
  std::string subject;             ///< its common name; of several the last
  std::vector<std::string> names;  ///< subject alternative names: of hosts, mail boxes, URIs, and addresses as text
  std::string issuer;              ///< the whole name (RFC 2253)
  std::string serial;              ///< hexadecimal
  std::string sha256;              ///< of the whole certificate: 64 hexadecimal digits
  bool operator==(const Certificate&) const = default;
};
BOOST_DESCRIBE_STRUCT(Certificate, (), (subject, names, issuer, serial, sha256))

/// What was agreed on, and with whom.
struct Words {
  std::string name;      ///< that the peer has asked for (SNI); empty: none
  std::string protocol;  ///< of those of tls_alpn; empty: the peer asked for none
  std::string version;   ///< "TLSv1.3"
  std::string cipher;    ///< as OpenSSL calls it
  bool resumed = false;  ///< a session from before
  std::optional<Certificate> certificate = {};
  bool operator==(const Words&) const = default;
};
BOOST_DESCRIBE_STRUCT(Words, (), (name, protocol, version, cipher, resumed, certificate))

/// Bytes of each text, and how many names of a certificate are told.
inline constexpr std::size_t longest_word = 512;
inline constexpr std::size_t most_names = 32;

/// The text, if it is UTF-8 without control characters and of at most longest_word bytes; else nothing.
[[nodiscard]] std::string decent(std::string_view text);
/// Is all of it so, and within the bounds? What comes from another process is asked this.
[[nodiscard]] bool in_order(const Words& words);

/// How a handshake came out.
struct Handshake {
  enum class Result : std::uint8_t {
    done,
    failed,       ///< nothing in common, or what came was not TLS
    certificate,  ///< the peer has none, or not a good one
    too_late,     ///< not done within tls_timeout
    left,         ///< the peer has closed the connection
  };
  Result result = Result::failed;
  Words words = {};        ///< done
  std::string detail = {};  ///< else: a clause that says more, printable ASCII; or empty
  bool operator==(const Handshake&) const = default;
};
[[nodiscard]] bool in_order(const Handshake& handshake);

/// Who of those that the authority has signed is let in (only_cert).
struct CertificatePattern {
  enum class Kind : std::uint8_t {
    subject,  ///< cn: the common name, letter for letter
    name,     ///< san: one of the alternative names; upper and lower case are alike
    sha256,   ///< of the certificate
  };
  Kind kind = Kind::subject;
  std::string text;
  bool operator==(const CertificatePattern&) const = default;
};
/// Does one of the patterns match? With none nobody is let in: a list from which all was taken is one that admits nobody.
[[nodiscard]] bool admits(const std::vector<CertificatePattern>& patterns, const std::optional<Certificate>& certificate);

}  // namespace xsuperd::tls
