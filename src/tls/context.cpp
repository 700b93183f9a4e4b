// SPDX-License-Identifier: MIT
#ifdef XSUPERD_HAVE_OPENSSL
#include "tls/context.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "tls/pem.hpp"
#include "xsuperd/base/address.hpp"
#include "xsuperd/base/text.hpp"

namespace xsuperd::tls {

namespace {

using base::Error;
using base::Result;

int number_of(Version version) { return version == Version::tls1_2 ? TLS1_2_VERSION : TLS1_3_VERSION; }

constexpr std::size_t name_size = 16, cipher_key_at = 48, secret_size = 32;

/// The keys of a ticket that is made, or has come back. 0: it is nobody's here.
int choose_ticket_key(SSL* ssl, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac, int making) {
  const auto* impl = static_cast<const Context::Impl*>(openssl().SSL_get_ex_data(ssl, 0));
  if (!impl) return -1;
  const auto named = [name](const std::string& key) { return !key.empty() && std::equal(name, name + name_size, key.begin(), [](unsigned char a, char b) { return a == static_cast<unsigned char>(b); }); };
  const bool old = !making && !named(impl->tickets.current);
  if (old && !named(impl->tickets.previous)) return 0;
  const std::string& key = old ? impl->tickets.previous : impl->tickets.current;
  const auto* bytes = reinterpret_cast<const unsigned char*>(key.data());
  if (making) {
    std::copy(bytes, bytes + name_size, name);
    if (openssl().RAND_bytes(iv, openssl().EVP_CIPHER_get_iv_length(openssl().EVP_aes_256_cbc())) != 1) return -1;
  }
  // These are not written to.
  OSSL_PARAM of_mac[] = {openssl().OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, const_cast<unsigned char*>(bytes + name_size), secret_size),
                         openssl().OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, const_cast<char*>("SHA256"), 0),
                         openssl().OSSL_PARAM_construct_end()};
  const auto begin = making ? openssl().EVP_EncryptInit_ex : openssl().EVP_DecryptInit_ex;
  if (openssl().EVP_MAC_CTX_set_params(mac, of_mac) != 1 || begin(cipher, openssl().EVP_aes_256_cbc(), nullptr, bytes + cipher_key_at, iv) != 1) return -1;
  // 2: and it is to be replaced. In TLS 1.3 clients use each ticket once (RFC 8446, C.4), and would have none for the next time.
  return old || openssl().SSL_version(ssl) == TLS1_3_VERSION ? 2 : 1;
}

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
  Maker(const Offer& offer, const Context::Impl& impl) : offer_(offer), impl_(impl), mark_(mark_of(offer)) {}

  Result<ContextPtr> make(const Identity& identity) {
    context_.reset(openssl().SSL_CTX_new(openssl().TLS_server_method()));
    const bool good = context_ && general() && show(identity) && choose_ciphers() && ask_peers();
    if (!good) return Error{0, what_ + ": " + why()};
    answer_names();
    return std::move(context_);
  }

  /// For who calls.
  Result<ContextPtr> make() {
    context_.reset(openssl().SSL_CTX_new(openssl().TLS_client_method()));
    if (!context_ || !general() || !choose_ciphers() || !verify_host()) return Error{0, what_ + ": " + why()};
    return std::move(context_);
  }

 private:
  /// Sessions of other offers are not resumed: whoever has changed what is asked means everybody.
  static std::array<unsigned char, 32> mark_of(const Offer& offer) {
    std::array<unsigned char, 32> mark{};
    std::string all = encode(offer);
    (void)openssl().EVP_Digest(all.data(), all.size(), mark.data(), nullptr, openssl().EVP_sha256(), nullptr);
    openssl().OPENSSL_cleanse(all.data(), all.size());
    return mark;
  }
  bool control(int command, long number, void* pointer = nullptr) {
    return openssl().SSL_CTX_ctrl(context_.get(), command, number, pointer) > 0;
  }

  bool general() {
    what_ = "the versions of TLS";
    openssl().SSL_CTX_set_options(context_.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE |
                                                      SSL_OP_PRIORITIZE_CHACHA);
    (void)control(SSL_CTRL_MODE, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
    // What follows the handshake is left in the connection for the kernel.
    (void)control(SSL_CTRL_SET_READ_AHEAD, offer_.in_kernel ? 0 : 1);
    if (offer_.in_kernel) note_secrets_of(context_.get());
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
    (void)openssl().SSL_CTX_set_session_id_context(context_.get(), mark_.data(), static_cast<unsigned>(mark_.size()));
    (void)openssl().SSL_CTX_set_num_tickets(context_.get(), 1);  // not two: each takes a segment, and time
    if (offer_.client_certificate == ClientCertificate::no) return true;
    // What was revoked since must not come back by a ticket, and who was let in then need not be now.
    openssl().SSL_CTX_set_options(context_.get(), SSL_OP_NO_TICKET);
    (void)openssl().SSL_CTX_set_num_tickets(context_.get(), 0);
    const bool required = offer_.client_certificate == ClientCertificate::required;
    openssl().SSL_CTX_set_verify(context_.get(), SSL_VERIFY_PEER | (required ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0), nullptr);
    return trust();
  }

  bool verify_host() {
    what_ = "the name of the target";
    openssl().SSL_CTX_set_verify(context_.get(), SSL_VERIFY_NONE, nullptr);
    if (offer_.client_certificate == ClientCertificate::no) return true;
    openssl().SSL_CTX_set_verify(context_.get(), SSL_VERIFY_PEER, nullptr);
    X509_VERIFY_PARAM* wanted = openssl().SSL_CTX_get0_param(context_.get());
    openssl().X509_VERIFY_PARAM_set_hostflags(wanted, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    const bool named = impl_.asked.empty() ? openssl().X509_VERIFY_PARAM_set1_ip_asc(wanted, offer_.host.c_str()) == 1
                                           : openssl().X509_VERIFY_PARAM_set1_host(wanted, impl_.asked.data(), impl_.asked.size()) == 1;
    if (!named) return false;
    what_ = "the authority for certificates of the target";
    return trust();
  }

  /// Whoever stands in the file is trusted, root or not.
  bool trust() {
    StorePtr store(openssl().X509_STORE_new());
    const auto authorities = read_certificates(offer_.client_ca);
    if (!store || authorities.empty()) return false;
    for (const auto& one : authorities)
      if (openssl().X509_STORE_add_cert(store.get(), one.get()) != 1) return false;
    auto* names = openssl().OPENSSL_sk_new_null();
    if (!names) return false;
    if (impl_.side == Side::answers)
      for (const auto& one : authorities)
        (void)openssl().OPENSSL_sk_push(names, openssl().X509_NAME_dup(openssl().X509_get_subject_name(one.get())));
    openssl().SSL_CTX_set_client_CA_list(context_.get(), reinterpret_cast<STACK_OF(X509_NAME)*>(names));  // which owns it now
    const auto revoked = read_crls(offer_.client_crl);
    for (const auto& one : revoked)
      if (openssl().X509_STORE_add_crl(store.get(), one.get()) != 1) return false;
    constexpr unsigned long every_issuer = X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL;
    (void)openssl().X509_STORE_set_flags(store.get(), X509_V_FLAG_PARTIAL_CHAIN | (offer_.client_crl.empty() ? 0 : every_issuer));
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
  const std::array<unsigned char, 32> mark_;
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
  const bool calls = offer.side == Side::calls;
  if (offer.identities.empty() && !calls) return Error{0, "there is no certificate"};
  openssl().ERR_clear_error();
  auto impl = std::make_unique<Impl>();
  impl->side = offer.side;
  impl->in_kernel = offer.in_kernel;
  if (!base::Address::parse(offer.host)) impl->asked = offer.host;
  impl->strict_names = offer.strict_names;
  impl->alpn = wire_form(offer.alpn);
  Maker maker(offer, *impl);
  if (calls) {
    auto context = maker.make();
    if (!context) return context.error();
    impl->all.push_back({{}, std::move(*context)});
    return std::shared_ptr<const Context>(new Context(std::move(impl)));
  }
  for (const Identity& identity : offer.identities) {
    auto context = maker.make(identity);
    if (!context) return context.error();
    impl->all.push_back({identity.name, std::move(*context)});
  }
  return std::shared_ptr<const Context>(new Context(std::move(impl)));
}

void Context::use(const TicketKeys& keys) const {
  if (impl_->side == Side::calls || keys.current.size() != ticket_key_size) return;
  for (std::string* old : {&impl_->tickets.current, &impl_->tickets.previous}) openssl().OPENSSL_cleanse(old->data(), old->size());
  impl_->tickets = keys;
  for (const Impl::Named& one : impl_->all) (void)openssl().SSL_CTX_set_tlsext_ticket_key_evp_cb(one.context.get(), choose_ticket_key);
}

Context::Context(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Context::~Context() = default;
bool Context::wants_kernel() const { return impl_->in_kernel; }

}  // namespace xsuperd::tls
#endif
