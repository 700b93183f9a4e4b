// SPDX-License-Identifier: MIT
// Makes certificates for tests, by OpenSSL itself.
#pragma once
#include <openssl/evp.h>
#include <openssl/x509.h>

#include <memory>
#include <string>
#include <vector>

namespace xsuperd::tls::test {

struct Issued {
  std::string chain;  ///< PEM
  std::string key;    ///< PEM
};

class Authority {
 public:
  explicit Authority(const std::string& name);
  ~Authority();
  Authority(const Authority&) = delete;
  Authority& operator=(const Authority&) = delete;

  struct Wish {
    std::string subject = "localhost";
    std::string names = {};  ///< as OpenSSL's configuration has them: "DNS:a,email:b@c"
    long begins = -3600;     ///< seconds from now
    long ends = 90 * 86400L;
    long serial = 2;
  };
  [[nodiscard]] Issued issue(const Wish& wish) const;
  [[nodiscard]] const std::string& certificate() const { return certificate_; }
  /// Revokes these; the next list is due in so many seconds.
  [[nodiscard]] std::string revoke(const std::vector<long>& serials, long next = 86400) const;

 private:
  EVP_PKEY* key_;
  X509* own_;
  std::string certificate_;
};

/// The one that has signed what a test calls good, "Our authority". Made when it is asked for first.
[[nodiscard]] const Authority& our_authority();

}  // namespace xsuperd::tls::test
