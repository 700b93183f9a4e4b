// SPDX-License-Identifier: MIT
// The parts of an engine, for engine.cpp and engine_keys.cpp. Internal to tls.
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "tls/context.hpp"
#include "tls/kernel_keys.hpp"

namespace xsuperd::tls {

struct Engine::Impl {
  Impl(std::shared_ptr<const Context> the_context, Transport& the_transport) : context(std::move(the_context)), transport(the_transport) {}
  ~Impl() { forget_secrets(); }

  [[nodiscard]] Moved failed(int result);
  [[nodiscard]] Words words() const;

  /// Before the handshake: what keys() needs is noted.
  void note_secrets();
  /// After it: of whatever comes from now on. Nothing for ciphers that no kernel knows, and when bytes beyond the handshake have
  /// been read already.
  [[nodiscard]] std::optional<KernelKeys> keys() const;
  void forget_secrets();

  std::shared_ptr<const Context> context;
  Transport& transport;
  std::unique_ptr<SSL, FreeWith<&OpenSsl::SSL_free>> ssl;
  Handshake handshake;
  bool at_end = false;     // the transport has no more
  bool broken = false;     // it takes no more, or gives none
  std::string peers_secret, our_secret;  // of TLS 1.3, for what is not of the handshake
  std::uint64_t tickets = 0;             // that have been sent
};

}  // namespace xsuperd::tls
