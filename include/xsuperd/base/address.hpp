// SPDX-License-Identifier: MIT
#pragma once
#include <sys/socket.h>

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace xsuperd::base {

/// Four bytes as a number, the greatest first.
[[nodiscard]] constexpr std::uint32_t number_at(const std::array<std::uint8_t, 16>& bytes, std::size_t at) {
  return std::uint32_t{bytes[at]} << 24 | std::uint32_t{bytes[at + 1]} << 16 | std::uint32_t{bytes[at + 2]} << 8 | bytes[at + 3];
}

/// Who or what is at an end of a connection: an IPv4 or IPv6 address, a process of this machine behind a UNIX socket
/// (unix(7)), a virtual machine (vsock(7)), or none. A plain value; ordered and comparable. An IPv4-mapped IPv6 address
/// (::ffff:a.b.c.d) stays distinct from its IPv4 form until unmapped() is asked for, because logs print the two
/// differently (decision B15.6).
class Address {
 public:
  /// The order of the enumerators is part of what workers and images of the daemon tell one another.
  enum class Family : std::uint8_t { none, ipv4, ipv6, local, vsock };
  /// The uid or gid of a local peer that the kernel does not tell: nobody's.
  static constexpr std::uint32_t not_told = 0xffffffff;

  Address() = default;
  /// `host_order`: 127.0.0.1 is 0x7f000001.
  [[nodiscard]] static Address ipv4(std::uint32_t host_order);
  [[nodiscard]] static Address ipv6(const std::array<std::uint8_t, 16>& bytes, std::uint32_t scope = 0);
  /// A process behind a UNIX socket, by its credentials (SO_PEERCRED). `pid` 0: not known, or all of that user.
  [[nodiscard]] static Address local(std::uint32_t uid, std::uint32_t gid = 0, std::uint32_t pid = 0);
  /// A virtual machine by its context id, 2 being the host, and a port there. `port` 0: whichever.
  [[nodiscard]] static Address vsock(std::uint32_t cid, std::uint32_t port = 0);
  /// The one that has these: what family(), bytes() and scope() return of it.
  [[nodiscard]] static Address of(Family family, const std::array<std::uint8_t, 16>& bytes, std::uint32_t scope = 0);
  /// Dotted quad or IPv6 text as inet_pton(3) reads them, with an optional %scope; nothing else.
  [[nodiscard]] static std::optional<Address> parse(std::string_view text);

  [[nodiscard]] Family family() const { return family_; }
  [[nodiscard]] bool known() const { return family_ != Family::none; }
  [[nodiscard]] bool is_ip() const { return family_ == Family::ipv4 || family_ == Family::ipv6; }
  [[nodiscard]] bool is_local() const { return family_ == Family::local; }
  [[nodiscard]] bool is_vsock() const { return family_ == Family::vsock; }
  [[nodiscard]] bool is_mapped() const;
  /// The IPv4 address inside a mapped one; every other address unchanged.
  [[nodiscard]] Address unmapped() const;
  /// Valid for IPv4 only, host order.
  [[nodiscard]] std::uint32_t ipv4_value() const;
  /// Of a local peer.
  [[nodiscard]] std::uint32_t uid() const { return number_at(bytes_, 0); }
  [[nodiscard]] std::uint32_t gid() const { return number_at(bytes_, 4); }
  [[nodiscard]] std::uint32_t pid() const { return number_at(bytes_, 8); }
  /// Of one by vsock.
  [[nodiscard]] std::uint32_t cid() const { return number_at(bytes_, 0); }
  [[nodiscard]] std::uint32_t vsock_port() const { return number_at(bytes_, 4); }
  /// What its requests are counted under, and what is banned: of a local peer the user, whatever the process; of a virtual
  /// machine all of it; an IP address unchanged.
  [[nodiscard]] Address source() const {
    if (is_local()) return local(uid());
    return is_vsock() ? vsock(cid()) : *this;
  }
  /// 16 bytes; an IPv4 address stands in the first four, the rest is zero. Of the other families: their numbers.
  [[nodiscard]] const std::array<std::uint8_t, 16>& bytes() const { return bytes_; }
  [[nodiscard]] std::uint32_t scope() const { return scope_; }

  /// Numeric text as getnameinfo(3) prints it, a link-local scope included; "<no address>" for none (fact B6.17); else as
  /// parse_peer() reads it.
  [[nodiscard]] std::string text() const;

  auto operator<=>(const Address&) const = default;

 private:
  Family family_ = Family::none;
  std::array<std::uint8_t, 16> bytes_{};
  std::uint32_t scope_ = 0;
};

/// A peer that has no IP address, and so matches no address, has no name and no ident server: local or by vsock. Not one of
/// which nothing is known.
[[nodiscard]] inline bool beyond_ip(const Address& address) { return address.is_local() || address.is_vsock(); }

/// Any peer, as Address::text() writes it: an IP address, "unix:uid=1000", "unix:uid=1000,pid=42" or "vsock:3".
[[nodiscard]] std::optional<Address> parse_peer(std::string_view text);
/// ::ffff:a.b.c.d for an IPv4 address, whose unmapped() is that again; every other address unchanged.
[[nodiscard]] Address mapped(const Address& address);
[[nodiscard]] bool is_multicast(const Address& address);
/// An IP address that a single host can have: neither unspecified nor 255.255.255.255 nor multicast. Of a mapped address the
/// IPv4 address inside counts.
[[nodiscard]] bool is_unicast(const Address& address);

/// For unordered containers.
[[nodiscard]] std::size_t hash_value(const Address& address);

/// An address and a port (0..65535), as a peer or a local end has them.
struct Endpoint {
  Address address;
  std::uint16_t port = 0;
  auto operator<=>(const Endpoint&) const = default;
};

/// For unordered containers.
[[nodiscard]] std::size_t hash_value(const Endpoint& endpoint);

/// From what accept(2), recvmsg(2) or getsockname(2) filled in; other families than IP and vsock give an unknown address.
[[nodiscard]] Endpoint endpoint_of(const sockaddr_storage& from);

/// The sockaddr for bind(2) and connect(2). `ipv6`: an IPv4 address is written as ::ffff:a.b.c.d, an unknown one as
/// the wildcard. Returns the length.
socklen_t fill_sockaddr(const Endpoint& endpoint, bool ipv6, sockaddr_storage& out);

}  // namespace xsuperd::base
