// SPDX-License-Identifier: MIT
#include "tls/authority.hpp"

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <stdexcept>

namespace xsuperd::tls::test {

namespace {

template <typename Write>
std::string pem(Write write) {
  BIO* to = BIO_new(BIO_s_mem());
  write(to);
  char* text = nullptr;
  const long size = BIO_get_mem_data(to, &text);
  std::string result(text, static_cast<std::size_t>(size));
  BIO_free(to);
  return result;
}

void extend(X509* certificate, X509* issuer, int what, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, what, value.c_str());
  if (!extension) throw std::runtime_error("no such extension: " + value);
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

X509* certificate_of(EVP_PKEY* key, const Authority::Wish& wish) {
  X509* one = X509_new();
  X509_set_version(one, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(one), wish.serial);
  X509_gmtime_adj(X509_getm_notBefore(one), wish.begins);
  X509_gmtime_adj(X509_getm_notAfter(one), wish.ends);
  const auto* text = reinterpret_cast<const unsigned char*>(wish.subject.data());
  X509_NAME_add_entry_by_txt(X509_get_subject_name(one), "CN", MBSTRING_UTF8, text, static_cast<int>(wish.subject.size()), -1, 0);
  X509_set_pubkey(one, key);
  return one;
}

std::string pem_of(X509* certificate) {
  return pem([&](BIO* to) { PEM_write_bio_X509(to, certificate); });
}

}  // namespace

Authority::Authority(const std::string& name)
    : key_(EVP_EC_gen("P-256")), own_(certificate_of(key_, {.subject = name, .ends = 3650 * 86400L, .serial = 1})) {
  X509_set_issuer_name(own_, X509_get_subject_name(own_));
  extend(own_, own_, NID_basic_constraints, "critical,CA:TRUE");
  extend(own_, own_, NID_key_usage, "critical,keyCertSign,cRLSign");
  X509_sign(own_, key_, EVP_sha256());
  certificate_ = pem_of(own_);
}

Authority::~Authority() {
  X509_free(own_);
  EVP_PKEY_free(key_);
}

Issued Authority::issue(const Wish& wish) const {
  EVP_PKEY* key = EVP_EC_gen("P-256");
  X509* one = certificate_of(key, wish);
  X509_set_issuer_name(one, X509_get_subject_name(own_));
  if (!wish.names.empty()) extend(one, own_, NID_subject_alt_name, wish.names);
  X509_sign(one, key_, EVP_sha256());
  Issued issued{pem_of(one), pem([&](BIO* to) { PEM_write_bio_PrivateKey(to, key, nullptr, nullptr, 0, nullptr, nullptr); })};
  X509_free(one);
  EVP_PKEY_free(key);
  return issued;
}

std::string Authority::revoke(const std::vector<long>& serials, long next) const {
  X509_CRL* list = X509_CRL_new();
  X509_CRL_set_version(list, 1);
  X509_CRL_set_issuer_name(list, X509_get_subject_name(own_));
  ASN1_TIME* when = ASN1_TIME_new();
  X509_gmtime_adj(when, -7200);
  X509_CRL_set1_lastUpdate(list, when);
  for (const long serial : serials) {
    X509_REVOKED* entry = X509_REVOKED_new();
    ASN1_INTEGER* number = ASN1_INTEGER_new();
    ASN1_INTEGER_set(number, serial);
    X509_REVOKED_set_serialNumber(entry, number);
    X509_REVOKED_set_revocationDate(entry, when);
    X509_CRL_add0_revoked(list, entry);
    ASN1_INTEGER_free(number);
  }
  X509_gmtime_adj(when, next);
  X509_CRL_set1_nextUpdate(list, when);
  ASN1_TIME_free(when);
  X509_CRL_sort(list);
  X509_CRL_sign(list, key_, EVP_sha256());
  std::string text = pem([&](BIO* to) { PEM_write_bio_X509_CRL(to, list); });
  X509_CRL_free(list);
  return text;
}

const Authority& our_authority() {
  static const Authority one("Our authority");
  return one;
}

}  // namespace xsuperd::tls::test
