// SPDX-License-Identifier: MIT
// What the kernel has to be told to go on with a connection that has been opened by OpenSSL. Internal to tls.
#pragma once
#include <cstdint>
#include <string>

#include "xsuperd/tls/engine.hpp"

namespace xsuperd::tls {

/// One direction of a connection.
struct RecordKeys {
  std::string key;
  /// 12 bytes. TLS 1.2 with AES: four of the handshake, and eight from which on the records are numbered in the clear.
  std::string iv;
  std::uint64_t sequence = 0;  ///< of the next record
};

struct KernelKeys {
  enum class Cipher : std::uint8_t { aes_128_gcm, aes_256_gcm, chacha20_poly1305 };
  bool tls1_3 = true;
  Cipher cipher = Cipher::aes_128_gcm;
  RecordKeys in, out;
};

/// Bytes of its key.
[[nodiscard]] constexpr std::size_t key_size(KernelKeys::Cipher cipher) { return cipher == KernelKeys::Cipher::aes_128_gcm ? 16 : 32; }

/// `no`: this kernel does not take them, and the connection is as it was.
[[nodiscard]] Placed place(int connection, const KernelKeys& keys);

/// Overwrites them.
void wipe(KernelKeys& keys);

}  // namespace xsuperd::tls
