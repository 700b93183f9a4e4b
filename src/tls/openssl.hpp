// SPDX-License-Identifier: MIT
// What is used of OpenSSL, which is loaded with the first service that has tls = yes. Internal to tls.
#pragma once
#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <memory>
#include <string>

#include "xsuperd/base/library.hpp"

namespace xsuperd::tls {

/// By their own names. OpenSSL's macros that call others cannot be used.
#define XSUPERD_OPENSSL_FUNCTIONS(FIND)                                                                                  \
  FIND(OPENSSL_init_ssl) FIND(CRYPTO_secure_malloc_init) FIND(CRYPTO_free) FIND(OPENSSL_cleanse) FIND(RAND_bytes)        \
  FIND(ERR_peek_error) FIND(ERR_clear_error) FIND(ERR_reason_error_string)                                               \
  FIND(BIO_new) FIND(BIO_new_mem_buf) FIND(BIO_free) FIND(BIO_set_data) FIND(BIO_get_data) FIND(BIO_set_init)            \
  FIND(BIO_set_flags) FIND(BIO_clear_flags) FIND(BIO_get_new_index) FIND(BIO_meth_new) FIND(BIO_meth_set_read_ex)        \
  FIND(BIO_meth_set_write_ex) FIND(BIO_meth_set_ctrl)                                                                    \
  FIND(PEM_read_bio_X509) FIND(PEM_read_bio_PrivateKey) FIND(PEM_read_bio_X509_CRL)                                      \
  FIND(X509_free) FIND(X509_CRL_free) FIND(EVP_PKEY_free) FIND(X509_check_private_key) FIND(X509_check_host)             \
  FIND(X509_get0_notBefore) FIND(X509_get0_notAfter) FIND(X509_CRL_get0_nextUpdate) FIND(ASN1_TIME_to_tm)                \
  FIND(X509_get_subject_name) FIND(X509_get_issuer_name) FIND(X509_get0_serialNumber) FIND(X509_digest)                  \
  FIND(X509_get_ext_d2i) FIND(X509_NAME_dup) FIND(X509_NAME_free) FIND(X509_NAME_get_index_by_NID)                       \
  FIND(X509_NAME_get_entry) FIND(X509_NAME_ENTRY_get_data) FIND(X509_NAME_print_ex) FIND(ASN1_STRING_to_UTF8)            \
  FIND(ASN1_STRING_get0_data) FIND(ASN1_STRING_length) FIND(ASN1_INTEGER_to_BN) FIND(BN_bn2hex) FIND(BN_free)            \
  FIND(EVP_sha256) FIND(BIO_s_mem) FIND(BIO_ctrl) FIND(GENERAL_NAME_get0_value) FIND(GENERAL_NAMES_free)                 \
  FIND(OPENSSL_sk_new_null) FIND(OPENSSL_sk_push) FIND(OPENSSL_sk_num) FIND(OPENSSL_sk_value)                            \
  FIND(X509_STORE_new) FIND(X509_STORE_free) FIND(X509_STORE_add_cert) FIND(X509_STORE_add_crl)                          \
  FIND(X509_STORE_set_flags) FIND(X509_STORE_up_ref) FIND(X509_verify_cert_error_string)                                 \
  FIND(TLS_server_method) FIND(TLS_client_method) FIND(SSL_CTX_new) FIND(SSL_CTX_free) FIND(SSL_CTX_ctrl) FIND(SSL_CTX_callback_ctrl)            \
  FIND(SSL_CTX_set_options) FIND(SSL_CTX_use_certificate) FIND(SSL_CTX_use_PrivateKey) FIND(SSL_CTX_set_cipher_list)     \
  FIND(SSL_CTX_set_ciphersuites) FIND(SSL_CTX_set_verify) FIND(SSL_CTX_set_cert_store)                                   \
  FIND(SSL_CTX_set_client_CA_list) FIND(SSL_CTX_set_alpn_select_cb) FIND(SSL_CTX_set_session_id_context)                 \
  FIND(SSL_CTX_set_num_tickets) FIND(SSL_CTX_get0_certificate)                                                           \
  FIND(SSL_new) FIND(SSL_free) FIND(SSL_set_bio) FIND(SSL_set_accept_state) FIND(SSL_set_ex_data) FIND(SSL_get_ex_data)  \
  FIND(SSL_do_handshake) FIND(SSL_read_ex) FIND(SSL_write_ex) FIND(SSL_shutdown) FIND(SSL_get_error)                     \
  FIND(SSL_set_SSL_CTX) FIND(SSL_get_servername) FIND(SSL_get0_alpn_selected) FIND(SSL_select_next_proto)                \
  FIND(SSL_get_version) FIND(SSL_get_current_cipher) FIND(SSL_CIPHER_get_name) FIND(SSL_session_reused)                  \
  FIND(SSL_set_connect_state) FIND(SSL_ctrl) FIND(SSL_CTX_get0_param) FIND(X509_VERIFY_PARAM_set_hostflags)                \
  FIND(X509_VERIFY_PARAM_set1_host) FIND(X509_VERIFY_PARAM_set1_ip_asc) FIND(SSL_CTX_set_tlsext_ticket_key_evp_cb)       \
  FIND(EVP_Digest) FIND(EVP_aes_256_cbc) FIND(EVP_CIPHER_get_iv_length) FIND(EVP_EncryptInit_ex)                         \
  FIND(EVP_DecryptInit_ex) FIND(EVP_MAC_CTX_set_params) FIND(OSSL_PARAM_construct_octet_string)                          \
  FIND(OSSL_PARAM_construct_utf8_string) FIND(OSSL_PARAM_construct_end)                                                  \
  FIND(HMAC) FIND(SSL_CTX_set_keylog_callback) FIND(SSL_set_msg_callback) FIND(SSL_get_rbio) FIND(SSL_has_pending)       \
  FIND(SSL_CIPHER_get_cipher_nid) FIND(SSL_CIPHER_get_handshake_digest) FIND(SSL_version) FIND(SSL_get_session)          \
  FIND(SSL_SESSION_get_max_fragment_length) FIND(SSL_SESSION_get_master_key) FIND(SSL_get_server_random)                 \
  FIND(SSL_get_client_random)                                                                                            \
  FIND(SSL_get1_peer_certificate) FIND(SSL_get_verify_result) FIND(SSL_get_shutdown)

struct OpenSsl {
  static constexpr const char* file = XSUPERD_OPENSSL_FILE;
#define XSUPERD_DECLARE(name) decltype(&::name) name;
  XSUPERD_OPENSSL_FUNCTIONS(XSUPERD_DECLARE)
#undef XSUPERD_DECLARE

  void find(base::Library& in) {
#define XSUPERD_FIND(name) in.find(#name, name);
    XSUPERD_OPENSSL_FUNCTIONS(XSUPERD_FIND)
#undef XSUPERD_FIND
  }
};

/// Loads it, the first time; null when it cannot be. Any thread.
[[nodiscard]] const OpenSsl* load_openssl();
/// Once it has been loaded.
[[nodiscard]] const OpenSsl& openssl();

/// Frees what is OpenSSL's with the function of that name.
template <auto Member>
struct FreeWith {
  template <typename T>
  void operator()(T* what) const {
    (void)(openssl().*Member)(what);
  }
};
using CertificatePtr = std::unique_ptr<X509, FreeWith<&OpenSsl::X509_free>>;
using KeyPtr = std::unique_ptr<EVP_PKEY, FreeWith<&OpenSsl::EVP_PKEY_free>>;
using CrlPtr = std::unique_ptr<X509_CRL, FreeWith<&OpenSsl::X509_CRL_free>>;
using BioPtr = std::unique_ptr<BIO, FreeWith<&OpenSsl::BIO_free>>;
using StorePtr = std::unique_ptr<X509_STORE, FreeWith<&OpenSsl::X509_STORE_free>>;
using ContextPtr = std::unique_ptr<SSL_CTX, FreeWith<&OpenSsl::SSL_CTX_free>>;

/// Why the last call failed, as a clause: the first of OpenSSL's reasons, which are forgotten then.
[[nodiscard]] std::string why();

}  // namespace xsuperd::tls
