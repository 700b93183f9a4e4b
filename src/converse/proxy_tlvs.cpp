// SPDX-License-Identifier: MIT
#include "converse/proxy_tlvs.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>

#include "xsuperd/base/text.hpp"

namespace xsuperd::converse {

namespace {

using Fact = net::ProxyWord::Fact;

// Types of the specification. The rest is of no use here: NOOP (0x04), NETNS (0x30), and those of vendors.
constexpr std::uint8_t type_alpn = 0x01, type_authority = 0x02, type_crc32c = 0x03, type_unique_id = 0x05, type_ssl = 0x20;
constexpr std::uint8_t type_version = 0x21, type_cn = 0x22, type_cipher = 0x23, type_signature = 0x24, type_key = 0x25;
constexpr std::size_t longest_unique_id = 128;

/// The values of the types that somebody asks for. Types from 0x40 on are vendors'.
class Tlvs {
 public:
  /// False: lengths do not add up, or one of the types that we know comes twice.
  [[nodiscard]] bool read(std::string_view bytes) {
    while (!bytes.empty()) {
      if (bytes.size() < head) return false;
      const std::size_t size = static_cast<std::size_t>(byte_at(bytes, 1)) << 8 | byte_at(bytes, 2);
      if (bytes.size() - head < size) return false;
      if (!note(byte_at(bytes, 0), bytes.substr(head, size))) return false;
      bytes.remove_prefix(head + size);
    }
    return true;
  }
  [[nodiscard]] std::optional<std::string_view> value(std::uint8_t type) const { return values_[type]; }

 private:
  static constexpr std::size_t head = 3;
  static constexpr bool is_known(std::uint8_t type) {
    constexpr std::array known{type_alpn, type_authority, type_crc32c, type_unique_id, type_ssl,
                               type_version, type_cn, type_cipher, type_signature, type_key};
    return std::ranges::find(known, type) != known.end();
  }
  [[nodiscard]] bool note(std::uint8_t type, std::string_view value) {
    if (!is_known(type)) return true;
    if (values_[type]) return false;
    values_[type] = value;
    return true;
  }

  std::array<std::optional<std::string_view>, type_key + 1> values_{};
};

/// CRC32c (RFC 3309), the bits of each byte from the lowest on.
class Checksum {
 public:
  void add(std::string_view bytes) {
    for (const char byte : bytes) state_ = state_ >> 8 ^ table[(state_ ^ static_cast<std::uint8_t>(byte)) & 0xff];
  }
  [[nodiscard]] std::uint32_t result() const { return ~state_; }

 private:
  static constexpr std::array<std::uint32_t, 256> table = [] {
    std::array<std::uint32_t, 256> all{};
    for (std::uint32_t i = 0; i < all.size(); ++i) {
      std::uint32_t value = i;
      for (int bit = 0; bit < 8; ++bit) value = (value & 1) != 0 ? value >> 1 ^ 0x82f63b78U : value >> 1;
      all[i] = value;
    }
    return all;
  }();
  std::uint32_t state_ = ~0U;
};

/// `told` points into `header`; it counts as zero in its own sum.
bool sum_is_right(std::string_view header, std::string_view told) {
  if (told.size() != sizeof(std::uint32_t)) return false;
  const auto at = static_cast<std::size_t>(told.data() - header.data());
  Checksum sum;
  sum.add(header.substr(0, at));
  sum.add(std::string_view("\0\0\0", sizeof(std::uint32_t)));
  sum.add(header.substr(at + told.size()));
  std::uint32_t expected = 0;
  for (std::size_t i = 0; i < told.size(); ++i) expected = expected << 8 | byte_at(told, i);
  return sum.result() == expected;
}

class Telling {
 public:
  void add(Fact fact, std::optional<std::string_view> text) {
    if (text && net::can_be_told(*text)) words_.push_back({fact, std::string(*text)});
  }
  void add_id(std::string_view id) {
    const bool printable = std::ranges::all_of(id, [](char c) { return c >= 0x20 && c <= 0x7e; });
    if (printable) return add(Fact::unique_id, id);
    add(Fact::unique_id, base::hexadecimal(id));
  }
  /// Whoever has no good certificate has no name.
  [[nodiscard]] bool add_tls(std::string_view ssl) {
    constexpr std::size_t head = 5;
    constexpr std::uint8_t with_tls = 0x01, with_certificate = 0x02 | 0x04;  // in this connection, or in its session
    Tlvs more;
    if (ssl.size() < head || !more.read(ssl.substr(head))) return false;
    const std::uint8_t client = byte_at(ssl, 0);
    if ((client & with_tls) == 0) return true;
    const bool certificate = (client & with_certificate) != 0;
    const bool verified = certificate && ssl.substr(1, 4) == std::string_view("\0\0\0", 4);
    add(Fact::tls_version, more.value(type_version));
    add(Fact::tls_cipher, more.value(type_cipher));
    if (certificate) add(Fact::tls_verified, verified ? "yes" : "no");
    if (verified) add(Fact::tls_subject, more.value(type_cn));
    add(Fact::tls_signature, more.value(type_signature));
    add(Fact::tls_key, more.value(type_key));
    return true;
  }
  [[nodiscard]] net::ProxyWords take() { return std::move(words_); }

 private:
  net::ProxyWords words_;
};

}  // namespace

std::optional<net::ProxyWords> words_in(std::string_view header, std::string_view tlvs) {
  Tlvs all;
  if (!all.read(tlvs)) return std::nullopt;
  if (const auto sum = all.value(type_crc32c); sum && !sum_is_right(header, *sum)) return std::nullopt;
  const auto id = all.value(type_unique_id), ssl = all.value(type_ssl);
  if (id && id->size() > longest_unique_id) return std::nullopt;
  Telling words;
  words.add(Fact::name, all.value(type_authority));
  words.add(Fact::protocol, all.value(type_alpn));
  if (id) words.add_id(*id);
  if (ssl && !words.add_tls(*ssl)) return std::nullopt;
  return words.take();
}

}  // namespace xsuperd::converse
