// SPDX-License-Identifier: MIT
#pragma once
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "xsuperd/base/address.hpp"
#include "xsuperd/base/described.hpp"
#include "xsuperd/base/fd.hpp"

/// How quiet a TCP connection is that another process has: the kernel tells (sock_diag(7)), without a descriptor of the
/// connection and without a privilege.
namespace xsuperd::net {

/// What distinguishes a connection from all others of this machine, beside its peer. A value.
struct TcpIdentity {
  base::Endpoint local{};
  std::uint64_t cookie = 0;     ///< SO_COOKIE, never used again; 0: it is no connection that can be looked at
  std::uint32_t interface = 0;  ///< to which the socket is bound; 0: to none
  /// Bytes that the peer began with and that are not its own, as the header of a proxy is: to have sent them is to have said
  /// nothing. For whoever knows of them.
  std::uint32_t preface = 0;
  [[nodiscard]] bool known() const { return cookie != 0; }
  bool operator==(const TcpIdentity&) const = default;
};
BOOST_DESCRIBE_STRUCT(TcpIdentity, (), (local, cookie, interface, preface))
constexpr auto members_since(const TcpIdentity*) { return std::array{base::Since{"preface", 10}}; }

/// Four system calls. Not known() when the socket is none of TCP (MPTCP is another protocol), or of another network.
[[nodiscard]] TcpIdentity identify_tcp(int socket);

/// What was found when a connection was looked at.
struct TcpLook {
  enum class Outcome : std::uint8_t {
    seen,
    gone,        ///< there is none like that any more
    not_looked,  ///< it could not be asked for: see `error`
  };
  Outcome outcome = Outcome::seen;
  bool peer_spoke = false;            ///< the peer has sent at least one byte after its preface; its end is none
  std::chrono::milliseconds quiet{};  ///< since a byte came, or one was sent for the first time
  int error = 0;                      ///< errno
};

struct TcpConnection {
  base::Endpoint peer;  ///< IPv4 addresses are not mapped
  TcpIdentity identity;
};

/// Looks at connections. Never waits. Tied to one thread; tests have one of their own.
class TcpObserver {
 public:
  TcpObserver() = default;
  virtual ~TcpObserver() = default;
  TcpObserver(const TcpObserver&) = delete;
  TcpObserver& operator=(const TcpObserver&) = delete;

  /// Two system calls, and a descriptor for the first time, which stays.
  [[nodiscard]] virtual TcpLook look(const TcpIdentity& connection, const base::Endpoint& peer);
  /// Is the other end of a connection, of which `peer` is the address and `local` that of this end, on this machine and in
  /// this network, and closed by all who had it? False when that cannot be told. Two system calls.
  [[nodiscard]] virtual bool abandoned(const base::Endpoint& peer, const base::Endpoint& local);
  /// All connections of this machine's network whose local end has that port. Goes through the kernel's whole table, for
  /// what identify_tcp() was not called for in time. What cannot be had is missing.
  [[nodiscard]] virtual std::vector<TcpConnection> connections_at(std::uint16_t port);

 private:
  [[nodiscard]] bool send(const void* message, std::size_t length);
  /// Of the answer to the last question; below 0: errno is set.
  [[nodiscard]] std::ptrdiff_t receive(void* to, std::size_t most);

  base::Fd link_;
  std::uint32_t question_ = 0;
};

}  // namespace xsuperd::net
