// SPDX-License-Identifier: MIT
#ifdef XSUPERD_HAVE_OPENSSL
#include <algorithm>
#include <array>
#include <string_view>

#include "tls/engine_impl.hpp"

namespace xsuperd::tls {

namespace {

using Cipher = KernelKeys::Cipher;

constexpr std::size_t iv_size = 12, salt_size = 4, random_size = 32;

Engine::Impl& engine_of(const SSL* ssl) { return *static_cast<Engine::Impl*>(openssl().BIO_get_data(openssl().SSL_get_rbio(ssl))); }

/// A line of what others write into a file for debuggers: name, number of the connection, secret.
void take_line(const SSL* ssl, const char* text) {
  const std::string_view line(text);
  Engine::Impl& engine = engine_of(ssl);
  std::string* const to = line.starts_with("CLIENT_TRAFFIC_SECRET_0 ")   ? &engine.peers_secret
                          : line.starts_with("SERVER_TRAFFIC_SECRET_0 ") ? &engine.our_secret
                                                                         : nullptr;
  if (!to) return;
  const std::string_view digits = line.substr(line.rfind(' ') + 1);
  to->clear();
  to->reserve(digits.size() / 2);  // so that no copy of a part stays behind
  const auto value = [](char c) { return c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10; };
  for (std::size_t i = 0; i + 1 < digits.size(); i += 2) to->push_back(static_cast<char>(value(digits[i]) << 4 | value(digits[i + 1])));
}

/// Tickets go out after the handshake, in records of their own.
void count_ticket(int sent, int, int content, const void* bytes, std::size_t size, SSL* ssl, void*) {
  const bool ticket = sent && content == SSL3_RT_HANDSHAKE && size > 0 && *static_cast<const unsigned char*>(bytes) == SSL3_MT_NEWSESSION_TICKET;
  if (ticket) ++engine_of(ssl).tickets;
}

std::string hmac(const EVP_MD* digest, std::string_view key, std::string_view text) {
  std::string out(EVP_MAX_MD_SIZE, '\0');
  unsigned size = 0;
  const bool made = openssl().HMAC(digest, key.data(), static_cast<int>(key.size()), reinterpret_cast<const unsigned char*>(text.data()), text.size(),
                                   reinterpret_cast<unsigned char*>(out.data()), &size) != nullptr;
  out.resize(made ? size : 0);
  return out;
}

/// HKDF-Expand-Label (RFC 8446, 7.1) without a context, for no more than the digest has.
std::string expand(const EVP_MD* digest, std::string_view secret, std::string_view label, std::size_t size) {
  const std::string whole = "tls13 " + std::string(label);
  std::string info{'\0', static_cast<char>(size), static_cast<char>(whole.size())};
  info += whole;
  info += '\0';  // of the context
  info += '\1';  // the first block
  std::string out = hmac(digest, secret, info);
  out.resize(std::min(out.size(), size));
  return out;
}

/// Overwrites what it has held.
class Wiped {
 public:
  explicit Wiped(std::string text) : text_(std::move(text)) {}
  ~Wiped() { wipe(); }
  Wiped(const Wiped&) = delete;
  Wiped& operator=(const Wiped&) = delete;
  void replace(std::string text) {
    wipe();
    text_ = std::move(text);
  }
  [[nodiscard]] const std::string& operator*() const { return text_; }

 private:
  void wipe() {
    if (!text_.empty()) openssl().OPENSSL_cleanse(text_.data(), text_.size());
  }
  std::string text_;
};

/// P_hash (RFC 5246, 5).
std::string stretch(const EVP_MD* digest, std::string_view secret, const std::string& seed, std::size_t size) {
  std::string out;
  out.reserve(size + EVP_MAX_MD_SIZE);  // so that no copy of a part stays behind
  Wiped link(seed);
  while (out.size() < size) {
    link.replace(hmac(digest, secret, *link));
    const Wiped block(hmac(digest, secret, *link + seed));
    if ((*block).empty()) return {};
    out += *block;
  }
  openssl().OPENSSL_cleanse(out.data() + size, out.size() - size);
  out.resize(size);
  return out;
}

std::optional<Cipher> known(int cipher) {
  switch (cipher) {
    case NID_aes_128_gcm: return Cipher::aes_128_gcm;
    case NID_aes_256_gcm: return Cipher::aes_256_gcm;
    case NID_chacha20_poly1305: return Cipher::chacha20_poly1305;
    default: return std::nullopt;
  }
}

RecordKeys of_secret(const EVP_MD* digest, const std::string& secret, Cipher cipher, std::uint64_t sequence) {
  return {expand(digest, secret, "key", key_size(cipher)), expand(digest, secret, "iv", iv_size), sequence};
}

std::string random_of(SSL* ssl, std::size_t (*of)(const SSL*, unsigned char*, std::size_t)) {
  std::string bytes(random_size, '\0');
  (void)of(ssl, reinterpret_cast<unsigned char*>(bytes.data()), bytes.size());
  return bytes;
}

/// The keys of TLS 1.2 (RFC 5246, 6.3; RFC 5288; RFC 7905). One record in each direction, which said that the handshake is done,
/// has been under them.
bool fill_1_2(SSL* ssl, const EVP_MD* digest, KernelKeys& keys) {
  std::array<unsigned char, SSL_MAX_MASTER_KEY_LENGTH> master{};
  const std::size_t size = openssl().SSL_SESSION_get_master_key(openssl().SSL_get_session(ssl), master.data(), master.size());
  const std::string seed = "key expansion" + random_of(ssl, openssl().SSL_get_server_random) + random_of(ssl, openssl().SSL_get_client_random);
  const bool counts_in_clear = keys.cipher != Cipher::chacha20_poly1305;
  const std::size_t of_key = key_size(keys.cipher), of_iv = counts_in_clear ? salt_size : iv_size;
  std::string block = stretch(digest, {reinterpret_cast<const char*>(master.data()), size}, seed, 2 * (of_key + of_iv));
  openssl().OPENSSL_cleanse(master.data(), master.size());
  if (block.empty()) return false;
  keys.in = {block.substr(0, of_key), block.substr(2 * of_key, of_iv), 1};
  keys.out = {block.substr(of_key, of_key), block.substr(2 * of_key + of_iv, of_iv), 1};
  openssl().OPENSSL_cleanse(block.data(), block.size());
  for (RecordKeys* one : {&keys.in, &keys.out}) one->iv.resize(iv_size, '\0');
  // Where OpenSSL has begun to count is random, too, and not told.
  auto* begin = reinterpret_cast<unsigned char*>(keys.out.iv.data()) + of_iv;
  return !counts_in_clear || openssl().RAND_bytes(begin, static_cast<int>(iv_size - of_iv)) == 1;
}

/// Kernels send whole records, whatever the peer has asked for, and of a small fragment tickets may have taken several.
bool whole_records(const SSL* ssl) {
  const SSL_SESSION* session = openssl().SSL_get_session(ssl);
  return session && openssl().SSL_SESSION_get_max_fragment_length(session) == TLSEXT_max_fragment_length_DISABLED;
}

}  // namespace

void Engine::Impl::note_secrets() {
  openssl().SSL_set_msg_callback(ssl.get(), count_ticket);
}

void note_secrets_of(SSL_CTX* context) { openssl().SSL_CTX_set_keylog_callback(context, take_line); }

void Engine::Impl::forget_secrets() {
  for (std::string* one : {&peers_secret, &our_secret}) {
    if (!one->empty()) openssl().OPENSSL_cleanse(one->data(), one->size());
    one->clear();
  }
}

std::optional<KernelKeys> Engine::Impl::keys() const {
  const SSL_CIPHER* agreed = openssl().SSL_get_current_cipher(ssl.get());
  const auto cipher = agreed ? known(openssl().SSL_CIPHER_get_cipher_nid(agreed)) : std::nullopt;
  const EVP_MD* digest = agreed ? openssl().SSL_CIPHER_get_handshake_digest(agreed) : nullptr;
  if (!cipher || !digest || openssl().SSL_has_pending(ssl.get()) == 1 || !whole_records(ssl.get())) return std::nullopt;
  KernelKeys keys;
  keys.tls1_3 = openssl().SSL_version(ssl.get()) == TLS1_3_VERSION;
  keys.cipher = *cipher;
  if (keys.tls1_3) {
    if (peers_secret.empty() || our_secret.empty()) return std::nullopt;
    keys.in = of_secret(digest, peers_secret, *cipher, 0);
    keys.out = of_secret(digest, our_secret, *cipher, tickets);
  } else if (!fill_1_2(ssl.get(), digest, keys)) {
    return std::nullopt;
  }
  const auto whole = [&](const RecordKeys& one) { return one.key.size() == key_size(*cipher) && one.iv.size() == iv_size; };
  if (whole(keys.in) && whole(keys.out)) return keys;
  wipe(keys);
  return std::nullopt;
}

std::optional<KernelKeys> Engine::take_keys() {
  auto keys = impl_->keys();
  impl_->forget_secrets();
  return keys;
}

Placed Engine::into_kernel(int connection) {
  auto keys = take_keys();
  if (!keys) return Placed::no;
  const Placed placed = place(connection, *keys);
  wipe(*keys);
  if (placed == Placed::yes) impl_->handshake.words.in_kernel = true;
  return placed;
}

}  // namespace xsuperd::tls
#endif
