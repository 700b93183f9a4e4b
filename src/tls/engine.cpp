// SPDX-License-Identifier: MIT
#ifdef XSUPERD_HAVE_OPENSSL
#include "xsuperd/tls/engine.hpp"

#include <new>
#include <utility>

#include "tls/certificate.hpp"
#include "tls/context.hpp"
#include "xsuperd/base/text.hpp"

namespace xsuperd::tls {

struct Engine::Impl {
  Impl(std::shared_ptr<const Context> the_context, Transport& the_transport) : context(std::move(the_context)), transport(the_transport) {}

  [[nodiscard]] Moved failed(int result);
  [[nodiscard]] Words words() const;

  std::shared_ptr<const Context> context;
  Transport& transport;
  std::unique_ptr<SSL, FreeWith<&OpenSsl::SSL_free>> ssl;
  Handshake handshake;
  bool at_end = false;     // the transport has no more
  bool broken = false;     // it takes no more, or gives none
};

/// OpenSSL's way to the transport: without a buffer of its own.
struct Wire {
  static Engine::Impl& of(BIO* bio) { return *static_cast<Engine::Impl*>(openssl().BIO_get_data(bio)); }

  static int waits(BIO* bio, int which) {
    openssl().BIO_set_flags(bio, which | BIO_FLAGS_SHOULD_RETRY);
    return 0;
  }
  static int read(BIO* bio, char* to, std::size_t size, std::size_t* count) {
    Engine::Impl& engine = of(bio);
    openssl().BIO_clear_flags(bio, BIO_FLAGS_RWS | BIO_FLAGS_SHOULD_RETRY);
    const Moved moved = engine.transport.receive({to, size}, *count);
    if (moved == Moved::later) return waits(bio, BIO_FLAGS_READ);
    engine.at_end = engine.at_end || moved == Moved::end;
    engine.broken = engine.broken || moved == Moved::failed;
    return moved == Moved::some ? 1 : 0;
  }
  static int write(BIO* bio, const char* from, std::size_t size, std::size_t* count) {
    Engine::Impl& engine = of(bio);
    openssl().BIO_clear_flags(bio, BIO_FLAGS_RWS | BIO_FLAGS_SHOULD_RETRY);
    const Moved moved = engine.transport.send({from, size}, *count);
    if (moved == Moved::later) return waits(bio, BIO_FLAGS_WRITE);
    engine.broken = engine.broken || moved != Moved::some;
    return moved == Moved::some ? 1 : 0;
  }
  static long control(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1 : 0; }

  static const BIO_METHOD* method() {
    static BIO_METHOD* const made = [] {
      BIO_METHOD* one = openssl().BIO_meth_new(openssl().BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "xsuperd");
      if (one && openssl().BIO_meth_set_read_ex(one, read) && openssl().BIO_meth_set_write_ex(one, write) &&
          openssl().BIO_meth_set_ctrl(one, control))
        return one;
      throw std::bad_alloc();
    }();
    return made;
  }
};

Moved Engine::Impl::failed(int result) {
  switch (openssl().SSL_get_error(ssl.get(), result)) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE: return Moved::later;
    case SSL_ERROR_ZERO_RETURN: return Moved::end;
    default: break;
  }
  openssl().ERR_clear_error();
  return at_end && !broken ? Moved::cut : Moved::failed;
}

Engine::Engine(std::shared_ptr<const Context> context, Transport& transport)
    : impl_(std::make_unique<Impl>(std::move(context), transport)) {
  impl_->ssl.reset(openssl().SSL_new(impl_->context->impl_->usual()));
  BIO* wire = impl_->ssl ? openssl().BIO_new(Wire::method()) : nullptr;
  if (!wire) throw std::bad_alloc();
  openssl().BIO_set_data(wire, impl_.get());
  openssl().BIO_set_init(wire, 1);
  openssl().SSL_set_bio(impl_->ssl.get(), wire, wire);
  const Context::Impl& common = *impl_->context->impl_;
  (void)openssl().SSL_set_ex_data(impl_->ssl.get(), 0, const_cast<Context::Impl*>(&common));  // which it does not change
  if (common.side == Side::answers) {
    openssl().SSL_set_accept_state(impl_->ssl.get());
    return;
  }
  openssl().SSL_set_connect_state(impl_->ssl.get());
  auto* name = const_cast<char*>(common.asked.c_str());
  if (!common.asked.empty() && openssl().SSL_ctrl(impl_->ssl.get(), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, name) != 1)
    throw std::bad_alloc();
}

Engine::~Engine() = default;

Engine::Shaking Engine::shake() {
  Impl& impl = *impl_;
  openssl().ERR_clear_error();
  const int result = openssl().SSL_do_handshake(impl.ssl.get());
  if (result == 1) {
    impl.handshake = {.result = Handshake::Result::done, .words = impl.words()};
    openssl().ERR_clear_error();
    return Shaking::done;
  }
  const unsigned long code = openssl().ERR_peek_error();
  const int reason = ERR_GET_LIB(code) == ERR_LIB_SSL ? ERR_GET_REASON(code) : 0;
  const std::string detail = code != 0 ? why() : std::string();
  // With an error there is nothing to wait for, even if the alert that tells of it could not be sent.
  if (code == 0 && impl.failed(result) == Moved::later) return Shaking::going_on;
  using Result = Handshake::Result;
  impl.handshake = {.result = Result::failed, .detail = detail};
  if (code == 0 && (impl.at_end || impl.broken)) impl.handshake.result = Result::left;
  if (reason == SSL_R_CERTIFICATE_VERIFY_FAILED || reason == SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE) impl.handshake.result = Result::certificate;
  if (reason == SSL_R_CERTIFICATE_VERIFY_FAILED)
    impl.handshake.detail = base::escaped(openssl().X509_verify_cert_error_string(openssl().SSL_get_verify_result(impl.ssl.get())), 200);
  return Shaking::failed;
}

Words Engine::Impl::words() const {
  Words all;
  const char* name = openssl().SSL_get_servername(ssl.get(), TLSEXT_NAMETYPE_host_name);
  if (name) all.name = decent(name);
  const unsigned char* protocol = nullptr;
  unsigned int size = 0;
  openssl().SSL_get0_alpn_selected(ssl.get(), &protocol, &size);
  all.protocol = decent({reinterpret_cast<const char*>(protocol), size});
  all.version = decent(openssl().SSL_get_version(ssl.get()));
  all.cipher = decent(openssl().SSL_CIPHER_get_name(openssl().SSL_get_current_cipher(ssl.get())));
  all.resumed = openssl().SSL_session_reused(ssl.get()) == 1;
  if (const CertificatePtr peer{openssl().SSL_get1_peer_certificate(ssl.get())}) all.certificate = told_by(peer.get());
  return all;
}

Handshake Engine::outcome() const { return impl_->handshake; }

// What SSL_get_error() says depends on errors that others have left.

Moved Engine::read(std::span<char> to, std::size_t& count) {
  openssl().ERR_clear_error();
  const int result = openssl().SSL_read_ex(impl_->ssl.get(), to.data(), to.size(), &count);
  return result == 1 ? Moved::some : impl_->failed(result);
}

Moved Engine::write(std::string_view bytes, std::size_t& count) {
  openssl().ERR_clear_error();
  const int result = openssl().SSL_write_ex(impl_->ssl.get(), bytes.data(), bytes.size(), &count);
  return result == 1 ? Moved::some : impl_->failed(result);
}

Moved Engine::close() {
  openssl().ERR_clear_error();
  const int result = openssl().SSL_shutdown(impl_->ssl.get());
  if (result >= 0) {
    openssl().ERR_clear_error();
    return Moved::some;
  }
  return impl_->failed(result);
}

}  // namespace xsuperd::tls
#endif
