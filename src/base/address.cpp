// SPDX-License-Identifier: MIT
#include "xsuperd/base/address_text.hpp"

#include <arpa/inet.h>
#include <boost/container_hash/hash.hpp>
#include <fmt/format.h>
#include <linux/vm_sockets.h>
#include <net/if.h>
#include <netinet/in.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <span>
#include <utility>

#include "xsuperd/base/text.hpp"

namespace xsuperd::base {

namespace {
constexpr std::array<std::uint8_t, 12> mapped_prefix{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

void put(std::array<std::uint8_t, 16>& bytes, std::size_t at, std::uint32_t number) {
  for (std::size_t i = 0; i < 4; ++i) bytes[at + i] = static_cast<std::uint8_t>(number >> (24 - 8 * i));
}

std::uint32_t scope_number(std::string_view name) {
  std::uint32_t number = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
  if (error == std::errc{} && end == name.data() + name.size()) return number;
  return ::if_nametoindex(std::string(name).c_str());
}

/// As inet_pton(3) reads it: four numbers without zeros in front. By hand, because it is what long lists are made of.
std::optional<std::uint32_t> dotted_quad(std::string_view text) {
  std::uint32_t value = 0;
  for (int part = 0; part < 4; ++part) {
    if (part > 0 && (text.empty() || text.front() != '.')) return std::nullopt;
    if (part > 0) text.remove_prefix(1);
    std::uint32_t number = 0;
    std::size_t digits = 0;
    for (; digits < text.size() && text[digits] >= '0' && text[digits] <= '9'; ++digits) {
      if (digits > 0 && number == 0) return std::nullopt;
      number = number * 10 + static_cast<std::uint32_t>(text[digits] - '0');
      if (number > 255) return std::nullopt;
    }
    if (digits == 0) return std::nullopt;
    value = value << 8 | number;
    text.remove_prefix(digits);
  }
  return text.empty() ? std::optional(value) : std::nullopt;
}
}  // namespace

Address Address::ipv4(std::uint32_t host_order) {
  Address a;
  a.family_ = Family::ipv4;
  put(a.bytes_, 0, host_order);
  return a;
}

Address Address::ipv6(const std::array<std::uint8_t, 16>& bytes, std::uint32_t scope) {
  Address a;
  a.family_ = Family::ipv6;
  a.bytes_ = bytes;
  a.scope_ = scope;
  return a;
}

Address Address::local(std::uint32_t uid, std::uint32_t gid, std::uint32_t pid) {
  Address a;
  a.family_ = Family::local;
  put(a.bytes_, 0, uid), put(a.bytes_, 4, gid), put(a.bytes_, 8, pid);
  return a;
}

Address Address::vsock(std::uint32_t cid, std::uint32_t port) {
  Address a;
  a.family_ = Family::vsock;
  put(a.bytes_, 0, cid), put(a.bytes_, 4, port);
  return a;
}

Address Address::of(Family family, const std::array<std::uint8_t, 16>& bytes, std::uint32_t scope) {
  Address a;
  if (family == Family::none) return a;
  a.family_ = family;
  std::copy_n(bytes.begin(), family == Family::ipv4 ? 4 : bytes.size(), a.bytes_.begin());
  if (family == Family::ipv6) a.scope_ = scope;
  return a;
}

std::optional<Address> parse_peer(std::string_view text) {
  constexpr std::string_view user = "unix:uid=", process = ",pid=", machine = "vsock:";
  const auto number = [](std::string_view word, long long low) -> std::optional<std::uint32_t> {
    const auto value = parse_number(word, low, 0xffffffff);
    return value ? std::optional(static_cast<std::uint32_t>(*value)) : std::nullopt;
  };
  if (text.starts_with(machine)) {
    const auto cid = number(text.substr(machine.size()), 0);
    return cid ? std::optional(Address::vsock(*cid)) : std::nullopt;
  }
  if (!text.starts_with(user)) return Address::parse(text);
  const std::size_t comma = text.find(',');
  const auto uid = number(text.substr(user.size(), comma == text.npos ? comma : comma - user.size()), 0);
  const std::string_view rest = comma == text.npos ? std::string_view() : text.substr(comma);
  if (!uid || (!rest.empty() && !rest.starts_with(process))) return std::nullopt;
  if (rest.empty()) return Address::local(*uid);
  const auto pid = number(rest.substr(process.size()), 1);
  return pid ? std::optional(Address::local(*uid, 0, *pid)) : std::nullopt;
}

std::optional<Address> Address::parse(std::string_view text) {
  if (const auto number = dotted_quad(text)) return ipv4(*number);
  const std::size_t percent = text.find('%');
  const std::string_view plain = text.substr(0, percent);
  std::array<char, INET6_ADDRSTRLEN> ended{};
  if (plain.size() >= ended.size() || plain.find('\0') != plain.npos) return std::nullopt;
  plain.copy(ended.data(), plain.size());
  std::array<std::uint8_t, 16> bytes{};
  if (::inet_pton(AF_INET6, ended.data(), bytes.data()) != 1) return std::nullopt;
  std::uint32_t scope = 0;
  if (percent != std::string_view::npos && (scope = scope_number(text.substr(percent + 1))) == 0)
    return std::nullopt;
  return ipv6(bytes, scope);
}

bool Address::is_mapped() const {
  return family_ == Family::ipv6 && std::equal(mapped_prefix.begin(), mapped_prefix.end(), bytes_.begin());
}

Address Address::unmapped() const {
  if (!is_mapped()) return *this;
  Address a;
  a.family_ = Family::ipv4;
  std::copy(bytes_.begin() + 12, bytes_.end(), a.bytes_.begin());
  return a;
}

std::uint32_t Address::ipv4_value() const { return number_at(bytes_, 0); }

Address mapped(const Address& address) {
  if (address.family() != Address::Family::ipv4) return address;
  std::array<std::uint8_t, 16> bytes{};
  std::ranges::copy(mapped_prefix, bytes.begin());
  std::copy_n(address.bytes().begin(), 4, bytes.begin() + mapped_prefix.size());
  return Address::ipv6(bytes);
}

bool is_multicast(const Address& address) {
  using Family = Address::Family;
  const std::uint8_t first = address.bytes()[0];
  return address.family() == Family::ipv4 ? (first & 0xf0) == 0xe0 : address.family() == Family::ipv6 && first == 0xff;
}

bool is_unicast(const Address& address) {
  const Address plain = address.unmapped();
  const bool unspecified = std::ranges::all_of(plain.bytes(), [](std::uint8_t byte) { return byte == 0; });
  const bool broadcast = plain.family() == Address::Family::ipv4 && plain.ipv4_value() == 0xffffffff;
  return plain.is_ip() && !unspecified && !broadcast && !is_multicast(plain);
}

namespace {
/// A peer that has no IP address. Returns the length.
std::size_t write_other(const Address& address, char* to, std::size_t room) {
  if (address.is_vsock()) return fmt::format_to_n(to, room, "vsock:{}", address.cid()).size;
  if (address.pid() == 0) return fmt::format_to_n(to, room, "unix:uid={}", address.uid()).size;
  return fmt::format_to_n(to, room, "unix:uid={},pid={}", address.uid(), address.pid()).size;
}

/// What inet_ntop(3) writes; that goes through printf(3), and this is done for each connection.
std::size_t write_ipv4(const Address& address, char* to) {
  char* at = to;
  for (const std::uint8_t byte : std::span(address.bytes()).first<4>()) {
    if (at != to) *at++ = '.';
    at = std::to_chars(at, at + 3, byte).ptr;
  }
  return static_cast<std::size_t>(at - to);
}
}  // namespace

static_assert(AddressText::room >= INET6_ADDRSTRLEN + IF_NAMESIZE);

AddressText::AddressText(const Address& address) {
  if (!address.known()) {
    *this = std::string_view("<no address>");
    return;
  }
  if (!address.is_ip()) {
    size_ = static_cast<std::uint8_t>(write_other(address, bytes_.data(), bytes_.size()));
    return;
  }
  if (address.family() == Address::Family::ipv4) {
    size_ = static_cast<std::uint8_t>(write_ipv4(address, bytes_.data()));
    return;
  }
  ::inet_ntop(AF_INET6, address.bytes().data(), bytes_.data(), bytes_.size());
  std::size_t size = std::strlen(bytes_.data());
  if (address.scope() != 0) {
    bytes_[size++] = '%';
    if (::if_indextoname(address.scope(), bytes_.data() + size) != nullptr)
      size += std::strlen(bytes_.data() + size);
    else
      size = static_cast<std::size_t>(
          std::to_chars(bytes_.data() + size, bytes_.data() + bytes_.size(), address.scope()).ptr - bytes_.data());
  }
  size_ = static_cast<std::uint8_t>(size);
}

std::string Address::text() const { return std::string(AddressText(*this).view()); }

std::size_t hash_value(const Address& address) {
  std::size_t seed = static_cast<std::size_t>(address.family());
  std::uint64_t words[2];
  std::memcpy(words, address.bytes().data(), sizeof words);
  boost::hash_combine(seed, words[0]);
  boost::hash_combine(seed, words[1]);
  boost::hash_combine(seed, address.scope());
  return seed;
}

std::size_t hash_value(const Endpoint& endpoint) {
  std::size_t seed = hash_value(endpoint.address);
  boost::hash_combine(seed, endpoint.port);
  return seed;
}

Endpoint endpoint_of(const sockaddr_storage& from) {
  if (from.ss_family == AF_INET) {
    sockaddr_in in{};
    std::memcpy(&in, &from, sizeof in);
    return {Address::ipv4(ntohl(in.sin_addr.s_addr)), ntohs(in.sin_port)};
  }
  if (from.ss_family == AF_INET6) {
    sockaddr_in6 in{};
    std::memcpy(&in, &from, sizeof in);
    std::array<std::uint8_t, 16> bytes{};
    std::memcpy(bytes.data(), &in.sin6_addr, bytes.size());
    return {Address::ipv6(bytes, in.sin6_scope_id), ntohs(in.sin6_port)};
  }
  if (from.ss_family == AF_VSOCK) {
    sockaddr_vm vm{};
    std::memcpy(&vm, &from, sizeof vm);
    return {Address::vsock(vm.svm_cid, vm.svm_port), 0};
  }
  return {};
}

socklen_t fill_sockaddr(const Endpoint& endpoint, bool ipv6, sockaddr_storage& out) {
  out = {};
  if (!ipv6) {
    const Address& a = endpoint.address;
    sockaddr_in in{};
    in.sin_family = AF_INET;
    in.sin_port = htons(endpoint.port);
    if (a.family() == Address::Family::ipv4) in.sin_addr.s_addr = htonl(a.ipv4_value());
    std::memcpy(&out, &in, sizeof in);
    return sizeof in;
  }
  const Address a = mapped(endpoint.address);
  sockaddr_in6 in{};
  in.sin6_family = AF_INET6;
  in.sin6_port = htons(endpoint.port);
  in.sin6_scope_id = a.scope();
  if (a.family() == Address::Family::ipv6) std::memcpy(&in.sin6_addr, a.bytes().data(), sizeof in.sin6_addr);
  std::memcpy(&out, &in, sizeof in);
  return sizeof in;
}

}  // namespace xsuperd::base
