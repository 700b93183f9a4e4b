// SPDX-License-Identifier: MIT
// Rules about TLS, for rules.cpp. Internal to config.
#pragma once
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>

#include "config/rules.hpp"
#include "xsuperd/config/attribute.hpp"

namespace xsuperd::config {

namespace tls_rules {

using S = const Service&;

/// Does a line of the entry itself say it? What comes from the defaults is for those services that can have it.
inline bool says(S s, std::string_view attribute) {
  return std::ranges::any_of(s.settings.origins.lines(), [&](const Origins::Line& line) { return attributes()[line.row].name == attribute; });
}

inline constexpr std::string_view parts[]{"tls_cert", "tls_key", "tls_sni", "tls_sni_strict", "tls_client_ca", "tls_client_crl", "tls_client_cert",
                                          "only_cert", "tls_versions", "tls_ciphers", "tls_alpn", "tls_timeout", "tls_handover"};
/// The first line about TLS of an entry that says neither yes nor no; empty: none.
inline std::string_view forgotten(S s) {
  const auto found = s.settings.tls ? std::end(parts) : std::ranges::find_if(parts, [&](std::string_view part) { return says(s, part) && !(part == "tls_timeout" && calls_with_tls(s)); });
  return found == std::end(parts) ? std::string_view() : *found;
}
inline bool asks_peers(S s) { return client_certificate(s) != ClientCertificate::no; }

inline constexpr std::array table{
    Rule{Level::error, [](S s) { return !forgotten(s).empty(); },
     [](S s) { return fmt::format("Service {} has {}, and does not say whether it wants TLS", s.id, forgotten(s)); }, {},
     [](S) -> std::string { return "write 'tls = yes', or 'tls = no' for plain text"; }},
    Rule{Level::error, [](S s) { return s.tls() && s.listen.socket_type != SocketType::stream; },
     [](S s) { return fmt::format("Service {}: tls is for stream sockets", s.id); }, "tls"},
    Rule{Level::error, [](S s) { return s.tls() && s.wait; },
     [](S s) { return fmt::format("Service {}: a server with wait = yes accepts for itself, and would speak without TLS", s.id); }, "tls",
     [](S) -> std::string { return "write 'wait = no'"; }},
    Rule{Level::error, [](S s) { return s.tls() && s.kind == Kind::tcpmux; },
     [](S s) { return fmt::format("Service {}: what is reached through tcpmux has the TLS of the service tcpmux", s.id); }, "tls"},
    Rule{Level::error, [](S s) { return s.tls() && s.kind == Kind::sensor; },
     [](S s) { return fmt::format("Service {}: a SENSOR answers nobody, and needs no TLS", s.id); }, "tls"},
    Rule{Level::error, [](S s) { return s.tls() && s.settings.tls_handover == TlsHandover::kernel; },
     [](S s) { return fmt::format("Service {}: tls_handover = kernel is not built", s.id); }, "tls_handover",
     [](S) -> std::string { return "write 'tls_handover = relay'"; }},
    Rule{Level::error, [](S s) { return says(s, "redirect_tls") && s.relays_locally() && s.settings.redirect_tls->kind != RedirectTls::Kind::no; },
     [](S s) { return fmt::format("Service {}: redirect_tls is for targets that have a host name or an address", s.id); }, "redirect_tls"},
    Rule{Level::warning, [](S s) { return says(s, "redirect_tls") && s.kind != Kind::redirect; },
     [](S s) { return fmt::format("redirect_tls has no effect: service {} has no redirect", s.id); }, "redirect_tls"},
    Rule{Level::error, [](S s) { return s.tls() && s.is(Type::rpc); },
     [](S s) { return fmt::format("Service {}: RPC has no TLS", s.id); }, "tls"},
    Rule{Level::error, [](S s) { return s.tls() && s.has(Flag::labeled); },
     [](S s) { return fmt::format("Service {}: LABELED needs the connection itself, which with TLS a worker has", s.id); }, "tls"},
    Rule{Level::error, [](S s) { return s.tls() && !s.settings.tls_cert; },
     [](S s) { return fmt::format("Service {} missing attribute tls_cert - DISABLING", s.id); }, "tls",
     [](S) -> std::string { return "tls_cert = FILE is the certificate that peers are shown"; }},
    Rule{Level::error, [](S s) { return s.tls() && asks_peers(s) && !s.settings.tls_client_ca; },
     [](S s) { return fmt::format("Service {} missing attribute tls_client_ca - DISABLING: nobody could say which certificates are good", s.id); },
     "tls_client_cert"},
    Rule{Level::error, [](S s) { return !s.tls() && s.settings.tls && (says(s, "only_cert") || (says(s, "tls_client_cert") && asks_peers(s))); },
     [](S s) { return fmt::format("Service {} asks for certificates of peers, and speaks without TLS", s.id); }, "tls",
     [](S s) -> std::string { return s.kind == Kind::tcpmux ? "write it in the entry of the service tcpmux" : "write 'tls = yes'"; }},
    Rule{Level::error, [](S s) { return s.tls() && s.settings.only_cert && s.settings.tls_client_cert && *s.settings.tls_client_cert != ClientCertificate::required; },
     [](S s) { return fmt::format("Service {}: only_cert needs 'tls_client_cert = required'", s.id); }, "tls_client_cert"},
    Rule{Level::error, [](S s) { return s.tls() && !asks_peers(s) && !s.settings.tls_client_cert && (says(s, "tls_client_ca") || says(s, "tls_client_crl")); },
     [](S s) { return fmt::format("Service {} has an authority for certificates of peers, and asks for none", s.id); }, "tls_client_ca",
     [](S) -> std::string { return "write 'tls_client_cert = required', or optional"; }},
    Rule{Level::error, [](S s) { return s.tls() && (says(s, "banner") || says(s, "banner_fail")); },
     [](S s) { return fmt::format("Service {}: banner and banner_fail would be sent before TLS has begun", s.id); }, "banner",
     [](S) -> std::string { return "banner_success is sent through it"; }},
};

}  // namespace tls_rules

}  // namespace xsuperd::config
