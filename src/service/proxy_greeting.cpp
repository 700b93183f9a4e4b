// SPDX-License-Identifier: MIT
// Source: "The PROXY protocol, versions 1 & 2", proxy-protocol.txt of HAProxy, sections 2.1 and 2.2.
#include "service/proxy_greeting.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <span>

#include "xsuperd/worker/conversations.hpp"

namespace xsuperd::service {

namespace {

using base::Address;
using Family = Address::Family;
using Fact = net::ProxyWord::Fact;

/// Both of one family: where they differ, IPv6 with the other one mapped into it.
struct Ends {
  base::Endpoint client, called;
  [[nodiscard]] bool known() const { return client.address.is_ip() && called.address.is_ip(); }
  [[nodiscard]] bool ipv6() const { return client.address.family() == Family::ipv6; }
};

Address mapped(const Address& address) {
  if (address.family() != Family::ipv4) return address;
  std::array<std::uint8_t, 16> bytes{};
  bytes[10] = bytes[11] = 0xff;
  std::copy_n(address.bytes().begin(), 4, bytes.begin() + 12);
  return Address::ipv6(bytes);
}

Ends ends_of(const base::Endpoint& client, const base::Endpoint& called) {
  Ends ends{{client.address.unmapped(), client.port}, {called.address.unmapped(), called.port}};
  if (!ends.known() || ends.client.address.family() == ends.called.address.family()) return ends;
  ends.client.address = mapped(ends.client.address);
  ends.called.address = mapped(ends.called.address);
  return ends;
}

/// Without the interface of a link-local address, which is nothing to the target.
std::string text_of(const Address& address) { return Address::of(address.family(), address.bytes()).text(); }

std::string version_1(const Ends& ends) {
  if (!ends.known()) return "PROXY UNKNOWN\r\n";
  return fmt::format("PROXY {} {} {} {} {}\r\n", ends.ipv6() ? "TCP6" : "TCP4", text_of(ends.client.address), text_of(ends.called.address),
                     ends.client.port, ends.called.port);
}

void add_number(std::string& to, std::size_t number) {
  to += static_cast<char>(number >> 8);
  to += static_cast<char>(number);
}

void add_tlv(std::string& to, char type, std::string_view value) {
  to += type;
  add_number(to, value.size());
  to += value;
}

struct Tlv {
  Fact fact;
  char type;
};
constexpr std::array plain{Tlv{Fact::protocol, 0x01}, Tlv{Fact::name, 0x02}, Tlv{Fact::unique_id, 0x05}};
constexpr std::array of_tls{Tlv{Fact::tls_version, 0x21}, Tlv{Fact::tls_subject, 0x22}, Tlv{Fact::tls_cipher, 0x23},
                            Tlv{Fact::tls_signature, 0x24}, Tlv{Fact::tls_key, 0x25}};

void add_known(std::string& to, const net::ProxyWords& words, std::span<const Tlv> which) {
  for (const auto [fact, type] : which)
    if (const auto text = net::word_of(words, fact); !text.empty()) add_tlv(to, type, text);
}

/// The flags of the client, whether its certificate was good, and the rest.
std::string ssl_of(const net::ProxyWords& words, bool resumed) {
  constexpr char with_tls = 0x01, in_this_connection = 0x02, in_this_session = 0x04;
  const auto verified = net::word_of(words, Fact::tls_verified);
  char client = with_tls;
  if (!verified.empty()) client = static_cast<char>(client | in_this_session | (resumed ? 0 : in_this_connection));
  std::string ssl(1, client);
  ssl.append(3, '\0');
  ssl += verified == "yes" ? '\0' : '\1';
  add_known(ssl, words, of_tls);
  return ssl;
}

std::string tlvs_of(const net::ProxyWords& words, bool resumed) {
  std::string tlvs;
  add_known(tlvs, words, plain);
  if (!net::word_of(words, Fact::tls_version).empty()) add_tlv(tlvs, 0x20, ssl_of(words, resumed));
  return tlvs;
}

std::string version_2(const Ends& ends, const std::string& tlvs) {
  constexpr std::string_view signature("\r\n\r\n\0\r\nQUIT\n", 12);
  std::string body;
  if (ends.known()) {
    for (const base::Endpoint* end : {&ends.client, &ends.called})
      body.append(reinterpret_cast<const char*>(end->address.bytes().data()), ends.ipv6() ? 16 : 4);
    add_number(body, ends.client.port);
    add_number(body, ends.called.port);
  }
  std::string header(signature);
  header += '\x21';  // version 2, PROXY
  header += !ends.known() ? '\x00' : ends.ipv6() ? '\x21' : '\x11';
  if (signature.size() + 4 + body.size() + tlvs.size() <= worker::longest_proxy_header) body += tlvs;
  add_number(header, body.size());
  return header + body;
}

/// Where TLS ends here, a proxy before us knows no more than the connection's number.
net::ProxyWords words_to_tell(const Session& session) {
  if (!session.words) return session.proxy_words;
  net::ProxyWords words = words_of_handshake(*session.words);
  const auto id = std::ranges::find(session.proxy_words, Fact::unique_id, &net::ProxyWord::fact);
  if (id != session.proxy_words.end()) words.insert(std::ranges::lower_bound(words, Fact::unique_id, {}, &net::ProxyWord::fact), *id);
  return words;
}

}  // namespace

net::ProxyWords words_of_handshake(const tls::Words& words) {
  net::ProxyWords all;
  const auto add = [&all](Fact fact, const std::string& text) {
    if (net::can_be_told(text)) all.push_back({fact, text});
  };
  add(Fact::name, words.name);
  add(Fact::protocol, words.protocol);
  add(Fact::tls_version, words.version);
  add(Fact::tls_cipher, words.cipher);
  if (words.certificate) add(Fact::tls_verified, "yes");
  if (words.certificate) add(Fact::tls_subject, words.certificate->subject);
  return all;
}

std::string proxy_greeting(config::RedirectProxy version, const Session& session, const base::Endpoint& called) {
  if (version == config::RedirectProxy::no) return {};
  const Ends ends = ends_of(session.peer, called);
  if (version == config::RedirectProxy::v1) return version_1(ends);
  return version_2(ends, tlvs_of(words_to_tell(session), session.words && session.words->resumed));
}

}  // namespace xsuperd::service
