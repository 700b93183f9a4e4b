// SPDX-License-Identifier: MIT
// Headers of the PROXY protocol, byte by byte; the examples are those of the specification and of HAProxy, nginx, stunnel and
// curl as they send them.
#include "converse/proxy_header.hpp"

#include <catch2/catch.hpp>
#include <string>

using namespace xsuperd;
using namespace xsuperd::converse;
using State = ProxyBeginning::State;
using Fact = net::ProxyWord::Fact;
using namespace std::string_literals;

namespace {

base::Endpoint at(const char* text, std::uint16_t port) { return {*base::Address::parse(text), port}; }

const std::string signature = "\r\n\r\n\0\r\nQUIT\n"s;
/// A header of version 2 with that second half.
std::string v2(char command, char transport, const std::string& body) {
  const auto size = static_cast<unsigned>(body.size());
  return signature + command + transport + static_cast<char>(size >> 8) + static_cast<char>(size & 0xff) + body;
}
const std::string ipv4_body = "\xc0\x00\x02\x01\xc6\x33\x64\x02\x9c\x40\x00\x50"s;  // 192.0.2.1:40000 -> 198.51.100.2:80
const std::string ipv6_body = "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01"s + "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x02"s + "\x9c\x40\x00\x50"s;
std::string tlv(char type, const std::string& value) {
  return std::string(1, type) + static_cast<char>(value.size() >> 8) + static_cast<char>(value.size() & 0xff) + value;
}

State state_of(const std::string& bytes) { return parse_proxy_header(bytes).state; }

/// A whole header says the same whatever follows it, and no part of it says anything.
ProxyHeader header_of(const std::string& bytes) {
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    INFO("the first " << size << " bytes");
    CHECK(state_of(bytes.substr(0, size)) == State::incomplete);
  }
  const ProxyBeginning whole = parse_proxy_header(bytes);
  REQUIRE(whole.state == State::header);
  CHECK(whole.header.result == ProxyHeader::Result::header);
  CHECK(whole.header.size == bytes.size());
  const ProxyBeginning more = parse_proxy_header(bytes + "GET / HTTP/1.0\r\n\r\n" + bytes);
  CHECK(more.state == State::header);
  CHECK(more.header == whole.header);
  return whole.header;
}

}  // namespace

TEST_CASE("version 1 tells the client and the address that it called") {
  const ProxyHeader ipv4 = header_of("PROXY TCP4 192.0.2.1 198.51.100.2 40000 80\r\n");
  CHECK(ipv4.version == 1);
  CHECK_FALSE(ipv4.own);
  CHECK(ipv4.client == at("192.0.2.1", 40000));
  CHECK(ipv4.called == at("198.51.100.2", 80));
  const ProxyHeader ipv6 = header_of("PROXY TCP6 2001:db8::1 2001:db8::2 0 65535\r\n");
  CHECK(ipv6.client == at("2001:db8::1", 0));
  CHECK(ipv6.called == at("2001:db8::2", 65535));
  // The longest of all.
  const std::string all = "ffff:f...f";
  const ProxyHeader longest = header_of("PROXY TCP6 fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n");
  CHECK(longest.size == 104);
}

TEST_CASE("UNKNOWN, LOCAL and a connection of no family speak for themselves") {
  for (const std::string& bytes : {"PROXY UNKNOWN\r\n"s, "PROXY UNKNOWN ffff::1 what ever 65535 70000\r\n"s, v2(0x20, 0x00, ""), v2(0x20, 0x11, ipv4_body),
                                   v2(0x20, 0x00, tlv(0x05, "an id")), v2(0x21, 0x00, ""), v2(0x20, 0x31, std::string(216, 'x'))}) {
    const ProxyHeader header = header_of(bytes);
    CHECK(header.own);
    CHECK_FALSE(header.client.address.known());
    CHECK_FALSE(header.called.address.known());
  }
}

TEST_CASE("version 2 tells the same, and what it says besides that nobody knows is passed over") {
  const ProxyHeader ipv4 = header_of(v2(0x21, 0x11, ipv4_body));
  CHECK(ipv4.version == 2);
  CHECK(ipv4.size == 28);
  CHECK(ipv4.client == at("192.0.2.1", 40000));
  CHECK(ipv4.called == at("198.51.100.2", 80));
  const ProxyHeader ipv6 = header_of(v2(0x21, 0x21, ipv6_body + tlv(0x02, "www.example.org") + tlv(0x04, "")));
  CHECK(ipv6.client == at("2001:db8::1", 40000));
  CHECK(ipv6.called == at("2001:db8::2", 80));
  const std::string filled = ipv4_body + tlv(0x04, std::string(2048 - ipv4_body.size() - 3, '\0'));
  CHECK(parse_proxy_header(v2(0x21, 0x11, filled)).header.size == longest_proxy_header);
}

TEST_CASE("IPv4-mapped addresses are told as IPv4, also where only one of the two is mapped") {
  CHECK(header_of("PROXY TCP6 ::ffff:192.0.2.1 ::ffff:198.51.100.2 40000 80\r\n").client == at("192.0.2.1", 40000));
  const ProxyHeader mixed = header_of("PROXY TCP6 ::ffff:192.0.2.1 2001:db8::2 40000 80\r\n");
  CHECK(mixed.client == at("192.0.2.1", 40000));
  CHECK(mixed.called == at("2001:db8::2", 80));
}

TEST_CASE("the words of version 2 are told, each once and in one order") {
  const std::string tls = "\x07\0\0\0\0"s + tlv(0x25, "EC256") + tlv(0x21, "TLSv1.3") + tlv(0x22, "J\xc3\xb6rg") + tlv(0x23, "TLS_AES_128_GCM_SHA256") +
                          tlv(0x24, "SHA256");
  const ProxyHeader header = header_of(v2(0x21, 0x11, ipv4_body + tlv(0x20, tls) + tlv(0x05, "id 7") + tlv(0x30, "netns") + tlv(0xea, "vendor") +
                                                          tlv(0x02, "www.example.org") + tlv(0x01, "h2")));
  CHECK(header.words == net::ProxyWords{{Fact::name, "www.example.org"}, {Fact::protocol, "h2"}, {Fact::unique_id, "id 7"}, {Fact::tls_version, "TLSv1.3"},
                                        {Fact::tls_cipher, "TLS_AES_128_GCM_SHA256"}, {Fact::tls_verified, "yes"}, {Fact::tls_subject, "J\xc3\xb6rg"},
                                        {Fact::tls_signature, "SHA256"}, {Fact::tls_key, "EC256"}});
  CHECK(net::in_order(header.words));
}

TEST_CASE("who has no good certificate has no name, and who came without TLS has nothing of it") {
  const auto words = [](const std::string& head) {
    return header_of(v2(0x21, 0x11, ipv4_body + tlv(0x20, head + tlv(0x21, "TLSv1.2") + tlv(0x22, "root")))).words;
  };
  const net::ProxyWord version{Fact::tls_version, "TLSv1.2"};
  CHECK(words("\x01\0\0\0\0"s) == net::ProxyWords{version});
  CHECK(words("\x01\0\0\0\1"s) == net::ProxyWords{version});
  CHECK(words("\x03\0\0\0\x14"s) == net::ProxyWords{version, {Fact::tls_verified, "no"}});
  CHECK(words("\x05\0\0\0\0"s) == net::ProxyWords{version, {Fact::tls_verified, "yes"}, {Fact::tls_subject, "root"}});
  CHECK(words("\x06\0\0\0\0"s).empty());
}

TEST_CASE("what cannot be told is left out, and an id is hexadecimal then") {
  const auto words = [](const std::string& tlvs) { return header_of(v2(0x21, 0x11, ipv4_body + tlvs)).words; };
  CHECK(words(tlv(0x05, "\x00\xff\n"s)) == net::ProxyWords{{Fact::unique_id, "00ff0a"}});
  CHECK(words(tlv(0x05, std::string(128, '\xff'))).at(0).text.size() == 256);
  for (const std::string& name : {""s, "two\nlines"s, "\x1b[2J"s, "\xff"s, "nul\0"s, std::string(257, 'x')}) CHECK(words(tlv(0x02, name)).empty());
  CHECK(words(tlv(0x02, std::string(256, 'x'))).size() == 1);
}

TEST_CASE("one that says something twice, or that is longer than it may be, is bad") {
  for (const std::string& tlvs : {tlv(0x02, "a") + tlv(0x02, "a"), tlv(0x05, std::string(129, 'x')), tlv(0x20, ""), tlv(0x20, "\x01\0\0\0"s),
                                  tlv(0x20, "\x01\0\0\0\0\x21"s), tlv(0x20, "\x01\0\0\0\0"s + tlv(0x22, "a") + tlv(0x22, "b")),
                                  tlv(0x20, "\x01\0\0\0\0\x22\0\x05root"s)})
    CHECK(state_of(v2(0x21, 0x11, ipv4_body + tlvs)) == State::bad);
  CHECK(state_of(v2(0x21, 0x11, ipv4_body + tlv(0x04, "a") + tlv(0x04, "b"))) == State::header);
}

TEST_CASE("a checksum that is there is right, or the header is bad") {
  const auto with_sum = [](const std::string& sum) { return v2(0x21, 0x11, ipv4_body + tlv(0x03, sum) + tlv(0x02, "a.example")); };
  const std::string right = "\x5b\xd5\x70\xf7"s;
  CHECK(header_of(with_sum(right)).words.size() == 1);
  for (std::size_t i = 0; i < right.size(); ++i) {
    std::string wrong = right;
    wrong[i] = static_cast<char>(wrong[i] ^ 1);
    CHECK(state_of(with_sum(wrong)) == State::bad);
  }
  for (const std::string& sum : {""s, right.substr(1), right + right}) CHECK(state_of(with_sum(sum)) == State::bad);
}

TEST_CASE("what is no header is bad as soon as it shows") {
  for (const char* bytes : {"G", "PROXX", "proxy TCP4 1.2.3.4 1.2.3.5 1 2\r\n", "SSH-2.0-OpenSSH\r\n", "\r\n\r\n\r", "\r\n\r\nQUIT", " PROXY"}) {
    INFO(bytes);
    CHECK(state_of(bytes) == State::bad);
  }
  CHECK(state_of("") == State::incomplete);
}

TEST_CASE("version 1 is taken to the letter") {
  for (const char* rest : {"TCP4 192.0.2.1 198.51.100.2 40000\r\n", "TCP4 192.0.2.1 198.51.100.2 40000 80 \r\n", "TCP4 192.0.2.1 198.51.100.2 40000 80 1\r\n",
                           "TCP4  192.0.2.1 198.51.100.2 40000 80\r\n", "TCP4 192.0.2.1 198.51.100.2 040000 80\r\n", "TCP4 192.0.2.1 198.51.100.2 40000 65536\r\n",
                           "TCP4 192.0.2.1 198.51.100.2 -1 80\r\n", "TCP4 192.0.2.01 198.51.100.2 40000 80\r\n", "TCP4 192.0.2 198.51.100.2 40000 80\r\n",
                           "TCP4 2001:db8::1 2001:db8::2 40000 80\r\n", "TCP6 192.0.2.1 198.51.100.2 40000 80\r\n", "TCP6 fe80::1%lo fe80::2%lo 40000 80\r\n",
                           "TCP5 192.0.2.1 198.51.100.2 40000 80\r\n", "UDP4 192.0.2.1 198.51.100.2 40000 80\r\n", "\r\n", "TCP4\r\n",
                           "TCP4 192.0.2.1 198.51.100.2 40000 80\n", "TCP4 192.0.2.1\n198.51.100.2 40000 80\r\n", "UNKNOWNS\r\n"}) {
    INFO(rest);
    CHECK(state_of("PROXY "s + rest) == State::bad);
  }
  CHECK(state_of("PROXY UNKNOWN "s + std::string(107 - 16, 'x') + "\r\n") == State::header);
  CHECK(state_of("PROXY UNKNOWN "s + std::string(107 - 15, 'x') + "\r\n") == State::bad);
  CHECK(state_of("PROXY "s + std::string(200, 'x')) == State::bad);
}

TEST_CASE("version 2 is taken to the letter") {
  CHECK(state_of(v2(0x11, 0x11, ipv4_body)) == State::bad);  // of another version
  CHECK(state_of(v2(0x22, 0x11, ipv4_body)) == State::bad);  // of no command
  CHECK(state_of(signature + '\x31') == State::bad);         // at once
  for (const char transport : {'\x01', '\x10', '\x12', '\x13', '\x20', '\x22', '\x31', '\x32', '\x41', '\xf1'}) {
    INFO(static_cast<int>(transport));
    CHECK(state_of(v2(0x21, transport, std::string(216, '\x01'))) == State::bad);
  }
  CHECK(state_of(v2(0x21, 0x11, ipv4_body.substr(1))) == State::bad);
  CHECK(state_of(v2(0x21, 0x21, ipv6_body.substr(1))) == State::bad);
  CHECK(state_of(v2(0x21, 0x11, "")) == State::bad);
  // TLVs that do not add up.
  for (const std::string& rest : {"\x02"s, "\x02\0"s, "\x02\0\x01"s, "\x02\xff\xffx"s, tlv(0x02, "x") + "\x05\0\x09id"s}) CHECK(state_of(v2(0x21, 0x11, ipv4_body + rest)) == State::bad);
}

TEST_CASE("a length that is too great is refused before the rest has come") {
  CHECK(state_of(signature + "\x21\x11\x08\x01"s) == State::bad);
  CHECK(state_of(signature + "\x21\x11\xff\xff"s) == State::bad);
  CHECK(state_of(signature + "\x20\x00\x08\x01"s) == State::bad);
  CHECK(state_of(signature + "\x21\x11\x08\x00"s) == State::incomplete);
}

TEST_CASE("an address that no client can have is refused") {
  for (const char* client : {"0.0.0.0", "224.0.0.1", "255.255.255.255"}) CHECK(state_of("PROXY TCP4 "s + client + " 198.51.100.2 40000 80\r\n") == State::bad);
  for (const char* client : {"::", "ff02::1", "::ffff:0.0.0.0"}) CHECK(state_of("PROXY TCP6 "s + client + " 2001:db8::2 40000 80\r\n") == State::bad);
}
