// SPDX-License-Identifier: MIT
// The parts of a context, for context.cpp and engine.cpp. Internal to tls.
#pragma once
#include <string>
#include <vector>

#include "tls/openssl.hpp"
#include "xsuperd/tls/engine.hpp"

namespace xsuperd::tls {

struct Context::Impl {
  /// Of the identity without a name first, and then of each that has one. Names stand for hosts as stands_for() says.
  struct Named {
    std::string name;
    ContextPtr context;
  };
  std::vector<Named> all;
  bool strict_names = false;
  std::string alpn;  ///< as it goes over the wire; empty: nobody is asked
  Side side = Side::answers;
  std::string asked;   ///< calls: the name that is asked for; empty: none
  TicketKeys tickets;  ///< empty: OpenSSL has its own

  [[nodiscard]] SSL_CTX* usual() const { return all.front().context.get(); }
  /// For that host; null when none has its name. The exact name comes before one with an asterisk.
  [[nodiscard]] SSL_CTX* for_host(const std::string& host) const;
};

/// Does the library take it in a list of ciphers, or of those of TLS 1.3?
[[nodiscard]] bool is_cipher_word(const std::string& word);

}  // namespace xsuperd::tls
