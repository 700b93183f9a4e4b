// SPDX-License-Identifier: MIT
#ifdef XSUPERD_HAVE_OPENSSL
#include "tls/openssl.hpp"

#include <array>
#include <atomic>

#include "xsuperd/base/text.hpp"
#include "xsuperd/tls/check.hpp"

namespace xsuperd::tls {

namespace {

std::atomic<const OpenSsl*> loaded{nullptr};

/// For private keys: OpenSSL puts them there by itself, and the key of each handshake as well, which stays as long as the
/// connection. It does not go elsewhere when this is full; what is not used takes no memory but addresses.
constexpr std::size_t memory_for_keys = 64 * 1024 * 1024, least_piece = 64;

}  // namespace

const OpenSsl* load_openssl() {
  if (const OpenSsl* there = loaded.load()) return there;
  const auto functions = base::loaded_functions<OpenSsl>();
  if (!functions) return nullptr;
  // It is never unloaded, and what it would do at the end of the process other threads may still need.
  if ((*functions)->OPENSSL_init_ssl(OPENSSL_INIT_NO_ATEXIT, nullptr) != 1) return nullptr;
  loaded = *functions;
  return *functions;
}

const OpenSsl& openssl() { return *loaded.load(); }

std::string why() {
  const unsigned long code = openssl().ERR_peek_error();
  const char* reason = code != 0 ? openssl().ERR_reason_error_string(code) : nullptr;
  openssl().ERR_clear_error();
  return reason ? base::escaped(reason, 200) : "no reason given";
}

Ability ability() { return load_openssl() ? Ability::usable : Ability::not_loaded; }

bool prepare() {
  const OpenSsl* library = load_openssl();
  if (!library) return false;
  // Less safe without, but no worse than other servers.
  (void)library->CRYPTO_secure_malloc_init(memory_for_keys, least_piece);
  // What is made for the first time looks for more than what is made later.
  const ContextPtr first_context(library->SSL_CTX_new(library->TLS_server_method()));
  std::array<unsigned char, 16> first{};
  return first_context && library->RAND_bytes(first.data(), static_cast<int>(first.size())) == 1;
}

}  // namespace xsuperd::tls
#endif
