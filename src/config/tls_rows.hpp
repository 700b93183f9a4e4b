// SPDX-License-Identifier: MIT
// The rows of attributes about TLS: sorted by name, and merged into the table in attributes.cpp. Internal to config.
#pragma once
#include <array>

#include "config/row.hpp"

namespace xsuperd::config {

inline constexpr std::array tls_rows{
    attr<&Settings::only_cert>({.name = "only_cert", .where = Where::both, .operators = Operators::list, .most = -1,
        .synopsis = "cn:TEXT|san:TEXT|sha256:HEX ...", .initial = "everybody whom tls_client_ca has signed", .example = "only_cert = san:backup.example.org",
        .text = "Of those whose certificate is good, these are served: cn: is the common name, letter for letter, san: one of the "
                "alternative names, and sha256: the digest of the whole certificate. Others are refused with the reason certificate. "
                "A name with a blank in it cannot be written; its digest can. See TLS.",
        .difference = "Not in xinetd.", .without = Without::more,
        .wrong = "'{}' names no certificate", .hint = "write cn:NAME, san:NAME, or sha256: and 64 hexadecimal digits", .parse = values::only_cert}),
    attr<&Settings::tls>({.name = "tls", .synopsis = "yes|no", .initial = "no", .example = "tls = no",
        .text = "With yes, connections begin with TLS, and the server gets what is said in the clear. For stream services with "
                "wait = no. Needs tls_cert. See TLS.",
        .difference = "Not in xinetd.", .without = Without::more,
        .wrong = "Bad value for tls: {}", .parse = values::flag<&Settings::tls>,
        .xinetd = {.instead = "peers are served in plain text"}}),
    attr<&Settings::tls_alpn>({.name = "tls_alpn", .where = Where::both, .operators = Operators::list, .most = -1, .synopsis = "PROTOCOL ...",
        .initial = "nobody is asked", .example = "tls_alpn = imap",
        .text = "Protocols that may be agreed on (ALPN), the most wanted first. A peer that asks for others only is refused; one "
                "that asks for none is served.",
        .difference = "Not in xinetd.", .without = Without::more,
        .wrong = "'{}' is not the name of a protocol", .hint = "a name has at most 255 bytes", .parse = values::tls_alpn}),
    attr<&Settings::tls_cert>({.name = "tls_cert", .where = Where::both, .synopsis = "FILE", .initial = "required with tls = yes",
        .example = "tls_cert = /etc/xsuperd/tls/cert.pem",
        .text = "The certificate that peers are shown, in PEM, with those of its issuers behind it. It is read when the configuration is.",
        .difference = "Not in xinetd.", .without = Without::more,
        .wrong = "tls_cert is not an absolute path: {}", .parse = values::path<&Settings::tls_cert>}),
    attr<&Settings::tls_ciphers>({.name = "tls_ciphers", .where = Where::both, .operators = Operators::list, .most = -1, .synopsis = "CIPHER ...",
        .initial = "those of OpenSSL, as the system sets them", .example = "tls_ciphers = ECDHE+AESGCM TLS_AES_128_GCM_SHA256",
        .text = "Which ciphers may be used, in the words of openssl-ciphers(1ssl). Names that begin with TLS_ are those of TLS 1.3; "
                "without such a name all of these may be used, and without others all older ones.",
        .difference = "Not in xinetd.", .without = Without::more, .parse = values::tls_ciphers}),
    attr<&Settings::tls_client_ca>({.name = "tls_client_ca", .where = Where::both, .synopsis = "FILE", .initial = "none",
        .example = "tls_client_ca = /etc/xsuperd/tls/clients.pem",
        .text = "The certificates that are trusted to have signed those of peers, in PEM. Needed with tls_client_cert and only_cert.",
        .difference = "Not in xinetd.", .without = Without::more,
        .wrong = "tls_client_ca is not an absolute path: {}", .parse = values::path<&Settings::tls_client_ca>}),
    attr<&Settings::tls_client_cert>({.name = "tls_client_cert", .where = Where::both, .synopsis = "no|optional|required",
        .initial = "no; required with only_cert", .example = "tls_client_cert = no",
        .text = "Whether peers are asked for a certificate. With optional, those without one are served; with required they are "
                "refused with the reason certificate, as is everybody whose certificate is not good.",
        .difference = "Not in xinetd.", .without = Without::more,
        .wrong = "Bad choice for tls_client_cert: {}", .parse = values::word<&Settings::tls_client_cert>}),
    attr<&Settings::tls_client_crl>({.name = "tls_client_crl", .where = Where::both, .synopsis = "FILE", .initial = "none",
        .example = "tls_client_crl = /etc/xsuperd/tls/revoked.pem",
        .text = "Which certificates of peers have been revoked, in PEM: a list of the issuer of each.",
        .difference = "Not in xinetd.", .without = Without::more,
        .wrong = "tls_client_crl is not an absolute path: {}", .parse = values::path<&Settings::tls_client_crl>}),
    attr<&Settings::tls_handover>({.name = "tls_handover", .where = Where::both, .synopsis = "relay|kernel", .initial = "relay",
        .example = "tls_handover = relay",
        .text = "What a server gets: with relay, one end of a pair of sockets, between which and the peer a worker passes bytes. "
                "kernel, with which the kernel would speak TLS in the connection itself, is not built and refused.",
        .difference = "Not in xinetd.", .without = Without::more,
        .wrong = "Bad choice for tls_handover: {}", .parse = values::word<&Settings::tls_handover>}),
    attr<&Settings::tls_key>({.name = "tls_key", .where = Where::both, .synopsis = "FILE", .initial = "in the file of tls_cert",
        .example = "tls_key = /etc/xsuperd/tls/key.pem",
        .text = "The private key of tls_cert, in PEM and without a passphrase.",
        .difference = "Not in xinetd.", .without = Without::more,
        .wrong = "tls_key is not an absolute path: {}", .parse = values::path<&Settings::tls_key>}),
    attr<&Settings::tls_sni>({.name = "tls_sni", .where = Where::both, .operators = Operators::append, .least = 2, .most = -1,
        .synopsis = "NAME FILE [FILE] ...", .initial = "none", .example = "tls_sni = www.example.org /etc/xsuperd/tls/www.pem",
        .text = "Other certificates for peers that ask for a name (SNI): the name, the certificate and its key, which may be in "
                "the same file. A name may begin with *., for one label.",
        .difference = "Not in xinetd.", .without = Without::more, .parse = values::tls_sni}),
    attr<&Settings::tls_sni_strict>({.name = "tls_sni_strict", .where = Where::both, .synopsis = "yes|no", .initial = "no",
        .example = "tls_sni_strict = yes",
        .text = "With yes, a peer that asks for a name which no certificate of the service has is refused; else it is shown tls_cert.",
        .difference = "Not in xinetd.", .without = Without::more,
        .wrong = "Bad value for tls_sni_strict: {}", .parse = values::flag<&Settings::tls_sni_strict>}),
    attr<&Settings::tls_timeout>({.name = "tls_timeout", .where = Where::both, .synopsis = "TIME", .initial = "10",
        .example = "tls_timeout = 5s",
        .text = "How long a peer may take for the handshake; then it is refused with the reason tls.",
        .difference = "Not in xinetd.", .without = Without::more,
        .wrong = "tls_timeout is invalid: {}", .hint = "expected a time of up to an hour, as in '10', '10s' or '1m'",
        .parse = values::seconds<&Settings::tls_timeout, 1, 3600>}),
    attr<&Settings::tls_versions>({.name = "tls_versions", .where = Where::both, .synopsis = "1.2|1.3|1.2-1.3", .initial = "1.2-1.3",
        .example = "tls_versions = 1.3",
        .text = "The versions of TLS that are spoken.",
        .difference = "Not in xinetd.", .without = Without::more,
        .wrong = "'{}' is not a version of TLS that is spoken here", .hint = "write 1.2, 1.3 or 1.2-1.3", .parse = values::tls_versions}),
};

}  // namespace xsuperd::config
