// SPDX-License-Identifier: MIT
#include "xsuperd/tls/kernel.hpp"

#include <linux/tls.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <strings.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string_view>

#include "tls/kernel_keys.hpp"
#include "xsuperd/base/fd.hpp"

#ifndef SOL_TLS
#define SOL_TLS 282
#endif

namespace xsuperd::tls {

namespace {

constexpr std::string_view layer = "tls";
constexpr unsigned char alert_record = 21, warning = 1, close_notify_alert = 0;

bool attach(int connection) { return ::setsockopt(connection, IPPROTO_TCP, TCP_ULP, layer.data(), layer.size()) == 0; }

template <std::size_t Size>
void copy(unsigned char (&to)[Size], std::string_view from) {
  std::copy_n(from.begin(), std::min(Size, from.size()), to);
}

void number(unsigned char (&to)[8], std::uint64_t value) {
  for (int i = 7; i >= 0; --i, value >>= 8) to[i] = static_cast<unsigned char>(value & 0xff);
}

template <typename Info>
bool give(int connection, int direction, Info info, std::uint16_t version, std::uint16_t cipher, const RecordKeys& keys) {
  info.info.version = version;
  info.info.cipher_type = cipher;
  copy(info.key, keys.key);
  number(info.rec_seq, keys.sequence);
  const bool given = ::setsockopt(connection, SOL_TLS, direction, &info, sizeof info) == 0;
  ::explicit_bzero(&info, sizeof info);
  return given;
}

template <typename Info>
Info with_salt(const RecordKeys& keys) {
  Info info{};
  copy(info.salt, keys.iv);
  copy(info.iv, std::string_view(keys.iv).substr(sizeof info.salt));
  return info;
}

bool give(int connection, int direction, const KernelKeys& all, const RecordKeys& keys) {
  const std::uint16_t version = all.tls1_3 ? TLS_1_3_VERSION : TLS_1_2_VERSION;
  switch (all.cipher) {
    case KernelKeys::Cipher::aes_128_gcm:
      return give(connection, direction, with_salt<tls12_crypto_info_aes_gcm_128>(keys), version, TLS_CIPHER_AES_GCM_128, keys);
    case KernelKeys::Cipher::aes_256_gcm:
      return give(connection, direction, with_salt<tls12_crypto_info_aes_gcm_256>(keys), version, TLS_CIPHER_AES_GCM_256, keys);
    case KernelKeys::Cipher::chacha20_poly1305: break;
  }
  tls12_crypto_info_chacha20_poly1305 info{};
  copy(info.iv, keys.iv);
  return give(connection, direction, info, version, TLS_CIPHER_CHACHA20_POLY1305, keys);
}

}  // namespace

bool kernel_speaks() {
  const base::Fd probe(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_TCP));
  // It looks for its layer before it sees that there is no connection.
  return probe && (attach(probe.get()) || errno == ENOTCONN);
}

Placed place(int connection, const KernelKeys& keys) {
  if (!attach(connection)) return Placed::no;
  // With the layer alone a connection passes bytes as before.
  if (!give(connection, TLS_TX, keys, keys.out)) return Placed::no;
  return give(connection, TLS_RX, keys, keys.in) ? Placed::yes : Placed::broken;
}

void wipe(KernelKeys& keys) {
  for (std::string* one : {&keys.in.key, &keys.in.iv, &keys.out.key, &keys.out.iv}) ::explicit_bzero(one->data(), one->size());
}

Told close_notify(int connection) {
  unsigned char alert[] = {warning, close_notify_alert};
  iovec bytes{alert, sizeof alert};
  alignas(cmsghdr) char kind[CMSG_SPACE(sizeof alert_record)] = {};
  msghdr message{};
  message.msg_iov = &bytes;
  message.msg_iovlen = 1;
  message.msg_control = kind;
  message.msg_controllen = sizeof kind;
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_TLS;
  header->cmsg_type = TLS_SET_RECORD_TYPE;
  header->cmsg_len = CMSG_LEN(sizeof alert_record);
  std::memcpy(CMSG_DATA(header), &alert_record, sizeof alert_record);
  if (::sendmsg(connection, &message, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0) return Told::yes;
  return errno == EAGAIN || errno == EINTR ? Told::later : Told::no;
}

}  // namespace xsuperd::tls
