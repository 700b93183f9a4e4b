// SPDX-License-Identifier: MIT
#ifdef XSUPERD_HAVE_OPENSSL
#include "tls/pem.hpp"

namespace xsuperd::tls {

namespace {

BioPtr reading(const std::string& pem) { return BioPtr(openssl().BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()))); }

/// Nobody is there to be asked.
int no_passphrase(char*, int, int, void*) { return -1; }

/// The end of the text shows as "no start line"; any other reason is a fault of it.
bool at_the_end() {
  const unsigned long code = openssl().ERR_peek_error();
  openssl().ERR_clear_error();
  return ERR_GET_LIB(code) == ERR_LIB_PEM && ERR_GET_REASON(code) == PEM_R_NO_START_LINE;
}

template <typename Pointer, typename Read>
std::vector<Pointer> read_all(const std::string& pem, Read read) {
  std::vector<Pointer> all;
  const BioPtr from = reading(pem);
  while (from) {
    Pointer one(read(from.get(), nullptr, no_passphrase, nullptr));
    if (!one) break;
    all.push_back(std::move(one));
  }
  if (!at_the_end()) all.clear();
  return all;
}

}  // namespace

std::vector<CertificatePtr> read_certificates(const std::string& pem) {
  return read_all<CertificatePtr>(pem, openssl().PEM_read_bio_X509);
}

std::vector<CrlPtr> read_crls(const std::string& pem) { return read_all<CrlPtr>(pem, openssl().PEM_read_bio_X509_CRL); }

KeyPtr read_key(const std::string& pem) {
  const BioPtr from = reading(pem);
  KeyPtr key(from ? openssl().PEM_read_bio_PrivateKey(from.get(), nullptr, no_passphrase, nullptr) : nullptr);
  openssl().ERR_clear_error();
  return key;
}

}  // namespace xsuperd::tls
#endif
