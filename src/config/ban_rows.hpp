// SPDX-License-Identifier: MIT
// The rows of attributes about bans: sorted by name, and merged into the table in attributes.cpp. Internal to config.
#pragma once
#include <array>

#include "config/row.hpp"
#include "config/xinetd_reading.hpp"

namespace xsuperd::config {

inline constexpr std::array ban_rows{
    attr<&Settings::ban_crowdsec>({.name = "ban_crowdsec", .where = Where::defaults, .least = 2, .most = 2, .synopsis = "URL KEYFILE",
        .initial = "none", .example = "ban_crowdsec = http://127.0.0.1:8080 /etc/xsuperd/crowdsec-key",
        .text = "Bans whom CrowdSec has decided to ban: its Local API at this URL is asked every ten seconds. The first line of the file is "
                "the key of a bouncer, and is read each time that the Local API is connected to. See Bans by CrowdSec.",
        .difference = "Not in xinetd.", .without = Without::more, .parse = values::ban_crowdsec,
        .xinetd = {.instead = "nobody is kept out because CrowdSec says so"}}),
    attr<&Settings::ban_crowdsec_ca>({.name = "ban_crowdsec_ca", .where = Where::defaults, .synopsis = "FILE",
        .initial = "/etc/ssl/certs/ca-certificates.crt", .example = "ban_crowdsec_ca = /etc/xsuperd/lapi-ca.pem",
        .text = "Who is trusted to have signed the certificate of the Local API of ban_crowdsec, in PEM; it must be for the host that is "
                "named there. It is read each time that the Local API is connected to.",
        .difference = "Not in xinetd.", .without = Without::more,
        .wrong = "ban_crowdsec_ca is not an absolute path: {}", .parse = values::path<&Settings::ban_crowdsec_ca>}),
    attr<&Settings::ban_exempt>({.name = "ban_exempt", .where = Where::both, .operators = Operators::list, .least = 0, .most = -1,
        .synopsis = "ADDRESS ...", .initial = "what limit_exempt says", .example = "ban_exempt = 192.0.2.0/24",
        .text = "Peers that are never banned for what they do here, and that the service serves whoever has banned them. "
                "Addresses and networks only; see Address forms.",
        .difference = "Not in xinetd.", .without = Without::more, .parse = values::ban_exempt, .xinetd = {.stricter = true}}),
    attr<&Settings::ban_file>({.name = "ban_file", .where = Where::defaults, .synopsis = "FILE", .initial = "none",
        .example = "ban_file = /var/lib/xsuperd/bans",
        .text = "Keeps bans while the daemon does not run: each is added to the file, which is read when the daemon starts. See "
                "Bans.",
        .difference = "Not in xinetd.", .without = Without::more, .parse = values::text<&Settings::ban_file>,
        .xinetd = {.instead = "those whom a SENSOR service has recorded are forgotten when xinetd ends"}}),
    attr<&Settings::ban_limit>({.name = "ban_limit", .where = Where::defaults, .synopsis = "NUMBER", .initial = "1000000",
        .example = "ban_limit = 100000",
        .text = "How many peers and networks may be banned at a time, 1 to 8000000; each takes up to 150 bytes of memory. Beyond that number the "
                "one goes whose last offence is oldest, and one that an administrator has banned only if there are no others.",
        .difference = "Not in xinetd, which has no limit.", .wrong = "ban_limit is invalid: {}",
        .hint = "expected a number from 1 to 8000000", .parse = values::number<&Settings::ban_limit, 1, greatest_ban_limit>}),
    attr<&Settings::ban_nft>({.name = "ban_nft", .where = Where::defaults, .least = 3, .most = 3, .synopsis = "FAMILY TABLE SET",
        .initial = "none", .example = "ban_nft = inet xsuperd banned",
        .text = "Keeps the bans in sets of nftables, so that a rule of the firewall can drop what banned peers send: SET and SET6 have "
                "addresses, SET_net and SET6_net networks. See Bans in the firewall.",
        .difference = "Not in xinetd.", .parse = values::ban_nft,
        .xinetd = {.instead = "no firewall is told of those whom a SENSOR service has recorded"}}),
    attr<&Settings::ban_on>({.name = "ban_on", .where = Where::both, .operators = Operators::list, .most = -1,
        .synopsis = "CAUSE[:NUMBER/TIME] ...", .initial = "none", .example = "ban_on = refused:10/1m exit:77",
        .text = "For what a peer is banned from all services: refused, exit (any status but 0), exit:STATUS, signal, timeout (of a "
                "time limit), once or so many times within a time; penalty:TIME, when its penalties have reached that; and "
                "sensor, when it has touched this SENSOR service. See Bans.",
        .difference = "Not in xinetd.", .without = Without::more, .parse = values::ban_on,
        .concerns = concerning::known_requests, .xinetd = {.instead = "only services with the flag SENSOR record peers"}}),
    attr<&Settings::ban_prefix>({.name = "ban_prefix", .where = Where::both, .least = 2, .most = 2, .synopsis = "LEN4 LEN6",
        .initial = "what source_prefix says", .example = "ban_prefix = 24 64",
        .text = "How many bits of an IPv4 and of an IPv6 address are banned for what one peer does here.",
        .difference = "Not in xinetd.", .without = Without::more, .parse = values::ban_prefix,
        .concerns = concerning::known_requests}),
    attr<&Settings::ban_share>({.name = "ban_share", .where = Where::defaults, .operators = Operators::list, .most = -1,
        .synopsis = "redis:unix:PATH|redis://[USER@]HOST[:PORT][/DB] | sentinel://[USER@]HOST[:PORT]/NAME[/DB] ...", .initial = "none", .example = "ban_share = redis:unix:/run/redis/redis.sock",
        .text = "Shares bans with other hosts through Redis or Valkey: what this host bans is put there, and what others have put there is "
                "in force here. Of several addresses, up to 16, the first that has the primary is used; a Sentinel is asked where the primary NAME "
                "is. With rediss:// the store, and with sentinels:// both are spoken to through TLS. See Bans of a fleet.",
        .difference = "Not in xinetd.", .without = Without::more, .parse = values::ban_share,
        .xinetd = {.instead = "each host knows those alone whom its own SENSOR services have recorded"}}),
    attr<&Settings::ban_share_ca>({.name = "ban_share_ca", .where = Where::defaults, .synopsis = "FILE",
        .initial = "/etc/ssl/certs/ca-certificates.crt", .example = "ban_share_ca = /etc/xsuperd/store-ca.pem",
        .text = "Who is trusted to have signed the certificate of the store of ban_share, in PEM; it must be for the host that is named "
                "there. With sentinels:// that is so for the Sentinel, and the certificate of the primary must be for its IP address. It is read each time that the store is connected to.",
        .difference = "Not in xinetd.", .without = Without::more,
        .wrong = "ban_share_ca is not an absolute path: {}", .parse = values::path<&Settings::ban_share_ca>}),
    attr<&Settings::ban_share_password>({.name = "ban_share_password", .where = Where::defaults, .synopsis = "FILE", .initial = "none",
        .example = "ban_share_password = /etc/xsuperd/store-password",
        .text = "The first line of this file is the password for the store of ban_share. The second line, if there is one, is the password for "
                "its Sentinels. It is read each time that either is connected to.",
        .difference = "Not in xinetd.", .without = Without::more,
        .wrong = "ban_share_password is not an absolute path: {}", .parse = values::path<&Settings::ban_share_password>}),
    attr<&Settings::ban_time>({.name = "ban_time", .where = Where::both, .least = 1, .most = 3, .synopsis = "FIRST [xFACTOR GREATEST]",
        .initial = "10m x2 1d", .example = "ban_time = 30m x4 7d",
        .text = "How long a ban by ban_on lasts. Each further ban of the same peer or network takes FACTOR times as long as the "
                "one before, up to GREATEST, until it has not been banned for as long as GREATEST.",
        .difference = "Not in xinetd.", .without = Without::more, .parse = values::ban_time,
        .concerns = concerning::known_requests}),
};

}  // namespace xsuperd::config
