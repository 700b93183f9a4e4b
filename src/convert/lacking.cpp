// SPDX-License-Identifier: MIT
// What an entry of xinetd.conf can say and no unit can.
#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "convert/environment_file.hpp"
#include "convert/units.hpp"
#include "xsuperd/base/text.hpp"
#include "xsuperd/config/attribute.hpp"

namespace xsuperd::convert {

namespace {

using config::Flag;
using config::Kind;
using config::LogTarget;
using config::Service;
using config::SuccessOption;
using S = const Service&;

struct Lacking {
  std::string_view attribute;
  Weight weight;
  bool (*given)(S);
  std::string_view sentence;
  bool protects = false;  ///< without it the service is open to more, or to more at a time
};

bool logs_to_file(S s) { return s.settings.log_type && s.settings.log_type->kind == LogTarget::Kind::file; }
bool logs_to_syslog(S s) { return s.settings.log_type && s.settings.log_type->kind == LogTarget::Kind::syslog; }
/// Limits that hold for connections, where systemd accepts none.
bool unaccepted(S s) { return !systemd_accepts(s) && !s.wait; }
bool limited(const std::optional<config::Limit>& limit) { return limit && !limit->is_unlimited(); }

/// Has it a socket whose peers have no address?
bool beyond_ip(S s) { return s.listens_at(config::ListenSpec::Kind::local) || s.listens_at(config::ListenSpec::Kind::vsock); }

/// Connections, whose peers may say nothing.
bool times_peers(S s) { return !s.wait && s.listen.socket_type == config::SocketType::stream; }
bool queues(S s) { return s.settings.queue && s.settings.queue->number > 0; }
/// Limits that systemd has, too, and beyond which it closes connections.
bool counted(S s) { return limited(s.settings.instances) || limited(s.settings.per_source); }
bool groups_sources(S s) { return s.settings.source_prefix && *s.settings.source_prefix != config::SourcePrefix{}; }

bool is_root_inside(S s) {
  return s.starts_programs() && s.settings.user_namespace.value_or(false) && s.settings.dynamic_user.value_or(false) && s.settings.user && s.settings.user->uid == 0;
}

constexpr Lacking table[]{
    {"access_times", Weight::loss, [](S s) { return s.settings.access_times.has_value(); },
     "access_times: systemd cannot limit a socket to times of day; the service is always open", true},
    {"cps", Weight::loss,
     [](S s) { return s.kind == Kind::redirect && s.settings.cps && s.rate().connections > 0; },
     "cps: systemd counts the starts of the relay, not its connections", true},
    {"max_load", Weight::loss, [](S s) { return s.settings.max_load.value_or(0) > 0; },
     "max_load: systemd does not consider the load", true},
    {"per_source_rate", Weight::loss,
     [](S s) { return s.settings.per_source_rate && s.settings.per_source_rate->connections > 0; },
     "per_source_rate: systemd does not limit how often a peer connects", true},
    {"fleet_per_source", Weight::loss, [](S s) { return limited(s.settings.fleet_per_source); },
     "fleet_per_source: systemd knows of no other hosts", true},
    {"fleet_rate", Weight::loss, [](S s) { return s.settings.fleet_rate && !s.settings.fleet_rate->is_unlimited(); },
     "fleet_rate: systemd knows of no other hosts", true},
    {"per_source", Weight::loss,
     [](S s) { return limited(s.settings.per_source) && (unaccepted(s) || s.settings.per_source->value == 0); },
     "per_source: MaxConnectionsPerSource= cannot express this here", true},
    {"source_prefix", Weight::loss, [](S s) { return groups_sources(s) && limited(s.settings.per_source); },
     "source_prefix: MaxConnectionsPerSource= counts each address by itself", true},
    {"source_prefix", Weight::loss, [](S s) { return groups_sources(s) && !limited(s.settings.per_source); },
     "source_prefix: systemd counts each address by itself"},
    {"limit_exempt", Weight::loss, [](S s) { return s.settings.limit_exempt && !s.settings.limit_exempt->empty(); },
     "limit_exempt: systemd's limits apply to everybody"},
    {"rate", Weight::loss, [](S s) { return s.kind == Kind::redirect && s.settings.rate.has_value(); },
     "rate: systemd counts the starts of the relay, not its connections", true},
    {"queue", Weight::loss, [](S s) { return queues(s) && counted(s); },
     "queue: systemd closes connections beyond MaxConnections= and MaxConnectionsPerSource=, and lets none of them wait"},
    {"queue", Weight::note, [](S s) { return queues(s) && !counted(s); },
     "queue: under systemd, connections wait in the kernel, in as long a queue as Backlog= allows"},
    {"ban_on", Weight::loss, [](S s) { return s.settings.ban_on && !s.settings.ban_on->empty(); },
     "ban_on: systemd bans nobody", true},
    {"ban_crowdsec", Weight::loss, [](S s) { return s.settings.ban_crowdsec.has_value(); },
     "ban_crowdsec: systemd does not know whom CrowdSec has banned"},
    {"ban_file", Weight::loss, [](S s) { return s.settings.ban_file.has_value(); }, "ban_file: systemd keeps no list of bans"},
    {"ban_nft", Weight::loss, [](S s) { return s.settings.ban_nft.has_value(); }, "ban_nft: systemd tells no firewall whom it has refused"},
    {"ban_share", Weight::loss, [](S s) { return s.settings.ban_share && !s.settings.ban_share->empty(); },
     "ban_share: systemd does not know whom other hosts have banned"},
    {"penalty", Weight::loss, [](S s) { return s.settings.penalty && !s.settings.penalty->empty(); },
     "penalty: systemd keeps no account of what a peer has done", true},
    {"penalty_range", Weight::loss, [](S s) { return s.settings.penalty_range.has_value(); },
     "penalty_range: systemd has no penalties"},
    {"runtime_max", Weight::loss, [](S s) { return s.kind == Kind::redirect && s.settings.runtime_max.has_value(); },
     "runtime_max: systemd would end the relay, and all connections with it", true},
    {"idle_timeout", Weight::loss, [](S s) { return times_peers(s) && s.settings.idle_timeout.has_value(); },
     "idle_timeout: systemd does not notice that a connection is idle", true},
    {"first_data_timeout", Weight::loss, [](S s) { return times_peers(s) && s.settings.first_data_timeout.has_value(); },
     "first_data_timeout: systemd starts a server for a peer that says nothing, and leaves it", true},
    {"banner", Weight::loss, [](S s) { return s.settings.banner && !s.wait; },
     "banner: systemd sends no text of its own"},
    {"banner_success", Weight::loss, [](S s) { return s.settings.banner_success && !s.wait; },
     "banner_success: systemd sends no text of its own"},
    {"banner_fail", Weight::loss, [](S s) { return s.settings.banner_fail && !s.wait; },
     "banner_fail: systemd sends no text of its own"},
    {"flags", Weight::loss, [](S s) { return s.has(Flag::idonly); },
     "flags, IDONLY: systemd asks no identity server; peers without one are admitted", true},
    {"flags", Weight::note, [](S s) { return s.has(Flag::labeled); },
     "flags, LABELED: SELinuxContextFromNet= takes the label of the connection in systemd's own way"},
    {"conn_env", Weight::loss, [](S s) { return !s.connection_variables.empty(); },
     "conn_env: systemd gives a server REMOTE_ADDR and REMOTE_PORT, and none of the other variables"},
    {"expand", Weight::loss, [](S s) { return !s.argument_patterns.empty(); },
     "expand: systemd puts no facts about a connection into arguments; the server gets the names as they are written"},
    {"proxy_from", Weight::loss, [](S s) { return s.proxied(); },
     "proxy_from: systemd reads no header of the PROXY protocol; servers get it, and the proxy is the peer", true},
    {"real_peer", Weight::loss, [](S s) { return s.proxied() && shows_real_peer(s); },
     "real_peer: with systemd the proxy is the peer of a server's socket"},
    {"linger", Weight::loss, [](S s) { return s.lingers(); },
     "linger: systemd closes a connection with its server; a server that does not read its request resets its peer"},
    {"mdns", Weight::loss, [](S s) { return s.settings.mdns.value_or(false); }, "mdns: systemd announces no services"},
    {"log_on_failure", Weight::loss,
     [](S s) { return s.settings.log_on_failure && !s.settings.log_on_failure->empty(); },
     "log_on_failure: systemd does not log refused peers"},
    {"log_on_success", Weight::loss,
     [](S s) { return s.logs(SuccessOption::userid) || s.logs(SuccessOption::traffic); },
     "log_on_success: systemd has nothing like USERID and TRAFFIC"},
    {"log_on_success", Weight::note,
     [](S s) { return s.settings.log_on_success && !s.settings.log_on_success->empty(); },
     "log_on_success: the journal records starts and ends in systemd's own words"},
    {"log_type", Weight::loss, logs_to_file, "log_type: systemd logs to its journal, not to a file"},
    {"log_type", Weight::note, logs_to_syslog, "log_type: systemd logs to its journal, which may forward it to syslog"},
    {"event_log", Weight::loss,
     [](S s) { return s.settings.event_log && s.settings.event_log->kind != config::EventTarget::Kind::none; },
     "event_log: the journal records starts and ends of units in systemd's own fields, and no refusals"},
    {"redirect", Weight::note, [](S s) { return s.kind == Kind::redirect; },
     "redirect: systemd-socket-proxyd ends both directions when one of them ends"},
    {"redirect_proxy", Weight::loss, [](S s) { return s.kind == Kind::redirect && redirect_proxy(s) != config::RedirectProxy::no; },
     "redirect_proxy: systemd-socket-proxyd sends no header; its target takes this host for the peer"},
    {"only_from", Weight::loss, [](S s) { return s.settings.only_from && beyond_ip(s); },
     "only_from: systemd admits everybody who does not come over IP", true},
    {"only_uid", Weight::loss, [](S s) { return s.settings.only_uid.has_value(); },
     "only_uid: systemd does not ask who connects to a UNIX socket; SocketMode= and SocketUser= limit that", true},
    {"only_gid", Weight::loss, [](S s) { return s.settings.only_gid.has_value(); },
     "only_gid: systemd does not ask who connects to a UNIX socket; SocketMode= and SocketGroup= limit that", true},
    {"only_cid", Weight::loss, [](S s) { return s.settings.only_cid.has_value(); },
     "only_cid: systemd does not compare context ids", true},
    {"dynamic_user", Weight::note, [](S s) { return s.starts_programs() && s.settings.dynamic_user.value_or(false); },
     "dynamic_user: DynamicUser= also makes all files read-only but /tmp, which is private, and forbids new privileges"},
    {"dynamic_uids", Weight::note, [](S s) { return s.starts_programs() && s.settings.dynamic_uids && s.settings.dynamic_user.value_or(false); },
     "dynamic_uids: systemd chooses the user id from a range of its own"},
    {"user_namespace", Weight::loss, is_root_inside,
     "user_namespace: under systemd the server is not root in its namespace, but the user of DynamicUser="},
    {"sandbox", Weight::loss, [](S s) { return s.starts_programs() && s.settings.sandbox > config::Sandbox::basic; },
     "sandbox: what it gives a server of its own has no equivalent, apart from what its attributes say by themselves", true},
    {"tcp_connect", Weight::loss, [](S s) { return s.starts_programs() && s.settings.tcp_connect && !s.settings.tcp_connect->any; },
     "tcp_connect: systemd limits to which addresses a server connects, not to which ports", true},
    {"conn_env", Weight::loss, [](S s) { return s.settings.conn_env.value_or(config::ConnEnv::xinetd) != config::ConnEnv::xinetd; },
     "conn_env: of a connection systemd sets REMOTE_ADDR and REMOTE_PORT only"},
    {"expand", Weight::loss, [](S s) { return s.settings.expand.value_or(false); },
     "expand: systemd has no names for facts about the connection in arguments"},
    {"libwrap", Weight::loss, [](S s) { return s.settings.libwrap.has_value() && s.asks_libwrap(); },
     "libwrap: systemd does not consult hosts.allow and hosts.deny; tcpd as the program of ExecStart= would", true},
};

/// The attributes that are written in several lines, are in the table, or mean nothing to a unit.
constexpr std::string_view known[]{
    "access_policy", "access_times", "backlog", "ban_crowdsec", "ban_crowdsec_ca", "ban_exempt", "ban_file", "ban_limit", "ban_nft", "ban_on", "ban_prefix", "ban_share", "ban_share_ca", "ban_share_password", "ban_time", "banner", "banner_fail", "banner_success", "bind", "bind_device",
    "capabilities", "conn_env", "cps", "cps_window", "defer_accept", "deny_time", "disable", "disabled", "dynamic_uids", "dynamic_user", "enabled", "env",
    "event_log", "expand", "first_data_timeout", "flags", "fleet_per_source", "fleet_rate", "freebind", "group", "groups", "id", "idle_timeout", "instances", "keepalive",
    "kill_grace", "libwrap", "limit_exempt", "linger", "listen", "log_on_failure", "log_on_success", "log_type", "mark",
    "max_load", "mdns", "mptcp", "no_access", "no_new_privileges", "only_cert", "only_cid", "only_from", "only_gid", "only_uid", "pass_fds",
    "passenv", "penalty", "penalty_range", "per_source", "per_source_rate", "port", "protocol", "proxy_from", "proxy_timeout", "queue",
    "rate", "real_peer", "receive_buffer", "redirect", "redirect_proxy", "redirect_tls",
    "reload_policy", "removed_sessions", "rpc_number", "rpc_version", "runtime_max", "sandbox", "send_buffer", "server",
    "server_args", "socket_group", "socket_mode", "socket_owner", "socket_type", "source_prefix", "stderr", "system_call_action",
    "system_calls", "tcp_connect", "tls", "tls_alpn", "tls_cert", "tls_ciphers", "tls_client_ca", "tls_client_cert", "tls_client_crl", "tls_handover", "tls_key",
    "tls_sni", "tls_sni_strict", "tls_timeout", "tls_versions", "tos", "type", "user", "user_namespace", "v6only", "wait"};

bool is_known(std::string_view attribute) {
  return has_directive(attribute) || std::find(std::begin(known), std::end(known), attribute) != std::end(known);
}

/// systemd passes over a line that is not UTF-8.
bool is_utf8(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto lead = static_cast<unsigned char>(text[i]);
    const std::size_t more = lead < 0x80 ? 0 : lead < 0xc2 ? 9 : lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : lead < 0xf5 ? 3 : 9;
    if (more == 9 || text.size() - i <= more) return false;
    for (std::size_t k = 1; k <= more; ++k)
      if ((static_cast<unsigned char>(text[i + k]) & 0xc0) != 0x80) return false;
    i += more;
  }
  return true;
}

std::string no_program(S s) {
  const std::string& path = *s.settings.server;
  if (!path.starts_with("/"))
    return fmt::format("its server, {}, is not an absolute path, and systemd would {}", base::escaped(path, 100),
                       path.find('/') == path.npos ? "look for it in directories of its own" : "refuse the unit");
  if (!is_utf8(path) || !std::all_of(s.argv.begin(), s.argv.end(), is_utf8))
    return "systemd ignores a command line that is not UTF-8";
  return {};
}

}  // namespace

std::string no_units(S s) {
  using config::SocketType;
  using config::Type;
  const std::string& protocol = s.listen.protocol.name;
  if (s.has(Flag::sensor)) return "sensors have no equivalent in systemd";
  if (s.is(Type::internal)) return "xinetd's internal services have no equivalent in systemd";
  if (s.tls()) return "systemd speaks no TLS, and its peers would be served in plain text";
  if (calls_with_tls(s)) return "systemd-socket-proxyd speaks no TLS, and the target would get everything in plain text";
  if (s.is(Type::rpc)) return "systemd registers no service with rpcbind";
  if (s.kind == Kind::tcpmux) return "systemd has no tcpmux";
  const bool packets = s.listen.socket_type == SocketType::seqpacket && protocol == "unix";
  if (s.listen.socket_type != SocketType::stream && s.listen.socket_type != SocketType::dgram && !packets)
    return "systemd has stream and datagram sockets for internet protocols only";
  if (!packets && protocol != "tcp" && protocol != "udp" && protocol != "udplite" && protocol != "sctp")
    return fmt::format("systemd has no sockets of protocol {}", base::escaped(protocol, 100));
  const auto places = s.places();
  const auto chosen = [](const config::ListenSpec& one) { return one.kind == config::ListenSpec::Kind::ip && one.at.port == 0; };
  if (std::ranges::any_of(places, chosen)) return "systemd does not let the system choose a port";
  if (!places.empty() && std::ranges::none_of(places, has_place)) return "systemd has no sockets like those of its listen";
  if (s.kind == Kind::program && s.settings.server) return no_program(s);
  return {};
}

bool is_unit_variable(std::string_view name, std::string_view value) { return is_variable_name(name) && is_utf8(value); }

bool systemd_accepts(S s) {
  const bool connections = s.listen.socket_type == config::SocketType::stream || s.listen.socket_type == config::SocketType::seqpacket;
  return s.kind == Kind::program && !s.wait && connections;
}

void report_lacking(const UnitContext& c) {
  for (const Lacking& row : table) {
    if (!row.given(c.service)) continue;
    c.report.add(row.weight, c.place(row.attribute), std::string(row.sentence));
    if (row.protects) c.unprotected.emplace_back(row.attribute);
  }
  for (const config::Attribute& row : config::attributes()) {
    if (is_known(row.name) || !row.is_set(c.service.settings)) continue;
    c.report.loss(c.place(row.name), fmt::format("{}: systemd has nothing like it", row.name));
    c.unprotected.emplace_back(row.name);
  }
  if (!c.wraps || !c.service.asks_libwrap() || c.service.settings.libwrap) return;
  c.report.loss(c.service.place,
                "hosts.allow and hosts.deny on this machine have rules, which systemd does not consult; "
                "tcpd as the program of ExecStart= would");
  c.unprotected.emplace_back("hosts.allow");
}

}  // namespace xsuperd::convert
