// SPDX-License-Identifier: MIT
// How a relay tells its target who comes (redirect_proxy). Internal to service.
#pragma once
#include <string>

#include "xsuperd/config/model.hpp"
#include "xsuperd/service/session.hpp"

namespace xsuperd::service {

/// The header of the PROXY protocol in front of what the session's peer sends; empty for RedirectProxy::no. `called`: the address
/// that the peer has called. Version 2 also tells what is known of its TLS, here or at a proxy before us: words that would
/// make it longer than what we take ourselves are left out. A peer without an IP address is UNKNOWN, or unspecified. Pure.
[[nodiscard]] std::string proxy_greeting(config::RedirectProxy version, const Session& session, const base::Endpoint& called);

/// What a proxy before us would have told of a TLS handshake.
[[nodiscard]] net::ProxyWords words_of_handshake(const tls::Words& words);

}  // namespace xsuperd::service
