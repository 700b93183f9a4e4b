// SPDX-License-Identifier: MIT
// What a server is told of its connection (conn_env, expand). Internal to service.
#pragma once
#include <memory>
#include <string>

#include "xsuperd/config/model.hpp"
#include "xsuperd/service/session.hpp"
#include "xsuperd/spawn/spawner.hpp"

namespace xsuperd::service {

/// What is known of a connection when its server is started, from the kernel or, through a proxy, from that.
struct ConnectionFacts {
  Token token = 0;
  base::Endpoint peer;
  base::Endpoint local;    ///< our end; unknown for a UNIX socket
  std::string local_name;  ///< its path, or '@' and its abstract name
  base::Endpoint proxy{};  ///< unknown: none
  net::ProxyWords proxy_words{};
  std::shared_ptr<const tls::Words> words{};  ///< null: without TLS
};

/// Does the service want its servers told anything but REMOTE_HOST?
[[nodiscard]] bool tells_of_connections(const config::Service& service);
/// Asks the kernel for our end of the connection, if the service tells of it and no proxy has said what the client called.
[[nodiscard]] ConnectionFacts facts_of(const config::Service& service, Token token, const SessionFacts& session, int connection);
/// The words for its server. Pure.
[[nodiscard]] spawn::OwnWords own_words(const config::Service& service, const ConnectionFacts& facts);

}  // namespace xsuperd::service
