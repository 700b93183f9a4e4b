// SPDX-License-Identifier: MIT
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

#include "xsuperd/base/error.hpp"
#include "xsuperd/base/fd.hpp"
#include "xsuperd/config/listen.hpp"

/// One listening socket for all ports of a network: a BPF program of type sk_lookup, which the kernel asks for each new
/// connection before it looks for a listener itself (decision B15.36). Nothing here waits.
namespace xsuperd::net {

/// Some of the ports from 0 to 65535. A value.
class PortSet {
 public:
  static constexpr std::size_t size_in_bytes = 65536 / 8;
  using Bytes = std::array<std::uint8_t, size_in_bytes>;

  [[nodiscard]] static PortSet all() {
    PortSet every;
    every.bytes_.fill(0xff);
    return every;
  }
  [[nodiscard]] static PortSet of(const Bytes& bytes) {
    PortSet these;
    these.bytes_ = bytes;
    return these;
  }
  void insert(std::uint16_t port) { bytes_[port / 8] = static_cast<std::uint8_t>(bytes_[port / 8] | 1U << port % 8); }
  [[nodiscard]] bool contains(std::uint16_t port) const { return (bytes_[port / 8] >> port % 8 & 1) != 0; }
  /// Bit N % 8 of byte N / 8 is port N.
  [[nodiscard]] const Bytes& bytes() const { return bytes_; }
  bool operator==(const PortSet&) const = default;

 private:
  Bytes bytes_{};
};

/// Leads the connections for a range of ports to one socket: those of TCP for an address in the network and a port of the
/// range, unless that port is to be left alone. The kernel then looks for a listener as if there were no range. What is
/// established stays as it is. Owns two descriptors, which may be handed over to another image of the program; the lookup
/// ends with the last duplicate of the first one. One thread at a time.
class PortLookup {
 public:
  /// In the network namespace of the socket, which listens, and on one interface only if `device` names one. All ports are
  /// left alone until leave_alone() says otherwise: whoever listens somewhere in the range is in nobody's way. Fails when
  /// the kernel has no such programs, or the process may not load them; the sentence says what is lacking.
  [[nodiscard]] static base::Result<PortLookup> open(int listening, const config::PortRange& range,
                                                     const std::string& device = {});
  /// Descriptors that were handed over; fails if they are not those of a lookup.
  [[nodiscard]] static base::Result<PortLookup> adopt(base::Fd link, base::Fd ports);

  /// Those, and no others. Asks nothing of the kernel if they are the same as before.
  [[nodiscard]] base::Result<void> leave_alone(const PortSet& ports);
  /// Leads no connection anywhere any more, whoever else has the descriptors.
  void end();

  // For a hand-over.
  [[nodiscard]] int link() const { return link_.get(); }
  [[nodiscard]] int ports() const { return ports_.get(); }

 private:
  PortLookup(base::Fd link, base::Fd ports, const PortSet& left_alone);

  base::Fd link_;       ///< of the program to the network namespace; keeps the program, and that its maps
  base::Fd ports_;      ///< the map of ports that are left alone
  PortSet left_alone_;  ///< what is in it
};

/// Can this process open a PortLookup? `not_in_kernel`: nobody can.
enum class LookupAbility : std::uint8_t { usable, not_permitted, not_in_kernel };
/// Loads a program to find out, and lets it go again. Thread safe.
[[nodiscard]] LookupAbility lookup_ability();

}  // namespace xsuperd::net
