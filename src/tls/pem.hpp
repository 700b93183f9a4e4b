// SPDX-License-Identifier: MIT
// What stands in PEM files, parsed. Internal to tls.
#pragma once
#include <string>
#include <vector>

#include "tls/openssl.hpp"

namespace xsuperd::tls {

/// All certificates in their order; none when one of them cannot be read.
[[nodiscard]] std::vector<CertificatePtr> read_certificates(const std::string& pem);
/// All revocation lists.
[[nodiscard]] std::vector<CrlPtr> read_crls(const std::string& pem);
/// The first key; null when there is none that can be read without being asked for a passphrase.
[[nodiscard]] KeyPtr read_key(const std::string& pem);

}  // namespace xsuperd::tls
