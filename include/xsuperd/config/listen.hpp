// SPDX-License-Identifier: MIT
#pragma once
#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>

#include "xsuperd/base/address.hpp"
#include "xsuperd/config/diagnostic.hpp"

/// Where a service listens, and with what options. Values; nothing here changes after the loader has built it.
namespace xsuperd::config {

enum class SocketType : std::uint8_t { stream, dgram, raw, seqpacket };

struct Protocol {
  std::string name;
  int number = 0;
  bool operator==(const Protocol&) const = default;
};

/// A network and the ports of it for which one socket answers (`any:`).
struct PortRange {
  base::Address network;  ///< host bits zero
  int prefix = 0;
  std::uint16_t first = 0;  ///< 1..65535
  std::uint16_t last = 0;   ///< not below `first`
  bool operator==(const PortRange&) const = default;
  /// Does it contain that place?
  [[nodiscard]] bool contains(const base::Endpoint& at) const;
  [[nodiscard]] bool overlaps(const PortRange& other) const;
  /// "203.0.113.0/24:1-1024".
  [[nodiscard]] std::string text() const;
};

/// A place for virtual machines (vsock(7)).
struct VsockPlace {
  static constexpr std::uint32_t any = 0xffffffff;
  std::uint32_t cid = any;  ///< the context id to bind to; `any`: all that this machine has
  std::uint32_t port = 0;
  bool operator==(const VsockPlace&) const = default;
};

/// One element of listen, ours: a place, as it is written.
struct ListenElement {
  enum class Kind : std::uint8_t {
    tcp,
    udp,
    local,      ///< a UNIX socket
    vsock,
    activated,  ///< a service manager's, by its name
    range,      ///< `any:`
  };
  Kind kind = Kind::tcp;
  base::Endpoint at;  ///< tcp, udp; an unknown address stands for all
  PortRange range;    ///< range
  VsockPlace vsock;   ///< vsock
  std::string name;   ///< local: the path, or '@' and an abstract name; activated: the socket's name
  std::string text;   ///< as written
  Place place;        ///< where it was written
  /// Equal in meaning; text and place do not count.
  bool operator==(const ListenElement& other) const {
    return kind == other.kind && at == other.at && range == other.range && vsock == other.vsock && name == other.name;
  }
};

/// keepalive, ours (tcp(7)).
struct KeepaliveTimes {
  std::uint32_t idle = 0;      ///< seconds without a byte before the first probe
  std::uint32_t interval = 0;  ///< seconds between probes
  std::uint32_t count = 0;     ///< probes without an answer that end a connection
  bool operator==(const KeepaliveTimes&) const = default;
};

/// What a service wants of its sockets, besides what xinetd has flags for. Ours.
struct SocketOptions {
  std::string device;                               ///< bind_device: the name of an interface; empty: any
  bool freebind = false;                            ///< bind to an address that this host does not have yet
  bool mptcp = false;                               ///< multipath TCP for those who ask for it
  std::optional<std::uint32_t> defer_accept;        ///< seconds
  std::optional<KeepaliveTimes> keepalive;
  std::optional<std::uint32_t> receive_buffer;      ///< bytes
  std::optional<std::uint32_t> send_buffer;         ///< bytes
  std::optional<std::uint8_t> tos;
  std::optional<std::uint32_t> mark;
  mode_t mode = 0666;                               ///< of a UNIX socket's file
  std::optional<uid_t> owner;                       ///< of the same
  std::optional<gid_t> group;
  bool operator==(const SocketOptions&) const = default;
};

/// The socket that a service waits on. Two services with equal endpoints can share the open socket over a reload.
struct ListenSpec {
  enum class Kind : std::uint8_t { ip, local, vsock, activated, range };
  Kind kind = Kind::ip;
  SocketType socket_type = SocketType::stream;
  Protocol protocol;
  bool ipv6 = true;             ///< ip: AF_INET6, else AF_INET
  bool fallback_to_ipv4 = true; ///< when the system has no IPv6 (fact B3.48)
  bool v6only = false;
  base::Endpoint at;            ///< ip; unknown address: all
  bool nodelay = false;
  bool keepalive = false;
  std::optional<int> backlog;
  bool shared_port = false;  ///< two sockets of ours will share the port (net::open_beside)
  /// Another service of ours has single addresses of this port, or all of them (decision B15.33).
  bool beside = false;
  PortRange range;        ///< range
  VsockPlace vsock;       ///< vsock
  std::string name;       ///< as in ListenElement
  SocketOptions options;
  bool operator==(const ListenSpec&) const = default;
  /// An IP socket, whoever has made it.
  [[nodiscard]] bool is_ip() const { return kind == Kind::ip || kind == Kind::range; }
  /// Of a UNIX socket: does it have a file?
  [[nodiscard]] bool has_path() const { return kind == Kind::local && !name.starts_with('@'); }
  /// Can peers of that family come in at all? Mapped addresses count as IPv4. Of a service manager's socket nobody knows of
  /// which family it is before it is there: all may.
  [[nodiscard]] bool reached_from(base::Address::Family family) const;
  /// Is it the same place? What an open socket there does not have to be given up for does not count.
  [[nodiscard]] bool same_place(const ListenSpec& other) const;
  /// Can a socket opened for `other` serve for this one too? Options that change on an open socket do not count.
  [[nodiscard]] bool same_socket(const ListenSpec& other) const;
};

/// "tcp:192.0.2.1:21", "tcp:[::1]:21", "unix:/run/x.sock", "vsock:any:99", "fd:web", "any:203.0.113.0/24:1-1024": how an
/// element of listen says it, also for a place that port and bind have given.
[[nodiscard]] std::string element_text(const ListenSpec& spec);

}  // namespace xsuperd::config
