// SPDX-License-Identifier: MIT
#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

/// What a server is told of its connection: variables (conn_env) and arguments (expand). Both ours. Which facts are wanted is
/// found out when the configuration is loaded; service/ fills them in for each connection. Pure; any thread.
namespace xsuperd::config {

/// conn_env, ours: which variables tell a server about its connection.
enum class ConnEnv : std::uint8_t {
  xinetd,  ///< REMOTE_HOST
  ucspi,   ///< PROTO, TCPREMOTEIP and so on
  all,     ///< these, and REMOTE_ADDR, LOCAL_ADDR, CONNECTION_ID and so on
};

/// Something that may be known of a connection. IPv4-mapped addresses count as IPv4, except in remote_host.
enum class Fact : std::uint8_t {
  remote_addr,    ///< an address, or as base::Address::text() has it; the context id by vsock
  remote_port,
  local_addr,     ///< the same; of a UNIX socket its path, or '@' and its abstract name
  local_port,
  remote_host,    ///< what REMOTE_HOST says (fact B6.17)
  remote_uid,
  remote_gid,
  remote_pid,
  connection_id,  ///< the number of the session
  service,        ///< its id
  protocol,       ///< TCP, TCP6, UNIX, VSOCK: the word of PROTO
  remote_ip,      ///< the address without the interface of a link-local one
  local_ip,
  interface,      ///< of a link-local address
  proxy_addr,     ///< of the proxy that the client came through
  proxy_port,
  proxy_sni,      ///< this one and all that follow: what the proxy tells of the client, as net::ProxyWord::Fact
  proxy_alpn,
  proxy_unique_id,
  proxy_tls_version,
  proxy_tls_cipher,
  proxy_tls_verified,
  proxy_tls_cn,
  proxy_tls_signature,
  proxy_tls_key,
  tls_protocol,        ///< with TLS: what was agreed on (tls::Words)
  tls_cipher,
  tls_name,
  tls_alpn,
  tls_resumed,         ///< 1 or 0
  tls_client_subject,  ///< of a peer's certificate (tls::Certificate)
  tls_client_names,    ///< with blanks between them, as many as go into longest_names bytes
  tls_client_issuer,
  tls_client_serial,
  tls_client_sha256,
};

/// Bytes of the value of Fact::tls_client_names.
inline constexpr std::size_t longest_names = 4096;

/// A word of server_args, taken apart.
struct ArgumentPattern {
  struct Piece {
    std::string text;          ///< goes before the fact
    std::optional<Fact> fact;  ///< none: only text
    bool operator==(const Piece&) const = default;
  };
  std::vector<Piece> pieces;
  bool operator==(const ArgumentPattern&) const = default;
};
/// Why a word is none.
struct PatternFault {
  std::size_t at = 0;  ///< the index of its per cent sign
  std::string sentence;
  std::string hint;
};
/// %{NAME} is a fact, %% a per cent sign; any other per cent sign is a fault.
[[nodiscard]] std::variant<ArgumentPattern, PatternFault> parse_pattern(std::string_view word);
/// Does one of them say something of our end of the connection?
[[nodiscard]] bool ask_local_end(const std::vector<ArgumentPattern>& patterns);

/// A variable that conn_env may set.
struct ConnectionVariable {
  /// The connections that have it.
  enum class Of : std::uint8_t {
    any,
    ports,       ///< IP and vsock
    tcp,         ///< TCP over IPv4 or IPv6
    tcp6,        ///< TCP over IPv6
    link_local,  ///< of those the ones by a link-local address
    local,       ///< UNIX sockets
    proxied,     ///< those through a proxy of proxy_from
    tls,         ///< those with TLS
    certified,   ///< of these, the ones whose peer has a certificate
  };
  std::string_view name;
  ConnEnv least;  ///< ucspi: `all` has it too; xinetd: nothing sets it, but it would belong to another connection
  Of of = Of::any;
  Fact fact = Fact::service;
};
/// In the order in which servers get them.
[[nodiscard]] std::span<const ConnectionVariable> connection_variables();

/// The indices of the variables that `which` gives a server, without those that `env`, of NAME=VALUE, sets.
[[nodiscard]] std::vector<std::uint8_t> variables_for(ConnEnv which, const std::vector<std::string>& env);
/// Is a variable NAME=VALUE one of these, which must not come from the daemon's own environment?
[[nodiscard]] bool tells_of_connection(std::string_view variable);

}  // namespace xsuperd::config
