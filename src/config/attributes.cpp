// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "config/ban_rows.hpp"
#include "config/box_rows.hpp"
#include "config/confinement_rows.hpp"
#include "config/fleet_rows.hpp"
#include "config/passing_rows.hpp"
#include "config/tls_rows.hpp"
#include "config/xinetd_reading.hpp"

namespace xsuperd::config {

namespace {

constexpr auto both = Where::both;
constexpr auto list = Operators::list;
constexpr auto collect = Operators::collect;
constexpr auto more = Without::more;

constexpr std::array rows{
    attr<&S::access_policy>({.name = "access_policy", .where = both, .synopsis = "refuse_both|best_match",
        .initial = "refuse_both", .example = "access_policy = best_match",
        .text = "Whether a peer that matches both only_from and no_access is admitted. With refuse_both it is "
                "refused. With best_match the more specific element decides, and equally specific ones refuse: "
                "a single address is more specific than a host name, a host name than a domain, and a domain than a "
                "network; of two domains the one with more parts is more specific, and of two "
                "networks the one with the longer prefix. A peer whose name could not be looked up counts as matched "
                "by the most specific name in no_access.",
        .difference = "Not in xinetd, which always refuses.", .without = more,
        .wrong = "Bad access policy: {}", .parse = values::word<&S::access_policy>, .xinetd = {.stricter = true}}),
    attr<&S::access_times>({.name = "access_times", .most = -1, .synopsis = "H:M-H:M ...",
        .initial = "always", .example = "access_times = 7:00-12:30 13:30-19:00",
        .text = "Times of day, local to the daemon, at which requests are served; the whole end minute "
                "counts. At other times peers are refused with the reason time; running servers go on. See Time "
                "forms for the form of an interval.",
        .difference = "24:00 is understood, and an interval may cross midnight.",
        .without = more, .parse = values::access_times, .xinetd = {.reads = by_xinetd::access_times}}),
    attr<&S::backlog>({.name = "backlog", .where = both, .synopsis = "NUMBER",
        .initial = "the maximum the system allows", .example = "backlog = 256",
        .text = "How many connections the kernel may hold for a stream service until they are accepted. The "
                "system's own limit, net.core.somaxconn, still applies.", .difference = "Not in xinetd.",
        .wrong = "backlog is invalid: {}", .hint = "expected a number of at least 1", .parse = values::number<&S::backlog, 1, values::greatest_int>}),
    attr<&S::banner>({.name = "banner", .where = both, .synopsis = "FILE", .initial = "none",
        .example = "banner = /etc/issue.net",
        .text = "A file sent to everybody who connects, before anything is checked. Services with wait = yes "
                "send no banners.",
        .difference = "A peer that does not read it does not hold up others.",
        .parse = values::text<&S::banner>}),
    attr<&S::banner_fail>({.name = "banner_fail", .where = both, .synopsis = "FILE", .initial = "none",
        .example = "banner_fail = /etc/xinetd/go-away",
        .text = "A file sent to a peer that is refused, before its connection is closed.",
        .parse = values::text<&S::banner_fail>}),
    attr<&S::banner_success>({.name = "banner_success", .where = both, .synopsis = "FILE", .initial = "none",
        .example = "banner_success = /etc/xinetd/welcome",
        .text = "A file sent to a peer that is admitted, before its server or conversation starts.",
        .difference = "The daemon reads it, with its own privileges.",
        .parse = values::text<&S::banner_success>}),
    attr<&S::bind>({.name = "bind", .where = both, .synopsis = "ADDRESS",
        .initial = "all", .example = "bind = 192.0.2.1",
        .text = "The address to listen on: an address of this host, or a host name, which stands for all its addresses "
                "of the family that the flags ask for. An address that this host does not have is tried again while the "
                "others are served. As long as the name has no address, the service stays closed. The attribute may also "
                "be spelt interface, but names of network interfaces are not accepted.",
        .difference = "xinetd takes the first address of a name, and needs the IPv4 flag for one that has IPv4 addresses "
                      "only.",
        .without = more, .parse = values::text<&S::bind>}),
    attr<&S::bind_device>({.name = "bind_device", .where = both, .synopsis = "INTERFACE", .initial = "any",
        .example = "bind_device = lo",
        .text = "The network interface through which peers must come, by its name. As long as this host does not have it, "
                "the service stays closed, and is tried again from time to time. Not for UNIX and vsock sockets.",
        .difference = "Not in xinetd.", .without = more,
        .wrong = "'{}' is not the name of a network interface", .hint = "'ip link' lists them", .parse = values::bind_device,
        .concerns = concerning::ip_sockets, .xinetd = {.instead = "peers come in through every interface"}}),
    attr<&S::conn_env>({.name = "conn_env", .where = both, .synopsis = "xinetd|ucspi|all", .initial = "xinetd",
        .example = "conn_env = all",
        .text = "Which variables tell a server with wait = no about its connection: REMOTE_HOST, as in xinetd; those of UCSPI, "
                "or all. See Environment of a connection.",
        .difference = "Not in xinetd.", .without = more,
        .wrong = "Bad choice for conn_env: {}", .parse = values::word<&S::conn_env>,
        .concerns = concerning::connections, .xinetd = {.instead = "servers know no more of the peer than REMOTE_HOST"}}),
    attr<&S::cps>({.name = "cps", .where = both, .least = 2, .most = 2, .synopsis = "RATE SECONDS",
        .initial = "50 10", .example = "cps = 100 30",
        .text = "If more than RATE connections arrive per second, the service closes its socket for SECONDS; "
                "meanwhile peers find the port closed, and running servers go on. Requests count even if they are "
                "refused for another reason. A RATE of 0 means no limit.",
        .difference = "The count of running servers survives the pause.", .without = more, .parse = values::cps}),
    attr<&S::cps_window>({.name = "cps_window", .where = both, .synopsis = "SECONDS", .initial = "a rate per second",
        .example = "cps_window = 60",
        .text = "If set, the RATE of cps is the number of connections that may arrive within this many seconds, "
                "counted from the first one; at most a day. With 60, cps = 256 600 behaves like inetd.",
        .difference = "Not in xinetd.", .without = more,
        .wrong = "cps_window is not a number of seconds from 1 to 86400: {}", .parse = values::number<&S::cps_window, 1, values::a_day>,
        .xinetd = {.instead = "the connections of cps are counted per second"}}),
    attr<&S::defer_accept>({.name = "defer_accept", .where = both, .synopsis = "SECONDS", .initial = "none",
        .example = "defer_accept = 5",
        .text = "Connections over TCP arrive with their first bytes, or after about this many seconds without any, at most "
                "3600. Not for servers that speak first.",
        .difference = "Not in xinetd.",
        .wrong = "defer_accept is not a time from 1 to 3600 seconds: {}", .hint = "expected seconds, as in '5', or a time as in '2m'",
        .parse = values::defer_accept}),
    attr<&S::deny_time>({.name = "deny_time",  .synopsis = "MINUTES|FOREVER|NEVER",
        .initial = "NEVER", .example = "deny_time = 120",
        .text = "How long a peer that touched this SENSOR service is banned from all services, counted from its "
                "last touch. With NEVER the touch is only logged; FOREVER does not end, but without "
                "ban_file it is forgotten when the daemon ends. It has no effect on services without the flag SENSOR.",
        .difference = "Each touch extends the time, and a touch affects one address, unless ban_prefix or source_prefix says more.",
        .without = more, .parse = values::deny_time}),
    attr<&S::disable>({.name = "disable", .synopsis = "yes|no", .initial = "no", .example = "disable = yes",
        .text = "yes disables the entry; mistakes in it are then notes.",
        .difference = "no does not revive an entry that has an error.",
        .without = more, .parse = values::flag<&S::disable>}),
    attr<&S::disabled>({.name = "disabled", .where = Where::defaults, .operators = collect, .least = 0,
        .most = -1, .synopsis = "ID ...", .initial = "none", .example = "disabled = telnet finger",
        .text = "Ids of services that do not run, regardless of enabled.",
        .without = more, .hash = Hash::kept, .parse = values::words<&S::disabled>}),
    attr<&S::enabled>({.name = "enabled", .where = Where::defaults, .operators = collect, .least = 0,
        .most = -1, .synopsis = "ID ...", .initial = "all", .example = "enabled = ftp rsync",
        .text = "If set, only services with these ids run; with an empty list none do.",
        .without = more, .parse = values::words<&S::enabled>}),
    attr<&S::env>({.name = "env", .operators = Operators::append, .least = 0, .most = -1,
        .synopsis = "NAME=VALUE ...", .initial = "none", .example = "env = LANG=C.UTF-8 HOME=/srv",
        .text = "Variables added to the environment of the server; an existing one gets the new value. As there is "
                "no quoting, a value cannot contain blanks.", .parse = values::env}),
    attr<&S::event_log>({.name = "event_log", .where = both, .most = 2,
        .synopsis = "FILE PATH | STDOUT | JOURNAL | NONE", .initial = "NONE", .example = "event_log = FILE /var/log/xsuperd-events",
        .text = "Where records of what happens to the service go, complete whatever log_on_success and log_on_failure say: to "
                "a file or to the standard output of the daemon, as a JSON object a line, or to the journal of systemd, as "
                "fields. With NONE nothing is recorded. In the defaults, also where records go that concern no service. See "
                "Event log in xsuperd.log(5).",
        .difference = "Not in xinetd.", .parse = values::event_log,
        .xinetd = {.instead = "there are the entries of log_type, and no records"}}),
    attr<&S::expand>({.name = "expand", .synopsis = "yes|no", .initial = "no", .example = "expand = yes",
        .text = "With yes, %{remote_addr} and similar names in server_args stand for facts about the connection, and %% for a "
                "per cent sign. For wait = no only. See Environment of a connection.",
        .difference = "Not in xinetd, where per cent signs are characters like any other.", .without = more,
        .wrong = "Bad value for expand: {}", .parse = values::flag<&S::expand>,
        .concerns = concerning::connections, .xinetd = {.instead = "servers get arguments with %{...} as they are written"}}),
    attr<&S::first_data_timeout>({.name = "first_data_timeout", .where = both, .synopsis = "TIME", .initial = "none",
        .example = "first_data_timeout = 10",
        .text = "A peer that has sent nothing within this time loses its server or conversation. For stream services with "
                "wait = no over TCP. See Times of a session.",
        .difference = "Not in xinetd.", .without = more, .wrong = "first_data_timeout is invalid: {}",
        .hint = "expected a time of up to a day, as in '30', '5m' or '2h'",
        .parse = values::seconds<&S::first_data_timeout, 1, values::a_day>,
        .concerns = concerning::streams, .xinetd = {.instead = "peers may send nothing for as long as they like"}}),
    attr<&S::flags>({.name = "flags", .most = -1, .synopsis = "FLAG ...",
        .initial = "none", .example = "flags = IPv4 KEEPALIVE NODELAY",
        .text = "Words that change how the service works: REUSE INTERCEPT NORETRY IDONLY NAMEINARGS NODELAY "
                "KEEPALIVE NOLIBWRAP SENSOR IPv4 IPv6 LABELED. Each is explained under Flags.",
        .difference = "NAMEINARGS works anywhere in the entry.", .without = more,
        .wrong = "Bad service flag: {}", .parse = values::set<&S::flags>}),
    attr<&S::freebind>({.name = "freebind", .where = both, .synopsis = "yes|no", .initial = "no", .example = "freebind = yes",
        .text = "With yes, the service listens on its addresses even before this host has them.",
        .difference = "Not in xinetd.", .wrong = "Bad value for freebind: {}", .parse = values::flag<&S::freebind>}),
    attr<&S::group>({.name = "group", .synopsis = "NAME|NUMBER", .initial = "the user's group",
        .example = "group = nogroup",
        .text = "The group that the server runs with, instead of its user's own. A daemon that is not root leaves "
                "the groups unchanged.",
        .difference = "A number out of range is an error, and does not become another group.",
        .without = more, .parse = values::group<&S::group>}),
    attr<&S::groups>({.name = "groups", .where = both, .synopsis = "yes|no", .initial = "no",
        .example = "groups = yes",
        .text = "yes gives the server all supplementary groups of its user, which must then be in the "
                "password database; no removes all of them.", .without = more,
        .wrong = "Bad value for groups: {}", .parse = values::flag<&S::groups>}),
    attr<&S::id>({.name = "id", .synopsis = "WORD", .initial = "the service name", .example = "id = ftp-inside",
        .text = "The name of the service in log entries and in enabled and disabled; a reload recognises running "
                "services by it. Entries that share a service name should each have an id of their own.",
        .without = more, .parse = values::text<&S::id>}),
    attr<&S::idle_timeout>({.name = "idle_timeout", .where = both, .synopsis = "TIME", .initial = "none",
        .example = "idle_timeout = 10m",
        .text = "A connection over which no byte has passed either way for this time ends. For stream services with wait = no "
                "over TCP. See Times of a session.",
        .difference = "Not in xinetd.", .without = more, .wrong = "idle_timeout is invalid: {}",
        .hint = "expected a time of up to a day, as in '30', '5m' or '2h'",
        .parse = values::seconds<&S::idle_timeout, 1, values::a_day>,
        .concerns = concerning::streams, .xinetd = {.instead = "idle connections stay open"}}),
    attr<&S::instances>({.name = "instances", .where = both, .synopsis = "NUMBER|UNLIMITED",
        .initial = "UNLIMITED", .example = "instances = 20",
        .text = "How many servers of the service may run at a time. Further peers are refused with the reason "
                "service_limit; 0 refuses everybody. Peers whose name is being looked up, or that are being sent a "
                "banner, count, too; daytime and time over TCP count only until they begin.",
        .difference = "A number out of range is an error.",
        .without = more,
        .wrong = "Number of instances is invalid: {}", .parse = values::limit<&S::instances, values::greatest_u32>}),
    attr<&S::keepalive>({.name = "keepalive", .where = both, .least = 3, .most = 3, .synopsis = "IDLE INTERVAL COUNT",
        .initial = "the system's times, with the flag KEEPALIVE", .example = "keepalive = 60 10 6",
        .text = "Connections over TCP are probed after IDLE seconds without a byte, then every INTERVAL seconds, and end after "
                "COUNT probes without an answer.",
        .difference = "Not in xinetd, which only has the flag KEEPALIVE.",
        .wrong = "keepalive is invalid: {}", .hint = "expected two times of at most 32767 seconds and a number of at most 127",
        .parse = values::keepalive}),
    attr<&S::kill_grace>({.name = "kill_grace", .where = both, .synopsis = "TIME", .initial = "3",
        .example = "kill_grace = 10",
        .text = "How long a server may take to end after SIGTERM, when a time limit has ended its session, until it gets SIGKILL.",
        .difference = "Not in xinetd.", .wrong = "kill_grace is invalid: {}",
        .hint = "expected a time of up to an hour, as in '30' or '5m'", .parse = values::seconds<&S::kill_grace, 0, 3600>}),
    attr<&S::libwrap>({.name = "libwrap", .synopsis = "NAME",
        .initial = "the last part of the server's path", .example = "libwrap = sshd",
        .text = "The daemon name that is looked up in hosts.allow and hosts.deny; see Host access files. For "
                "services without a program, internal and redirected ones, the default is the service name, and "
                "with NAMEINARGS the last part of the first argument.",
        .without = more, .parse = values::text<&S::libwrap>}),
    attr<&S::limit_exempt>({.name = "limit_exempt", .where = both, .operators = list, .least = 0, .most = -1,
        .synopsis = "ADDRESS ...", .initial = "nobody", .example = "limit_exempt = 192.0.2.0/24",
        .text = "Peers to which rate, per_source, per_source_rate, fleet_per_source, fleet_rate, penalties and the share of one source "
                "in the queue do not apply. Addresses and networks only; see Address forms.",
        .difference = "Not in xinetd.", .without = more, .parse = values::limit_exempt, .xinetd = {.stricter = true}}),
    attr<&S::linger>({.name = "linger", .where = both, .synopsis = "SECONDS", .initial = "0", .example = "linger = 5",
        .text = "How long a connection may stay open after its server has ended, up to 3600, so that the peer gets "
                "the whole answer even if the server has not read the whole request. See Lingering.",
        .difference = "Not in xinetd.",
        .wrong = "linger is not a number of seconds from 0 to 3600: {}", .parse = values::number<&S::linger, 0, 3600>}),
    attr<&S::listen>({.name = "listen", .operators = list, .most = -1, .synopsis = "ELEMENT ...",
        .initial = "what port and bind say", .example = "listen = tcp:127.0.0.1:7001 tcp:[::1]:7001",
        .text = "Where the service listens, besides what port and bind say, or instead if there is neither: "
                "tcp:ADDRESS:PORT, udp:ADDRESS:PORT, unix:PATH, unix:@NAME, vsock:CID:PORT, fd:NAME and any:NETWORK:PORTS, up "
                "to 64 of them. It stays one service, whose limits and counters are those of all its sockets. See Listen "
                "elements for the form of an element.",
        .difference = "Not in xinetd, where a service has one address.", .without = more, .parse = values::listen,
        .xinetd = {.reads = by_xinetd::listen}}),
    attr<&S::log_on_failure>({.name = "log_on_failure", .where = both, .operators = list, .least = 0,
        .most = -1, .synopsis = "HOST USERID ATTEMPT ...", .initial = "nothing",
        .example = "log_on_failure += ATTEMPT",
        .text = "What is logged about a refused request: HOST adds the peer's address, and ATTEMPT just enables the "
                "entry. USERID asks the peer's host who the user is, and logs the answer "
                "in an entry of its own. Without any of these words nothing is logged.",
        .wrong = "Bad log_on_failure flag: {}", .parse = values::set<&S::log_on_failure>}),
    attr<&S::log_on_success>({.name = "log_on_success", .where = both, .operators = list, .least = 0,
        .most = -1, .synopsis = "PID HOST USERID EXIT DURATION TRAFFIC ...", .initial = "nothing",
        .example = "log_on_success -= DURATION",
        .text = "What is logged when a server starts and ends: PID and HOST are fields of the first entry; "
                "EXIT, DURATION and PID are fields of the second. USERID asks the peer's host who the user is before the "
                "server starts, and logs the answer in an entry of its own. TRAFFIC adds an entry with the number "
                "of bytes relayed; it is for redirect only, and an error elsewhere.",
        .wrong = "Bad log_on_success flag: {}", .parse = values::set<&S::log_on_success>}),
    attr<&S::log_type>({.name = "log_type", .where = both, .most = -1,
        .synopsis = "SYSLOG FACILITY [LEVEL] | FILE PATH [SOFT [HARD]]", .initial = "none",
        .example = "log_type = FILE /var/log/services.log 8M 10M",
        .text = "Where entries about the service go: to syslog, or to a file, whose size limits are in bytes and "
                "may have the suffix K or M. Without it the service logs nothing; see Log types.",
        .difference = "The soft and the hard limit are each reported once.", .parse = values::log_type}),
    attr<&S::mark>({.name = "mark", .where = both, .synopsis = "NUMBER", .initial = "none", .example = "mark = 0x10",
        .text = "The mark that packets of the sockets carry, for routing and packet filters; a number of 32 bits. Without the "
                "privilege for it, CAP_NET_ADMIN, the service stays closed.",
        .difference = "Not in xinetd.", .without = more,
        .wrong = "mark is invalid: {}", .hint = "expected a number of 32 bits, as in '16' or '0x10'", .parse = values::mark,
        .xinetd = {.instead = "packets have no mark for routing and packet filters"}}),
    attr<&S::max_load>({.name = "max_load", .where = both, .synopsis = "LOAD", .initial = "no limit",
        .example = "max_load = 6.5",
        .text = "If the load average of the last minute is this number or higher, peers are refused with the reason "
                "load.", .difference = "0 means no limit.", .without = more, .parse = values::max_load,
        .xinetd = {.reads = by_xinetd::max_load}}),
    attr<&S::mdns>({.name = "mdns", .where = both, .synopsis = "yes|no", .initial = "no", .example = "mdns = yes",
        .text = "Whether avahi-daemon announces the service in the local network, by multicast DNS; see "
                "Announced services.",
        .difference = "Only old versions of xinetd had it, and announced all services without no.",
        .parse = values::flag<&S::mdns>}),
    attr<&S::mptcp>({.name = "mptcp", .where = both, .synopsis = "yes|no", .initial = "no", .example = "mptcp = yes",
        .text = "With yes, peers that speak multipath TCP may use it; all others use TCP, and so does everybody where the system "
                "does not have it. For wait = no only.",
        .difference = "Not in xinetd.", .wrong = "Bad value for mptcp: {}", .parse = values::flag<&S::mptcp>}),
    attr<&S::nice>({.name = "nice", .synopsis = "NUMBER", .initial = "0", .example = "nice = 10",
        .text = "Added to the daemon's own scheduling priority for the server; the sum is kept within -20 "
                "and 19.", .difference = "Negative values work for every user.", .parse = values::nice}),
    attr<&S::no_access>({.name = "no_access", .where = both, .operators = list, .least = 0, .most = -1,
        .synopsis = "ADDRESS ...", .initial = "nobody", .example = "no_access += 192.0.2.128/25 .example.net",
        .text = "Peers that are refused with the reason address, even if they match only_from, unless access_policy "
                "says otherwise. See Address forms for the form of an element.",
        .difference = "IPv4-mapped addresses are compared as IPv4 addresses.",
        .without = more, .parse = values::addresses<&S::no_access>, .xinetd = {.reads = by_xinetd::no_access}}),
    attr<&S::only_cid>({.name = "only_cid", .where = both, .operators = list, .least = 0, .most = -1, .synopsis = "NUMBER ...",
        .initial = "everybody", .example = "only_cid = 3 4",
        .text = "The virtual machines, by their context ids, that may come over vsock sockets. "
                "Others are refused with the reason address. 2 is the host.",
        .difference = "Not in xinetd.", .without = more,
        .wrong = "'{}' is not a context id", .hint = "expected a number of 32 bits", .parse = values::only_cid,
        .concerns = concerning::vsock_sockets, .xinetd = {.instead = "no peer is asked for its context id"}}),
    attr<&S::only_from>({.name = "only_from", .where = both, .operators = list, .least = 0, .most = -1,
        .synopsis = "ADDRESS ...", .initial = "everybody",
        .example = "only_from = 127.0.0.1 ::1 192.0.2.0/24 2001:db8::/32",
        .text = "The only peers that are admitted: all others are refused with the reason address, and an "
                "empty list refuses everybody. See Address forms for the form of an element.",
        .difference = "IPv4-mapped addresses are compared as IPv4 addresses.",
        .without = more, .parse = values::addresses<&S::only_from>, .xinetd = {.reads = by_xinetd::only_from}}),
    attr<&S::only_gid>({.name = "only_gid", .where = both, .operators = list, .least = 0, .most = -1, .synopsis = "NAME|NUMBER ...",
        .initial = "everybody", .example = "only_gid = users",
        .text = "The groups of this machine whose members may come over UNIX sockets. "
                "Others are refused with the reason address. All groups of the process count. If only_uid is given as well, both must match.",
        .difference = "Not in xinetd.", .without = more, .parse = values::only_gid,
        .concerns = concerning::unix_sockets, .xinetd = {.instead = "no peer is asked for its groups"}}),
    attr<&S::only_uid>({.name = "only_uid", .where = both, .operators = list, .least = 0, .most = -1, .synopsis = "NAME|NUMBER ...",
        .initial = "everybody", .example = "only_uid = root nobody",
        .text = "The users of this machine who may come over UNIX sockets. "
                "Others are refused with the reason address. With only_from and without only_uid and only_gid, everybody who comes over "
                "a UNIX socket is refused. For wait = no only.",
        .difference = "Not in xinetd.", .without = more, .parse = values::only_uid,
        .concerns = concerning::unix_sockets, .xinetd = {.instead = "no peer is asked for its user"}}),
    attr<&S::pass_fds>({.name = "pass_fds", .synopsis = "none|systemd", .initial = "none",
        .example = "pass_fds = systemd",
        .text = "What a server with wait = yes gets besides its socket on descriptors 0, 1 and 2. With systemd the "
                "socket is also descriptor 3, and the environment contains LISTEN_FDS=1, LISTEN_PID with the "
                "process id of the server, and LISTEN_FDNAMES with the id of the service, in which characters that "
                "are not allowed are written \\xNN. A server written for systemd sockets then finds its socket; see "
                "sd_listen_fds(3).",
        .difference = "Not in xinetd.",
        .wrong = "Bad choice for pass_fds: {}", .parse = values::word<&S::pass_fds>}),
    attr<&S::passenv>({.name = "passenv", .where = both, .operators = list, .least = 0, .most = -1,
        .synopsis = "NAME ...", .initial = "all", .example = "passenv = PATH TZ",
        .text = "The environment variables that the server gets from those with which the daemon was started. "
                "Without this attribute it gets all of them; with an empty list, none.",
        .parse = values::passenv}),
    attr<&S::penalty>({.name = "penalty", .where = both, .operators = list, .most = -1,
        .synopsis = "CAUSE=TIME ...", .initial = "none", .example = "penalty = exit=10s signal=1m",
        .text = "What costs a source how much time in which it is refused with the reason penalty: exit (any status but 0), "
                "exit:STATUS, signal, timeout (of a time limit) and refused. Times add up, and pass by themselves. See Penalties.",
        .difference = "Not in xinetd.", .without = more, .parse = values::penalty,
        .concerns = concerning::known_requests, .xinetd = {.instead = "failures and refusals cost a source nothing"}}),
    attr<&S::penalty_range>({.name = "penalty_range", .where = both, .least = 2, .most = 2, .synopsis = "MIN MAX",
        .initial = "15 600", .example = "penalty_range = 30s 1h",
        .text = "Below MIN penalties have no effect, and they do not grow beyond MAX.",
        .difference = "Not in xinetd.", .without = more, .wrong = "penalty_range is invalid: {}",
        .hint = "expected two times of up to a day, as in '15s 10m'", .parse = values::penalty_range,
        .concerns = concerning::known_requests}),
    attr<&S::per_source>({.name = "per_source", .where = both, .synopsis = "NUMBER|UNLIMITED",
        .initial = "UNLIMITED", .example = "per_source = 4",
        .text = "How many servers of the service may run at a time for one peer address, whatever its ports. "
                "Further requests are refused with the reason per_source_limit.",
        .difference = "A number out of range is an error.",
        .without = more,
        .wrong = "Number of per source instances is invalid: {}", .parse = values::limit<&S::per_source, values::greatest_u32>}),
    attr<&S::per_source_rate>({.name = "per_source_rate", .where = both, .least = 1, .most = 2,
        .synopsis = "NUMBER SECONDS | NUMBER/PERIOD [BURST]", .initial = "no limit", .example = "per_source_rate = 30 60",
        .text = "How many connections one source may make within SECONDS, from any ports, counted from the "
                "first one. Further ones are refused with the reason per_source_rate until SECONDS are over. "
                "Requests count even if they are refused for another reason. A NUMBER of 0 means no limit. With a PERIOD it is "
                "a limit like that of rate, and only admitted requests count. The daemon remembers the 65,536 sources whose "
                "count began last.",
        .difference = "Not in xinetd.", .without = more, .parse = values::per_source_rate,
        .concerns = concerning::known_requests, .xinetd = {.instead = "a source may come as often as it likes"}}),
    attr<&S::port>({.name = "port", .synopsis = "NUMBER",
        .initial = "from /etc/services", .example = "port = 7001",
        .text = "The port to listen on, 0 to 65535; with 0 the system chooses one. Unless type contains "
                "UNLISTED it must be the one that /etc/services has for the name of the service. An RPC service may "
                "have any port; without one the system chooses it.",
        .without = more,
        .wrong = "port number is invalid: {}", .hint = "expected a number from 0 to 65535", .parse = values::number<&S::port, 0, 65535>}),
    attr<&S::protocol>({.name = "protocol", .synopsis = "NAME",
        .initial = "tcp for stream, udp for dgram", .example = "protocol = tcp",
        .text = "The protocol of the socket, by its name in /etc/protocols. Required for raw and seqpacket; "
                "otherwise it follows from socket_type.", .without = more, .parse = values::protocol}),
    attr<&S::queue>({.name = "queue", .where = both, .least = 1, .most = 2, .synopsis = "NUMBER [TIME]",
        .initial = "0", .example = "queue = 100 30s",
        .text = "How many connections may wait for a place when instances, per_source, rate or the option -limit would have them "
                "refused, and how long at most; TIME is 30 seconds unless given. For wait = no only. See Rates and queues.",
        .difference = "Not in xinetd.", .parse = values::queue}),
    attr<&S::rate>({.name = "rate", .where = both, .least = 1, .most = 2, .synopsis = "NUMBER/PERIOD [BURST]",
        .initial = "none", .example = "rate = 100/second",
        .text = "How many requests the service admits per second, minute, hour or day; up to BURST of them, or NUMBER, may come at "
                "once. Further ones are refused with the reason rate, or wait in the queue; the port stays open. With rate, the "
                "built-in cps does not apply, but one that is written does.",
        .difference = "Not in xinetd.", .without = more, .wrong = "rate is invalid: {}",
        .hint = "expected NUMBER/second, NUMBER/minute, NUMBER/hour or NUMBER/day", .parse = values::rate,
        .concerns = concerning::known_requests, .xinetd = {.instead = "requests are limited by cps alone"}}),
    attr<&S::receive_buffer>({.name = "receive_buffer", .where = both, .synopsis = "SIZE", .initial = "the system's",
        .example = "receive_buffer = 256K",
        .text = "The receive buffer of the sockets, in bytes, with the suffix K or M; the system's own limits still apply.",
        .difference = "Not in xinetd.",
        .wrong = "receive_buffer is invalid: {}", .hint = "expected 1024 bytes to 1024M", .parse = values::buffer<&S::receive_buffer>}),
    attr<&S::reload_policy>({.name = "reload_policy", .where = Where::defaults, .synopsis = "lenient|strict",
        .initial = "lenient", .example = "reload_policy = strict",
        .text = "What happens if there is an error when the configuration is read again. With lenient, a service "
                "whose entry has an error goes on as it runs, and the other entries take effect. With strict, any "
                "error leaves everything as it runs. The new defaults entry decides, if it can be read.",
        .difference = "Not in xinetd, which ends the service and its servers.",
        .without = more,
        .wrong = "Bad reload policy: {}", .parse = values::word<&S::reload_policy>,
        .xinetd = {.instead = "an error in an entry ends its service and its servers"}}),
    attr<&S::removed_sessions>({.name = "removed_sessions", .where = Where::defaults, .synopsis = "terminate|keep",
        .initial = "terminate", .example = "removed_sessions = keep",
        .text = "What happens to running servers when a reload removes their service, or changes its id, "
                "socket_type, protocol, port, address, wait or type. With terminate they get SIGTERM, and after "
                "three seconds SIGKILL. With keep they end by themselves; they do not count against the limits of a "
                "service that has replaced theirs.",
        .difference = "Not in xinetd, which always ends them.",
        .wrong = "Bad choice for removed sessions: {}", .parse = values::word<&S::removed_sessions>}),
    attr<&S::rlimit_as>({.name = "rlimit_as", .synopsis = "SIZE|UNLIMITED", .initial = "the daemon's",
        .example = "rlimit_as = 256M",
        .text = "The maximum address space of the server, in bytes. The suffix K or M multiplies the number by 1024 "
                "or 1048576. UNLIMITED removes the limit, 0 leaves it unchanged.",
        .difference = "A number out of range is an error, and the limit is set before privileges are dropped.",
        .without = more,
        .wrong = "Address space limit is invalid: {}", .parse = values::size<&S::rlimit_as>}),
    attr<&S::rlimit_cpu>({.name = "rlimit_cpu", .synopsis = "SECONDS|UNLIMITED", .initial = "the daemon's",
        .example = "rlimit_cpu = 20",
        .text = "The maximum processor time of the server, in seconds. UNLIMITED removes the limit, 0 leaves it unchanged.",
        .difference = "A number out of range is an error, and the limit is set before privileges are dropped.",
        .without = more,
        .wrong = "CPU limit is invalid: {}", .parse = values::limit<&S::rlimit_cpu>}),
    attr<&S::rlimit_data>({.name = "rlimit_data", .synopsis = "SIZE|UNLIMITED", .initial = "the daemon's",
        .example = "rlimit_data = 64M",
        .text = "The largest data segment that the server may have, in bytes. The suffix K or M multiplies the "
                "number by 1024 or 1048576. UNLIMITED removes the limit, 0 leaves it unchanged.",
        .difference = "A number out of range is an error, and the limit is set before privileges are dropped.",
        .without = more,
        .wrong = "Data limit is invalid: {}", .parse = values::size<&S::rlimit_data>}),
    attr<&S::rlimit_files>({.name = "rlimit_files", .synopsis = "NUMBER|UNLIMITED",
        .initial = "the daemon's hard limit", .example = "rlimit_files = 1024",
        .text = "How many descriptors the server may have open at a time. UNLIMITED and 0 mean the daemon's hard limit.",
        .difference = "A number out of range is an error, and the limit is set before privileges are dropped.",
        .without = more,
        .wrong = "Max files limit is invalid: {}", .parse = values::size<&S::rlimit_files>}),
    attr<&S::rlimit_rss>({.name = "rlimit_rss", .synopsis = "SIZE|UNLIMITED", .initial = "the daemon's",
        .example = "rlimit_rss = 128M",
        .text = "The maximum resident memory of the server, in bytes. The suffix K or M multiplies the number by "
                "1024 or 1048576. UNLIMITED removes the limit, 0 leaves it unchanged.",
        .difference = "A number out of range is an error, and the limit is set before privileges are dropped.",
        .without = more,
        .wrong = "RSS limit is invalid: {}", .parse = values::size<&S::rlimit_rss>}),
    attr<&S::rlimit_stack>({.name = "rlimit_stack", .synopsis = "SIZE|UNLIMITED", .initial = "the daemon's",
        .example = "rlimit_stack = 8M",
        .text = "The largest stack that the server may have, in bytes. The suffix K or M multiplies the number by "
                "1024 or 1048576. UNLIMITED removes the limit, 0 leaves it unchanged.",
        .difference = "A number out of range is an error, and the limit is set before privileges are dropped.",
        .without = more,
        .wrong = "Stack limit is invalid: {}", .parse = values::size<&S::rlimit_stack>}),
    attr<&S::rpc_number>({.name = "rpc_number", .synopsis = "NUMBER",
        .initial = "from /etc/rpc", .example = "rpc_number = 100001",
        .text = "The program number of an RPC service. Required if it is UNLISTED.",
        .without = more,
        .wrong = "rpc_number is invalid: {}", .hint = "expected a program number of at most 32 bits", .parse = values::number<&S::rpc_number, 0, values::greatest_u32>}),
    attr<&S::rpc_version>({.name = "rpc_version", .synopsis = "N[-M]",
        .initial = "required for RPC", .example = "rpc_version = 2-4",
        .text = "The version, or the range of at most 256 versions, under which an RPC service is registered.",
        .without = more, .parse = values::rpc_version}),
    attr<&S::runtime_max>({.name = "runtime_max", .where = both, .synopsis = "TIME", .initial = "none",
        .example = "runtime_max = 1h",
        .text = "How long a server or conversation may take, whatever it does. See Times of a session.",
        .difference = "Not in xinetd.", .without = more, .wrong = "runtime_max is invalid: {}",
        .hint = "expected a time of up to 30 days, as in '30', '5m', '2h' or '7d'",
        .parse = values::seconds<&S::runtime_max, 1, 30 * values::a_day>,
        .xinetd = {.instead = "servers may run for as long as they like"}}),
    attr<&S::send_buffer>({.name = "send_buffer", .where = both, .synopsis = "SIZE", .initial = "the system's",
        .example = "send_buffer = 256K",
        .text = "The send buffer of the sockets, in bytes, with the suffix K or M; the system's own limits still apply.",
        .difference = "Not in xinetd.",
        .wrong = "send_buffer is invalid: {}", .hint = "expected 1024 bytes to 1024M", .parse = values::buffer<&S::send_buffer>}),
    attr<&S::server>({.name = "server", .synopsis = "PATH", .initial = "required",
        .example = "server = /usr/sbin/in.ftpd",
        .text = "The program to start, by its path. It must be executable when the configuration is read, "
                "and is executed directly, without a shell. Not needed with redirect or the type INTERNAL.",
        .difference = "A directory is refused.",
        .without = more, .parse = values::server}),
    attr<&S::server_args>({.name = "server_args", .most = -1, .synopsis = "WORD ...", .initial = "none",
        .example = "server_args = -l -u 077",
        .text = "The arguments that follow the program's name. With the flag NAMEINARGS the first of them is "
                "that name.",
        .difference = "NAMEINARGS may come before or after it.",
        .without = more, .hash = Hash::value, .parse = values::words<&S::server_args>}),
    attr<&S::socket_group>({.name = "socket_group", .where = both, .synopsis = "NAME|NUMBER", .initial = "the daemon's",
        .example = "socket_group = users", .text = "The group of the files of UNIX sockets.",
        .difference = "Not in xinetd.", .without = more, .parse = values::group<&S::socket_group>,
        .concerns = concerning::unix_files}),
    attr<&S::socket_mode>({.name = "socket_mode", .where = both, .synopsis = "OCTAL", .initial = "666",
        .example = "socket_mode = 660",
        .text = "The mode of the files of UNIX sockets; whoever may write to such a file may connect.",
        .difference = "Not in xinetd.", .without = more,
        .wrong = "socket_mode is invalid: {}", .hint = "expected an octal number of at most 777", .parse = values::socket_mode,
        .concerns = concerning::unix_files}),
    attr<&S::socket_owner>({.name = "socket_owner", .where = both, .synopsis = "NAME|NUMBER", .initial = "the daemon's user",
        .example = "socket_owner = nobody", .text = "The owner of the files of UNIX sockets.",
        .difference = "Not in xinetd.", .without = more, .parse = values::user<&S::socket_owner>,
        .concerns = concerning::unix_files}),
    attr<&S::socket_type>({.name = "socket_type",
        .synopsis = "stream|dgram|raw|seqpacket", .initial = "from the protocol", .example = "socket_type = stream",
        .text = "The kind of socket: stream for connections, dgram for datagrams, raw for a protocol without "
                "ports, seqpacket for sctp. A raw service must wait.", .without = more,
        .wrong = "Bad socket type: {}", .parse = values::socket_type}),
    attr<&S::source_prefix>({.name = "source_prefix", .where = both, .least = 2, .most = 2, .synopsis = "LEN4 LEN6",
        .initial = "32 128", .example = "source_prefix = 32 64",
        .text = "How many bits of an IPv4 and of an IPv6 address make one source for per_source, per_source_rate, "
                "fleet_per_source, fleet_rate, the queue, penalties and bans.",
        .difference = "Not in xinetd.", .without = more, .parse = values::source_prefix,
        .xinetd = {.instead = "each address is a source of its own"}}),
    attr<&S::error_output>({.name = "stderr", .where = both, .synopsis = "client|log|discard", .initial = "client",
        .example = "stderr = discard",
        .text = "Where descriptor 2 of the server leads. With client, to its connection, so that the peer sees what a program "
                "says of its errors. With log, each line becomes an entry of the log of the service, escaped, and not too many "
                "at a time; see Error output. With discard, to /dev/null.",
        .difference = "Not in xinetd, where it is the connection.", .without = more,
        .wrong = "Bad choice for stderr: {}", .parse = values::word<&S::error_output>}),
    attr<&S::tos>({.name = "tos", .where = both, .synopsis = "CLASS|NUMBER", .initial = "0", .example = "tos = ef",
        .text = "The type of service in the headers of packets, IPv4 and IPv6: cs0 to cs7, af11 to af43, ef, lowdelay, "
                "throughput, reliability, mincost, or the whole byte as a number.",
        .difference = "Not in xinetd.",
        .wrong = "tos is invalid: {}", .hint = "expected a class such as 'ef' or 'af21', or a number from 0 to 255", .parse = values::tos}),
    attr<&S::type>({.name = "type", .most = -1,
        .synopsis = "RPC INTERNAL TCPMUX TCPMUXPLUS UNLISTED ...", .initial = "none", .example = "type = UNLISTED",
        .text = "The kind of service. The most common word is UNLISTED: the name need not be in /etc/services, and "
                "port must be given. See Types for all of them.",
        .without = more,
        .wrong = "Bad service type: {}", .parse = values::type}),
    attr<&S::umask>({.name = "umask", .where = both, .synopsis = "OCTAL", .initial = "the daemon's, with 022",
        .example = "umask = 027",
        .text = "The file creation mask with which the server starts.", .without = more, .parse = values::umask}),
    attr<&S::user>({.name = "user", .synopsis = "NAME|NUMBER", .initial = "required", .example = "user = nobody",
        .text = "The user that the server runs as. Digits are used as a numeric id without a look-up, and then also "
                "as the group id. Not needed with the type INTERNAL; if no program is started, it only matters for "
                "hosts.allow and hosts.deny.",
        .difference = "A number out of range is an error, and does not become root.",
        .without = more, .parse = values::user<&S::user>}),
    attr<&S::v6only>({.name = "v6only", .where = both, .synopsis = "yes|no",
        .initial = "no", .example = "v6only = yes",
        .text = "yes keeps IPv4 peers away from an IPv6 socket; with no, one socket serves both families.",
        .difference = "no means no, and with yes there is no fallback to IPv4.",
        .without = more, .parse = values::flag<&S::v6only>, .xinetd = {.reads = by_xinetd::v6only}}),
    attr<&S::wait>({.name = "wait", .synopsis = "yes|no", .initial = "required", .example = "wait = no",
        .text = "With no, the daemon accepts connections, and each gets a server of its own. With yes, one server "
                "at a time gets the socket itself and handles whatever arrives there until it ends.",
        .difference = "An external dgram service must wait.", .without = more,
        .wrong = "Bad value for wait: {}", .parse = values::flag<&S::wait>}),
};

/// Those of confinement are many, and have files of their own. What is the same for all of them is said here.
constexpr auto confining = [] {
  std::array<Attribute, confinement_rows.size() + box_rows.size()> all;
  std::ranges::merge(confinement_rows, box_rows, all.begin(), {}, &Attribute::name, &Attribute::name);
  for (Attribute& row : all) {
    if (!row.concerns) row.concerns = concerning::programs;
    if (row.xinetd.instead.empty()) row.xinetd.instead = "servers run without it";
  }
  return all;
}();

/// Without TLS they are no matter, and that there is none is told once, of `tls`.
constexpr auto of_tls = [] {
  auto all = tls_rows;
  for (Attribute& row : all) {
    row.concerns = concerning::tls;
    row.xinetd.stricter = row.name != "tls";
  }
  return all;
}();

template <std::size_t m, std::size_t n>
constexpr auto merged(const std::array<Attribute, m>& some, const std::array<Attribute, n>& others) {
  std::array<Attribute, m + n> all;
  std::ranges::merge(some, others, all.begin(), {}, &Attribute::name, &Attribute::name);
  return all;
}

constexpr auto table = merged(merged(rows, passing_rows), merged(merged(confining, of_tls), merged(ban_rows, fleet_rows)));

static_assert(std::is_sorted(table.begin(), table.end(),
                             [](const Attribute& a, const Attribute& b) { return a.name < b.name; }));

}  // namespace

std::span<const Attribute> attributes() { return table; }

const Attribute* find_attribute(std::string_view name) {
  const std::string wanted = base::iequals(name, "interface") ? "bind" : base::to_lower(name);
  const auto row = std::lower_bound(table.begin(), table.end(), wanted,
                                    [](const Attribute& a, std::string_view n) { return a.name < n; });
  return row != table.end() && row->name == wanted ? &*row : nullptr;
}

const Attribute* misspelt_restriction(std::string_view name) {
  if (find_attribute(name)) return nullptr;
  if (base::edit_distance(name, "interface") == 1) return find_attribute("bind");
  const auto near = [&](const Attribute& row) { return restricts(row) && base::edit_distance(name, row.name) == 1; };
  const auto row = std::ranges::find_if(table, near);
  return row == table.end() ? nullptr : &*row;
}

std::size_t values_before_comment(const Attribute& row, const std::vector<Value>& values) {
  if (row.hash != Hash::comment) return values.size();
  const auto begins = [](const Value& value) { return value.text.starts_with('#'); };
  const auto comment = static_cast<std::size_t>(std::ranges::find_if(values, begins) - values.begin());
  // As many values as there may be are values, whatever they look like.
  const bool fits = row.most >= 0 && values.size() <= static_cast<std::size_t>(row.most);
  return fits ? values.size() : comment;
}

}  // namespace xsuperd::config
