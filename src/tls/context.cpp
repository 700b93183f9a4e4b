// SPDX-License-Identifier: MIT
#ifdef XSUPERD_HAVE_OPENSSL
#include "tls/context.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "tls/pem.hpp"
#include "xsuperd/base/text.hpp"

namespace xsuperd::tls {

namespace {

using base::Error;
using base::Result;

int number_of(Version version) { return version == Version::tls1_2 ? TLS1_2_VERSION : TLS1_3_VERSION; }

bool of_tls1_3(const std::string& word) { return word.starts_with("TLS_"); }

std::string ciphers(const Offer& offer, bool tls1_3) {
  std::vector<std::string> words;
  std::ranges::copy_if(offer.ciphers, std::back_inserter(words), [&](const auto& word) { return of_tls1_3(word) == tls1_3; });
  return base::join(words, ":");
}

/// What the peer has said which host it means.
int choose_host(SSL* ssl, int* alert, void* argument) {
  const auto& impl = *static_cast<const Context::Impl*>(argument);
  const char* name = openssl().SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
  if (!name) return SSL_TLSEXT_ERR_NOACK;
  SSL_CTX* context = impl.for_host(name);
  const bool usual = !context && openssl().X509_check_host(openssl().SSL_CTX_get0_certificate(impl.usual()), name, 0, 0, nullptr) == 1;
  if (context) return openssl().SSL_set_SSL_CTX(ssl, context) ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
  if (usual || !impl.strict_names) return usual ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_NOACK;
  *alert = SSL_AD_UNRECOGNIZED_NAME;
  return SSL_TLSEXT_ERR_ALERT_FATAL;
}

/// The first of ours that the peer speaks. Without one the handshake ends (RFC 7301).
int choose_protocol(SSL*, const unsigned char** out, unsigned char* size, const unsigned char* in, unsigned int length, void* argument) {
  const auto& ours = static_cast<const Context::Impl*>(argument)->alpn;
  unsigned char* chosen = nullptr;
  const int found = openssl().SSL_select_next_proto(&chosen, size, reinterpret_cast<const unsigned char*>(ours.data()),
                                                    static_cast<unsigned>(ours.size()), in, length);
  *out = chosen;
  return found == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

std::string wire_form(const std::vector<std::string>& protocols) {
  std::string wire;
  for (const std::string& one : protocols) wire.append(1, static_cast<char>(one.size())).append(one);
  return wire;
}

/// One part of a context after the other; the first that fails is told.
class Maker {
 public:
  Maker(const Offer& offer, const Context::Impl& impl) : offer_(offer), impl_(impl) {}

  Result<ContextPtr> make(const Identity& identity) {
    context_.reset(openssl().SSL_CTX_new(openssl().TLS_server_method()));
    const bool good = context_ && general() && show(identity) && choose_ciphers() && ask_peers();
    if (!good) return Error{0, what_ + ": " + why()};
    answer_names();
    return std::move(context_);
  }

 private:
  bool control(int command, long number, void* pointer = nullptr) {
    return openssl().SSL_CTX_ctrl(context_.get(), command, number, pointer) > 0;
  }

  bool general() {
    what_ = "the versions of TLS";
    openssl().SSL_CTX_set_options(context_.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE |
                                                      SSL_OP_PRIORITIZE_CHACHA);
    (void)control(SSL_CTRL_MODE, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
    (void)control(SSL_CTRL_SET_READ_AHEAD, 1);
    // Tickets alone: a session that is kept here would have to be looked for in the right worker.
    (void)control(SSL_CTRL_SET_SESS_CACHE_MODE, SSL_SESS_CACHE_OFF);
    return control(SSL_CTRL_SET_MIN_PROTO_VERSION, number_of(offer_.least)) && control(SSL_CTRL_SET_MAX_PROTO_VERSION, number_of(offer_.most));
  }

  bool show(const Identity& identity) {
    what_ = "the certificate";
    const auto chain = read_certificates(identity.chain);
    if (chain.empty() || openssl().SSL_CTX_use_certificate(context_.get(), chain.front().get()) != 1) return false;
    for (const auto& issuer : std::span(chain).subspan(1))
      if (!control(SSL_CTRL_CHAIN_CERT, 1, issuer.get())) return false;
    what_ = "the key";
    const KeyPtr key = read_key(identity.key);
    return key && openssl().SSL_CTX_use_PrivateKey(context_.get(), key.get()) == 1;
  }

  bool choose_ciphers() {
    what_ = "the ciphers";
    const std::string older = ciphers(offer_, false), newer = ciphers(offer_, true);
    return (older.empty() || openssl().SSL_CTX_set_cipher_list(context_.get(), older.c_str()) == 1) &&
           (newer.empty() || openssl().SSL_CTX_set_ciphersuites(context_.get(), newer.c_str()) == 1);
  }

  bool ask_peers() {
    what_ = "the authority for certificates of peers";
    constexpr std::string_view mark = "xsuperd";
    (void)openssl().SSL_CTX_set_session_id_context(context_.get(), reinterpret_cast<const unsigned char*>(mark.data()), mark.size());
    if (offer_.client_certificate == ClientCertificate::no) return true;
    // What was revoked since must not come back by a ticket, and who was let in then need not be now.
    openssl().SSL_CTX_set_options(context_.get(), SSL_OP_NO_TICKET);
    (void)openssl().SSL_CTX_set_num_tickets(context_.get(), 0);
    const bool required = offer_.client_certificate == ClientCertificate::required;
    openssl().SSL_CTX_set_verify(context_.get(), SSL_VERIFY_PEER | (required ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0), nullptr);
    return trust();
  }

  /// Whoever stands in the file is trusted, root or not.
  bool trust() {
    StorePtr store(openssl().X509_STORE_new());
    auto* names = openssl().OPENSSL_sk_new_null();
    const auto authorities = read_certificates(offer_.client_ca);
    if (!store || !names || authorities.empty()) return false;
    for (const auto& one : authorities) {
      (void)openssl().X509_STORE_add_cert(store.get(), one.get());
      (void)openssl().OPENSSL_sk_push(names, openssl().X509_NAME_dup(openssl().X509_get_subject_name(one.get())));
    }
    openssl().SSL_CTX_set_client_CA_list(context_.get(), reinterpret_cast<STACK_OF(X509_NAME)*>(names));
    const auto revoked = read_crls(offer_.client_crl);
    for (const auto& one : revoked) (void)openssl().X509_STORE_add_crl(store.get(), one.get());
    (void)openssl().X509_STORE_set_flags(store.get(), X509_V_FLAG_PARTIAL_CHAIN | (offer_.client_crl.empty() ? 0 : X509_V_FLAG_CRL_CHECK));
    openssl().SSL_CTX_set_cert_store(context_.get(), store.release());
    return offer_.client_crl.empty() || !revoked.empty();
  }

  void answer_names() {
    auto* argument = const_cast<Context::Impl*>(&impl_);
    openssl().SSL_CTX_callback_ctrl(context_.get(), SSL_CTRL_SET_TLSEXT_SERVERNAME_CB, reinterpret_cast<void (*)()>(choose_host));
    (void)control(SSL_CTRL_SET_TLSEXT_SERVERNAME_ARG, 0, argument);
    if (!impl_.alpn.empty()) openssl().SSL_CTX_set_alpn_select_cb(context_.get(), choose_protocol, argument);
  }

  const Offer& offer_;
  const Context::Impl& impl_;
  ContextPtr context_;
  std::string what_ = "OpenSSL";
};

}  // namespace

SSL_CTX* Context::Impl::for_host(const std::string& host) const {
  for (const bool exact : {true, false})
    for (const Named& one : std::span(all).subspan(1))
      if (one.name.starts_with("*.") != exact && stands_for(one.name, host)) return one.context.get();
  return nullptr;
}

bool is_cipher_word(const std::string& word) {
  const ContextPtr context(openssl().SSL_CTX_new(openssl().TLS_server_method()));
  const bool good = context && (of_tls1_3(word) ? openssl().SSL_CTX_set_ciphersuites(context.get(), word.c_str())
                                                : openssl().SSL_CTX_set_cipher_list(context.get(), word.c_str())) == 1;
  openssl().ERR_clear_error();
  return good;
}

Result<std::shared_ptr<const Context>> Context::make(const Offer& offer) {
  if (!load_openssl()) return Error{0, "OpenSSL cannot be loaded"};
  if (offer.identities.empty()) return Error{0, "there is no certificate"};
  openssl().ERR_clear_error();
  auto impl = std::make_unique<Impl>();
  impl->strict_names = offer.strict_names;
  impl->alpn = wire_form(offer.alpn);
  Maker maker(offer, *impl);
  for (const Identity& identity : offer.identities) {
    auto context = maker.make(identity);
    if (!context) return context.error();
    impl->all.push_back({identity.name, std::move(*context)});
  }
  return std::shared_ptr<const Context>(new Context(std::move(impl)));
}

Context::Context(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Context::~Context() = default;

}  // namespace xsuperd::tls
#endif
