// SPDX-License-Identifier: MIT
#pragma once
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "xsuperd/tls/check.hpp"
#include "xsuperd/tls/offer.hpp"
#include "xsuperd/tls/words.hpp"

/// The values of attributes about TLS. Immutable; any thread.
namespace xsuperd::config {

using tls::CertificatePattern;
using tls::ClientCertificate;

/// tls_sni: another certificate for those who ask for that name.
struct SniCertificate {
  std::string name;  ///< lower case; may begin with "*."
  std::string cert;  ///< a path
  std::string key;   ///< a path; empty: in the same file
  bool operator==(const SniCertificate&) const = default;
};

struct TlsVersions {
  tls::Version least = tls::Version::tls1_2;
  tls::Version most = tls::Version::tls1_3;
  bool operator==(const TlsVersions&) const = default;
};

/// redirect_tls: how a target is spoken to.
struct RedirectTls {
  enum class Kind : std::uint8_t {
    no,
    yes,     ///< whoever answers
    verify,  ///< only the host of that name, by a certificate that somebody trusted has signed
  };
  Kind kind = Kind::no;
  std::string authorities;  ///< verify: a path; empty: usual_authorities
  bool operator==(const RedirectTls&) const = default;
};
/// Whom the system trusts to sign certificates of hosts, in PEM.
inline constexpr std::string_view usual_authorities = "/etc/ssl/certs/ca-certificates.crt";

/// tls_handover: what the server of a connection with TLS gets.
enum class TlsHandover : std::uint8_t {
  relay,   ///< one end of a pair of sockets, whose other end the worker has
  kernel,  ///< the connection itself, in which the kernel speaks TLS; refused as long as it is not built
};

/// Usually until when a handshake has to be done, in seconds.
inline constexpr std::uint32_t usual_tls_timeout = 10;

/// What the files of a service said when they were read; equal when they said the same. Null: no TLS.
struct SharedOffer {
  std::shared_ptr<const tls::Offer> value;
  std::vector<tls::Shown> shown = {};  ///< its certificates, in its order
  std::string not_renewed = {};        ///< why what the files say by now could not be taken; empty: it could
  bool operator==(const SharedOffer& other) const {
    const bool same = value == other.value || (value && other.value && *value == *other.value);
    return same && not_renewed == other.not_renewed;
  }
};

}  // namespace xsuperd::config
