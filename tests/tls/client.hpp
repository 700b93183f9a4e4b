// SPDX-License-Identifier: MIT
// A client over memory, by OpenSSL itself, and the wire between it and an Engine.
#pragma once
#include <openssl/ssl.h>

#include <optional>
#include <string>

#include "tls/authority.hpp"
#include "xsuperd/tls/engine.hpp"

namespace xsuperd::tls::test {

struct Wants {
  std::string name = {};                  ///< SNI
  std::string alpn = {};                  ///< in the form of the wire
  std::optional<Issued> certificate = {};
  int version = 0;                        ///< the only one; 0: any
  SSL_SESSION* resumes = nullptr;
};

class Client {
 public:
  explicit Client(const Wants& wants);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  /// Goes on as far as what has come lets it; true when its handshake is done.
  bool shake();
  void write(const std::string& text) { SSL_write(ssl, text.data(), static_cast<int>(text.size())); }
  /// What has come; empty when nothing has.
  [[nodiscard]] std::string read();
  [[nodiscard]] bool told_end() {
    (void)read();
    return (SSL_get_shutdown(ssl) & SSL_RECEIVED_SHUTDOWN) != 0;
  }

  SSL_CTX* context;
  SSL* ssl;
  BIO* from_server;
  BIO* to_server;
};

/// The server's end of it.
class Wire final : public Transport {
 public:
  explicit Wire(Client& client) : client_(client) {}
  Moved receive(std::span<char> to, std::size_t& count) override;
  Moved send(std::string_view bytes, std::size_t& count) override;

  bool ended = false;              ///< the client has closed the connection
  std::size_t room = 1024 * 1024;  ///< for what the server sends, until it is set anew
  std::size_t at_a_time = 1024 * 1024;

 private:
  Client& client_;
};

/// Both handshakes, until neither goes on. What the engine has come to.
Engine::Shaking shake_hands(Client& client, Engine& engine);

}  // namespace xsuperd::tls::test
