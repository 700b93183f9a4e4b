// SPDX-License-Identifier: MIT
// The rows of attributes about who stands between: proxies in front of a service, and targets behind it. Sorted by name, and
// merged into the table in attributes.cpp. Internal to config.
#pragma once
#include <array>

#include "config/row.hpp"
#include "config/xinetd_reading.hpp"

namespace xsuperd::config {

inline constexpr std::array passing_rows{
    attr<&Settings::proxy_from>({.name = "proxy_from", .where = Where::both, .operators = Operators::list, .least = 0, .most = -1,
        .synopsis = "ADDRESS ...", .initial = "nobody", .example = "proxy_from = 192.0.2.10 2001:db8:1::/64",
        .text = "Peers that are proxies: each of their connections must begin with a header of the PROXY protocol, version 1 or 2, "
                "and from there on the client that it names counts as the peer. Addresses and networks only; see Address forms. "
                "What others begin with is not looked at. For stream services with wait = no. See Behind a proxy.",
        .difference = "Not in xinetd.", .without = Without::more, .parse = values::proxy_from,
        .concerns = concerning::proxied, .xinetd = {.instead = "servers read the proxy's header, and the proxy is the peer"}}),
    attr<&Settings::proxy_timeout>({.name = "proxy_timeout", .where = Where::both, .synopsis = "TIME", .initial = "5",
        .example = "proxy_timeout = 10",
        .text = "How long a peer in proxy_from may take for its header, until it is refused with the reason proxy.",
        .difference = "Not in xinetd.", .without = Without::more, .wrong = "proxy_timeout is invalid: {}",
        .hint = "expected a time of up to an hour, as in '5' or '1m'", .parse = values::seconds<&Settings::proxy_timeout, 1, 3600>,
        .concerns = concerning::proxied, .xinetd = {.instead = "nobody waits for a header"}}),
    attr<&Settings::real_peer>({.name = "real_peer", .where = Where::both, .synopsis = "yes|no", .initial = "no", .example = "real_peer = yes",
        .text = "With yes, a server whose client came through a proxy gets a socket whose peer is that client, "
                "and whose own address is the one that the client called; a worker passes on the bytes. It needs CAP_SYS_ADMIN: "
                "without it such a server gets a UNIX socket. See Behind a proxy.",
        .difference = "Not in xinetd.", .without = Without::more, .wrong = "Bad value for real_peer: {}", .parse = values::flag<&Settings::real_peer>,
        .concerns = concerning::connections, .xinetd = {.instead = "to servers the proxy is the peer"}}),
    attr<&Settings::redirect>({.name = "redirect", .most = 2, .synopsis = "HOST PORT|unix:PATH",
        .initial = "none", .example = "redirect = 192.0.2.10 80",
        .text = "Relays each connection to that host and port, or to a UNIX socket, unix:PATH or unix:@NAME, instead of "
                "starting a server; see Redirection. As long as a host name has no address, the service stays closed. The "
                "port may be a name from /etc/services. For stream services with wait = no only.",
        .difference = "When one direction ends, the other stays open. xinetd knows no UNIX sockets.",
        .without = Without::more, .parse = values::redirect, .xinetd = {.reads = by_xinetd::redirect}}),
    attr<&Settings::redirect_proxy>({.name = "redirect_proxy", .where = Where::both, .synopsis = "no|v1|v2", .initial = "no",
        .example = "redirect_proxy = v2",
        .text = "With v1 or v2, what a target of redirect is sent first is a header of the PROXY protocol in that version, "
                "which names the client and the address that it called. See Redirection.",
        .difference = "Not in xinetd.", .without = Without::more, .wrong = "Bad choice for redirect_proxy: {}",
        .parse = values::word<&Settings::redirect_proxy>, .concerns = concerning::relays,
        .xinetd = {.instead = "targets get no header, and this host is their peer"}}),
    attr<&Settings::redirect_tls>({.name = "redirect_tls", .where = Where::both, .most = 2, .synopsis = "no|yes|verify [FILE]", .initial = "no",
        .example = "redirect_tls = verify",
        .text = "With yes, the target of redirect is spoken to in TLS, whoever it is; it is asked for by the name of its host (SNI). "
                "With verify, it must have a certificate with that name, or address, which one of the authorities in FILE has signed, "
                "or without FILE one of those that the system trusts, /etc/ssl/certs/ca-certificates.crt. Nothing is sent to a "
                "target with which this fails. See TLS.",
        .difference = "Not in xinetd.", .without = Without::more,
        .wrong = "Bad choice for redirect_tls: {}", .hint = "write no, yes, verify, or verify FILE", .parse = values::redirect_tls,
        .concerns = concerning::redirected, .xinetd = {.instead = "the target gets everything in plain text"}}),
};

}  // namespace xsuperd::config
