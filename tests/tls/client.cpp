// SPDX-License-Identifier: MIT
#include "tls/client.hpp"

#include <openssl/bio.h>
#include <openssl/pem.h>

#include <algorithm>
#include <array>

namespace xsuperd::tls::test {

namespace {

void show(SSL* ssl, const Issued& own) {
  BIO* from = BIO_new_mem_buf(own.chain.data(), static_cast<int>(own.chain.size()));
  X509* certificate = PEM_read_bio_X509(from, nullptr, nullptr, nullptr);
  BIO_free(from);
  from = BIO_new_mem_buf(own.key.data(), static_cast<int>(own.key.size()));
  EVP_PKEY* key = PEM_read_bio_PrivateKey(from, nullptr, nullptr, nullptr);
  BIO_free(from);
  SSL_use_certificate(ssl, certificate);
  SSL_use_PrivateKey(ssl, key);
  X509_free(certificate);
  EVP_PKEY_free(key);
}

}  // namespace

Client::Client(const Wants& wants)
    : context(SSL_CTX_new(TLS_client_method())), ssl(SSL_new(context)), from_server(BIO_new(BIO_s_mem())), to_server(BIO_new(BIO_s_mem())) {
  BIO_set_mem_eof_return(from_server, -1);
  SSL_set_bio(ssl, from_server, to_server);
  SSL_set_connect_state(ssl);
  if (!wants.name.empty()) SSL_set_tlsext_host_name(ssl, wants.name.c_str());
  if (!wants.alpn.empty()) SSL_set_alpn_protos(ssl, reinterpret_cast<const unsigned char*>(wants.alpn.data()), static_cast<unsigned>(wants.alpn.size()));
  if (wants.certificate) show(ssl, *wants.certificate);
  if (wants.version != 0) SSL_set_min_proto_version(ssl, wants.version), SSL_set_max_proto_version(ssl, wants.version);
  if (wants.resumes) SSL_set_session(ssl, wants.resumes);
}

Client::~Client() {
  SSL_free(ssl);
  SSL_CTX_free(context);
}

bool Client::shake() { return SSL_do_handshake(ssl) == 1; }

std::string Client::read() {
  std::string all;
  std::array<char, 20000> bytes;
  for (int count = 0; (count = SSL_read(ssl, bytes.data(), static_cast<int>(bytes.size()))) > 0;) all.append(bytes.data(), static_cast<std::size_t>(count));
  return all;
}

Moved Wire::receive(std::span<char> to, std::size_t& count) {
  const int got = BIO_read(client_.to_server, to.data(), static_cast<int>(std::min(to.size(), at_a_time)));
  if (got <= 0) return ended ? Moved::end : Moved::later;
  count = static_cast<std::size_t>(got);
  return Moved::some;
}

Moved Wire::send(std::string_view bytes, std::size_t& count) {
  count = std::min({bytes.size(), room, at_a_time});
  if (count == 0) return Moved::later;
  room -= count;
  BIO_write(client_.from_server, bytes.data(), static_cast<int>(count));
  return Moved::some;
}

Engine::Shaking shake_hands(Client& client, Engine& engine) {
  auto shaking = Engine::Shaking::going_on;
  for (int turn = 0; turn < 1000 && shaking == Engine::Shaking::going_on; ++turn) {
    (void)client.shake();
    shaking = engine.shake();
  }
  (void)client.shake();
  return shaking;
}

}  // namespace xsuperd::tls::test
