// SPDX-License-Identifier: MIT
#include <algorithm>
#include <array>

#include "config/print.hpp"
#include "config/values.hpp"

namespace xsuperd::config {

namespace {

/// Fills the columns that follow from the member alone.
template <auto Member>
constexpr Attribute attr(Attribute row) {
  row.is_set = [](const Settings& s) { return (s.*Member).has_value(); };
  row.print = [](const Settings& s) { return (s.*Member) ? printing::text_of(*(s.*Member)) : std::string{}; };
  row.same = [](const Settings& a, const Settings& b) { return a.*Member == b.*Member; };
  row.inherit = [](Settings& s, const Settings& defaults) {
    if (!(s.*Member)) s.*Member = defaults.*Member;
  };
  return row;
}

using S = Settings;
constexpr auto both = Where::both;
constexpr auto list = Operators::list;
constexpr auto collect = Operators::collect;
constexpr auto rebind = OnChange::rebind;
constexpr auto planned = Effect::planned;

constexpr std::array table{
    attr<&S::access_times>({.name = "access_times", .most = -1, .synopsis = "H:M-H:M ...", .initial = "always",
        .text = "Times of day, local time, at which the service is open; both end minutes are included.",
        .difference = "24:00 is understood, and an interval may cross midnight.", .parse = values::access_times}),
    attr<&S::backlog>({.name = "backlog", .where = both, .on_change = rebind, .synopsis = "NUMBER",
        .initial = "the greatest the system allows",
        .text = "How many connections may wait in the kernel for a stream service.", .difference = "Not in xinetd.",
        .parse = values::backlog}),
    attr<&S::banner>({.name = "banner", .where = both, .effect = planned, .synopsis = "FILE", .initial = "none",
        .text = "A file sent to every peer before anything is checked.", .parse = values::text<&S::banner>}),
    attr<&S::banner_fail>({.name = "banner_fail", .where = both, .effect = planned, .synopsis = "FILE",
        .initial = "none", .text = "A file sent to a peer that is refused.",
        .parse = values::text<&S::banner_fail>}),
    attr<&S::banner_success>({.name = "banner_success", .where = both, .effect = planned, .synopsis = "FILE",
        .initial = "none", .text = "A file sent to a peer that is admitted.",
        .parse = values::text<&S::banner_success>}),
    attr<&S::bind>({.name = "bind", .where = both, .on_change = rebind, .synopsis = "ADDRESS", .initial = "all",
        .text = "The address to listen on, or a host name that leads to it. Also spelt interface.",
        .difference = "A name with IPv4 addresses only works without the IPv4 flag.",
        .parse = values::text<&S::bind>}),
    attr<&S::cps>({.name = "cps", .where = both, .least = 2, .most = 2, .synopsis = "RATE SECONDS",
        .initial = "50 10",
        .text = "Above RATE connections per second the service closes for SECONDS; a RATE of 0 is no limit.",
        .difference = "The count of running servers survives the pause.", .parse = values::cps}),
    attr<&S::deny_time>({.name = "deny_time", .effect = planned, .synopsis = "MINUTES|FOREVER|NEVER",
        .initial = "NEVER", .text = "How long a peer that touched a SENSOR service is kept out of every service.",
        .parse = values::deny_time}),
    attr<&S::disable>({.name = "disable", .synopsis = "yes|no", .initial = "no",
        .text = "yes leaves the entry out; what follows in it is not read.",
        .difference = "no does not revive an entry that has an error.", .parse = values::boolean<&S::disable>}),
    attr<&S::disabled>({.name = "disabled", .where = Where::defaults, .operators = collect, .least = 0, .most = -1,
        .synopsis = "ID ...", .initial = "none", .text = "Services that are left out, by id.",
        .parse = values::words<&S::disabled>}),
    attr<&S::enabled>({.name = "enabled", .where = Where::defaults, .operators = collect, .least = 0, .most = -1,
        .synopsis = "ID ...", .initial = "all", .text = "When given, only these services run, by id.",
        .parse = values::words<&S::enabled>}),
    attr<&S::env>({.name = "env", .operators = Operators::append, .least = 0, .most = -1,
        .synopsis = "NAME=VALUE ...", .initial = "none", .text = "Variables added to the server's environment.",
        .parse = values::env}),
    attr<&S::flags>({.name = "flags", .most = -1, .on_change = rebind, .synopsis = "FLAG ...", .initial = "none",
        .text = "REUSE INTERCEPT NORETRY IDONLY NAMEINARGS NODELAY KEEPALIVE NOLIBWRAP SENSOR IPv4 IPv6 LABELED.",
        .difference = "NAMEINARGS works wherever it stands in the entry.", .parse = values::flags}),
    attr<&S::group>({.name = "group", .synopsis = "NAME|NUMBER", .initial = "the user's group",
        .text = "The group of the server.", .parse = values::group}),
    attr<&S::groups>({.name = "groups", .where = both, .synopsis = "yes|no", .initial = "no",
        .text = "yes gives the server all groups of its user, no none.", .parse = values::groups}),
    attr<&S::id>({.name = "id", .synopsis = "WORD", .initial = "the service name",
        .text = "The name of the service in logs, lists and reloads.", .parse = values::text<&S::id>}),
    attr<&S::instances>({.name = "instances", .where = both, .synopsis = "NUMBER|UNLIMITED",
        .initial = "UNLIMITED", .text = "How many servers of the service may run at a time.",
        .parse = values::instances}),
    attr<&S::libwrap>({.name = "libwrap", .effect = planned, .synopsis = "NAME",
        .initial = "the last part of the server's path",
        .text = "The daemon name that hosts.allow and hosts.deny are asked for.",
        .parse = values::text<&S::libwrap>}),
    attr<&S::log_on_failure>({.name = "log_on_failure", .where = both, .operators = list, .least = 0, .most = -1,
        .synopsis = "HOST USERID ATTEMPT ...", .initial = "nothing",
        .text = "What is logged of a peer that is refused.", .parse = values::log_on_failure}),
    attr<&S::log_on_success>({.name = "log_on_success", .where = both, .operators = list, .least = 0, .most = -1,
        .synopsis = "PID HOST USERID EXIT DURATION TRAFFIC ...", .initial = "nothing",
        .text = "What is logged when a server starts and ends.", .parse = values::log_on_success}),
    attr<&S::log_type>({.name = "log_type", .where = both, .most = -1,
        .synopsis = "SYSLOG FACILITY [LEVEL] | FILE PATH [SOFT [HARD]]", .initial = "none",
        .text = "Where entries about peers and servers go; limits in bytes, with K or M.",
        .difference = "The soft and the hard limit are each reported once.", .parse = values::log_type}),
    attr<&S::max_load>({.name = "max_load", .where = both, .synopsis = "LOAD", .initial = "no limit",
        .text = "At this one-minute load average or above, peers are refused.", .difference = "0 means no limit.",
        .parse = values::max_load}),
    attr<&S::mdns>({.name = "mdns", .where = both, .effect = planned, .synopsis = "yes|no", .initial = "no",
        .text = "Announce the service by multicast DNS.", .parse = values::boolean<&S::mdns>}),
    attr<&S::nice>({.name = "nice", .synopsis = "NUMBER", .initial = "0",
        .text = "Added to the daemon's own priority value for the server.",
        .difference = "Negative values work for every user.", .parse = values::nice}),
    attr<&S::no_access>({.name = "no_access", .where = both, .operators = list, .least = 0, .most = -1,
        .synopsis = "ADDRESS ...", .initial = "nobody", .text = "Peers that are refused.",
        .difference = "Addresses are compared in their IPv4 form wherever they have one.",
        .parse = values::no_access}),
    attr<&S::only_from>({.name = "only_from", .where = both, .operators = list, .least = 0, .most = -1,
        .synopsis = "ADDRESS ...", .initial = "everybody", .text = "The only peers that are admitted.",
        .difference = "Addresses are compared in their IPv4 form wherever they have one.",
        .parse = values::only_from}),
    attr<&S::passenv>({.name = "passenv", .where = both, .operators = list, .least = 0, .most = -1,
        .synopsis = "NAME ...", .initial = "all", .text = "The variables of the daemon that the server gets.",
        .parse = values::passenv}),
    attr<&S::per_source>({.name = "per_source", .where = both, .synopsis = "NUMBER|UNLIMITED",
        .initial = "UNLIMITED", .text = "How many servers may run at a time for one peer address.",
        .parse = values::per_source}),
    attr<&S::port>({.name = "port", .on_change = rebind, .synopsis = "NUMBER", .initial = "from /etc/services",
        .text = "The port to listen on, 0 to 65535; 0 lets the system choose.", .parse = values::port}),
    attr<&S::protocol>({.name = "protocol", .on_change = rebind, .synopsis = "NAME",
        .initial = "tcp for stream, udp for dgram", .text = "A protocol of /etc/protocols.",
        .parse = values::protocol}),
    attr<&S::redirect>({.name = "redirect", .least = 2, .most = 2, .effect = planned, .synopsis = "HOST PORT",
        .initial = "none", .text = "Relay every connection to that address.", .parse = values::redirect}),
    attr<&S::rlimit_as>({.name = "rlimit_as", .synopsis = "SIZE|UNLIMITED", .initial = "the daemon's",
        .text = "Address space of the server in bytes, with K or M.", .parse = values::rlimit_as}),
    attr<&S::rlimit_cpu>({.name = "rlimit_cpu", .synopsis = "SECONDS|UNLIMITED", .initial = "the daemon's",
        .text = "Processor time of the server.", .parse = values::rlimit_cpu}),
    attr<&S::rlimit_data>({.name = "rlimit_data", .synopsis = "SIZE|UNLIMITED", .initial = "the daemon's",
        .text = "Data segment of the server in bytes, with K or M.", .parse = values::rlimit_data}),
    attr<&S::rlimit_files>({.name = "rlimit_files", .synopsis = "NUMBER|UNLIMITED",
        .initial = "the daemon's hard limit", .text = "How many descriptors the server may have open.",
        .parse = values::rlimit_files}),
    attr<&S::rlimit_rss>({.name = "rlimit_rss", .synopsis = "SIZE|UNLIMITED", .initial = "the daemon's",
        .text = "Resident memory of the server in bytes, with K or M.", .parse = values::rlimit_rss}),
    attr<&S::rlimit_stack>({.name = "rlimit_stack", .synopsis = "SIZE|UNLIMITED", .initial = "the daemon's",
        .text = "Stack of the server in bytes, with K or M.", .parse = values::rlimit_stack}),
    attr<&S::rpc_number>({.name = "rpc_number", .on_change = rebind, .effect = planned, .synopsis = "NUMBER",
        .initial = "from /etc/rpc", .text = "The program number of an unlisted RPC service.",
        .parse = values::rpc_number}),
    attr<&S::rpc_version>({.name = "rpc_version", .effect = planned, .synopsis = "N[-M]", .initial = "required for RPC",
        .text = "The versions that an RPC service registers.", .parse = values::rpc_version}),
    attr<&S::server>({.name = "server", .synopsis = "PATH", .initial = "required",
        .text = "The program to start; it must be executable when the configuration is read.",
        .difference = "A directory is refused.", .parse = values::server}),
    attr<&S::server_args>({.name = "server_args", .most = -1, .synopsis = "WORD ...", .initial = "none",
        .text = "Arguments after the program's name, or with NAMEINARGS the name too.",
        .parse = values::words<&S::server_args>}),
    attr<&S::socket_type>({.name = "socket_type", .on_change = rebind, .synopsis = "stream|dgram|raw|seqpacket",
        .initial = "from the protocol", .text = "The kind of socket.", .parse = values::socket_type}),
    attr<&S::type>({.name = "type", .most = -1, .on_change = rebind,
        .synopsis = "RPC INTERNAL TCPMUX TCPMUXPLUS UNLISTED ...", .initial = "none",
        .text = "UNLISTED: not in /etc/services, so that port is needed; INTERNAL: served by the daemon itself.",
        .parse = values::type}),
    attr<&S::umask>({.name = "umask", .where = both, .synopsis = "OCTAL",
        .initial = "the daemon's, with 022", .text = "The file creation mask of the server.",
        .parse = values::umask}),
    attr<&S::user>({.name = "user", .synopsis = "NAME|NUMBER", .initial = "required",
        .text = "The user the server runs as.", .parse = values::user}),
    attr<&S::v6only>({.name = "v6only", .where = both, .on_change = rebind, .synopsis = "yes|no", .initial = "no",
        .text = "yes keeps IPv4 peers from an IPv6 socket.", .difference = "no means no.",
        .parse = values::boolean<&S::v6only>}),
    attr<&S::wait>({.name = "wait", .on_change = rebind, .synopsis = "yes|no", .initial = "required",
        .text = "yes gives the socket itself to one server at a time; no starts a server for each connection.",
        .difference = "An external dgram service must wait.", .parse = values::wait}),
};

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

void ValueContext::report(Level level, const Assignment& line, int index, std::string sentence,
                          std::string suggestion) const {
  const bool about_value = index >= 0 && static_cast<std::size_t>(index) < line.values.size();
  const auto& value = about_value ? line.values[static_cast<std::size_t>(index)].text : line.name;
  const int column = about_value ? line.values[static_cast<std::size_t>(index)].column : line.column;
  diagnostics.add({level, {entry.place.file, line.line, column}, std::move(sentence), line.line_text,
                   static_cast<int>(value.size()), std::move(suggestion), entry.name});
}

}  // namespace xsuperd::config
