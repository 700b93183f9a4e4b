// SPDX-License-Identifier: MIT
#pragma once
#include <memory>
#include <string>
#include <vector>

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

/// Usually until when a handshake has to be done, in seconds.
inline constexpr std::uint32_t usual_tls_timeout = 10;

/// What the files of a service said when they were read; equal when they said the same. Null: no TLS.
struct SharedOffer {
  std::shared_ptr<const tls::Offer> value;
  bool operator==(const SharedOffer& other) const {
    return value == other.value || (value && other.value && *value == *other.value);
  }
};

}  // namespace xsuperd::config
