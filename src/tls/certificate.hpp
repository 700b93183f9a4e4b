// SPDX-License-Identifier: MIT
// What a certificate says. Internal to tls.
#pragma once
#include "tls/openssl.hpp"
#include "xsuperd/tls/words.hpp"

namespace xsuperd::tls {

/// Bounded, and nothing in it but decent text.
[[nodiscard]] Certificate told_by(X509* certificate);

}  // namespace xsuperd::tls
