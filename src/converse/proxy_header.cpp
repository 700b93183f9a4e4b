// SPDX-License-Identifier: MIT
#include "converse/proxy_header.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <utility>

#include "converse/proxy_tlvs.hpp"

namespace xsuperd::converse {

namespace {

using base::Address;
using Family = Address::Family;
using State = ProxyBeginning::State;

const ProxyBeginning incomplete{State::incomplete, {}};
const ProxyBeginning bad{State::bad, {}};

ProxyBeginning speaks_for_itself(std::uint8_t version, std::size_t size) {
  return {State::header, {.result = ProxyHeader::Result::header, .version = version, .own = true, .size = static_cast<std::uint16_t>(size), .client = {}, .called = {}}};
}

ProxyBeginning speaks_for(std::uint8_t version, std::size_t size, base::Endpoint client, base::Endpoint called) {
  client.address = client.address.unmapped();
  called.address = called.address.unmapped();
  if (!base::is_unicast(client.address)) return bad;  // no connection can come from there
  return {State::header, {.result = ProxyHeader::Result::header, .version = version, .own = false, .size = static_cast<std::uint16_t>(size), .client = client, .called = called}};
}

// --- Version 1: a line of text

constexpr std::size_t longest_line_of_v1 = 107;  // its line end included
constexpr std::string_view greeting_of_v1 = "PROXY ";

/// Takes the next word and the blank behind it, if one follows. None: there is nothing, or an empty word.
std::optional<std::string_view> next_word(std::string_view& rest) {
  const std::size_t end = rest.find(' ');
  const std::string_view word = rest.substr(0, end);
  if (word.empty()) return std::nullopt;
  rest = end == rest.npos ? std::string_view() : rest.substr(end + 1);
  if (end != std::string_view::npos && rest.empty()) return std::nullopt;  // a blank at the end
  return word;
}

std::optional<Address> address_of(std::string_view word, Family family) {
  const auto address = word.find('%') == word.npos ? Address::parse(word) : std::nullopt;
  return address && address->family() == family ? address : std::nullopt;
}

std::optional<std::uint16_t> port_of(std::string_view word) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), port);
  const bool leading_zero = word.size() > 1 && word[0] == '0';
  return error == std::errc() && end == word.data() + word.size() && !leading_zero ? std::optional(port) : std::nullopt;
}

/// "192.0.2.1 198.51.100.1 40000 80"
ProxyBeginning addresses_of_v1(std::string_view rest, Family family, std::size_t size) {
  std::array<std::string_view, 4> words;
  for (std::string_view& word : words) {
    const auto next = next_word(rest);
    if (!next) return bad;
    word = *next;
  }
  const auto from = address_of(words[0], family), to = address_of(words[1], family);
  const auto from_port = port_of(words[2]), to_port = port_of(words[3]);
  if (!rest.empty() || !from || !to || !from_port || !to_port) return bad;
  return speaks_for(1, size, {*from, *from_port}, {*to, *to_port});
}

ProxyBeginning parse_v1(std::string_view bytes) {
  const std::string_view line = bytes.substr(0, longest_line_of_v1);
  const std::size_t end = line.find("\r\n");
  if (end == line.npos) {
    const bool broken = line.find('\n') != line.npos || line.size() == longest_line_of_v1;
    return broken ? bad : incomplete;
  }
  std::string_view rest = line.substr(greeting_of_v1.size(), end - greeting_of_v1.size());
  const std::string_view protocol = rest.substr(0, rest.find(' '));
  if (protocol == "UNKNOWN") return speaks_for_itself(1, end + 2);  // whatever follows is to be ignored
  (void)next_word(rest);
  if (protocol == "TCP4") return addresses_of_v1(rest, Family::ipv4, end + 2);
  if (protocol == "TCP6") return addresses_of_v1(rest, Family::ipv6, end + 2);
  return bad;
}

// --- Version 2: binary

constexpr std::string_view signature_of_v2{"\r\n\r\n\0\r\nQUIT\n", 12};
constexpr std::size_t head_of_v2 = 16;

std::uint16_t number_at(std::string_view bytes, std::size_t at) {
  return static_cast<std::uint16_t>(byte_at(bytes, at) << 8 | byte_at(bytes, at + 1));
}

Address address_at(std::string_view bytes, std::size_t at, Family family) {
  std::array<std::uint8_t, 16> all{};
  const std::size_t size = family == Family::ipv4 ? 4 : 16;
  for (std::size_t i = 0; i < size; ++i) all[i] = byte_at(bytes, at + i);
  return Address::of(family, all);
}

ProxyBeginning addresses_of_v2(std::string_view header, Family family) {
  const std::string_view body = header.substr(head_of_v2);
  const std::size_t size = family == Family::ipv4 ? 4 : 16;
  const std::size_t all = 2 * size + 4;
  if (body.size() < all) return bad;
  auto words = words_in(header, body.substr(all));
  if (!words) return bad;
  ProxyBeginning beginning = speaks_for(2, header.size(), {address_at(body, 0, family), number_at(body, 2 * size)},
                                        {address_at(body, size, family), number_at(body, 2 * size + 2)});
  if (beginning.state == State::header) beginning.header.words = std::move(*words);
  return beginning;
}

ProxyBeginning parse_v2(std::string_view bytes) {
  if (bytes.size() > signature_of_v2.size() && byte_at(bytes, 12) != 0x20 && byte_at(bytes, 12) != 0x21) return bad;
  if (bytes.size() < head_of_v2) return incomplete;
  const std::size_t size = head_of_v2 + number_at(bytes, 14);
  if (size > longest_proxy_header) return bad;
  if (bytes.size() < size) return incomplete;
  const bool local = byte_at(bytes, 12) == 0x20;
  const std::uint8_t transport = byte_at(bytes, 13);
  if (local || transport == 0x00) return speaks_for_itself(2, size);
  const std::string_view header = bytes.substr(0, size);
  if (transport == 0x11) return addresses_of_v2(header, Family::ipv4);
  if (transport == 0x21) return addresses_of_v2(header, Family::ipv6);
  return bad;
}

/// Is one of them the beginning of the other?
bool agree(std::string_view bytes, std::string_view greeting) {
  const std::size_t size = std::min(bytes.size(), greeting.size());
  return bytes.substr(0, size) == greeting.substr(0, size);
}

}  // namespace

ProxyBeginning parse_proxy_header(std::string_view bytes) {
  if (agree(bytes, greeting_of_v1)) return bytes.size() < greeting_of_v1.size() ? incomplete : parse_v1(bytes);
  if (agree(bytes, signature_of_v2)) return bytes.size() < signature_of_v2.size() ? incomplete : parse_v2(bytes);
  return bad;
}

}  // namespace xsuperd::converse
