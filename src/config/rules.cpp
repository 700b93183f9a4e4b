// SPDX-License-Identifier: MIT
#include "config/rules.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "config/tls_rules.hpp"
#include "xsuperd/base/text.hpp"
#include "xsuperd/config/attribute.hpp"
#include "xsuperd/config/vocabulary.hpp"

namespace xsuperd::config {

namespace {

using S = const Service&;

std::string missing(S s, std::string_view attribute) {
  return fmt::format("Service {} missing attribute {} - DISABLING", s.id, attribute);
}
bool stream(S s) { return s.listen.socket_type == SocketType::stream; }
bool dgram(S s) { return s.listen.socket_type == SocketType::dgram; }
bool tcpmux_client(S s) { return s.kind == Kind::tcpmux; }
bool served_by_us(S s) { return s.kind == Kind::internal || s.kind == Kind::sensor; }

std::string_view socket_word(S s) { return word_of<SocketType>(vocabulary<SocketType>(), s.listen.socket_type); }

/// A name that an internal service has, in front of something that tells entries apart: "daytime" of "daytime-udp".
std::string internal_hint(S s);

bool has_element(S s, ListenElement::Kind kind) {
  return s.settings.listen && std::ranges::any_of(*s.settings.listen, [kind](const ListenElement& one) { return one.kind == kind; });
}
using tls_rules::says;
/// A service manager's socket may be of any kind.
bool may_have(S s, ListenElement::Kind kind) { return has_element(s, kind) || has_element(s, ListenElement::Kind::activated); }
/// Does it have a socket whose peers have no IP address, or may have none?
bool beyond_ip(S s) {
  return has_element(s, ListenElement::Kind::local) || has_element(s, ListenElement::Kind::vsock) ||
         has_element(s, ListenElement::Kind::activated) || has_element(s, ListenElement::Kind::range);
}

bool off_tcp(S s) { return has_element(s, ListenElement::Kind::local) || has_element(s, ListenElement::Kind::vsock); }
std::string nobody_counts(S s) {
  return fmt::format("Service {}: a server with wait = yes accepts for itself, and nobody counts its peers", s.id);
}
bool has_log(S s) { return s.settings.log_type && s.settings.log_type->kind != LogTarget::Kind::none; }
bool says_quiet(S s) { return says(s, "idle_timeout") || says(s, "first_data_timeout"); }

/// The attributes that confine programs.
constexpr std::string_view confining[]{"box_reuse", "cpu_quota", "cpu_weight", "memory_max", "service_cpu_quota", "service_memory_max",
                                       "service_tasks_max", "swap_max", "tasks_max", "dynamic_user", "inaccessible_paths", "private_devices", "private_ipc", "private_network",
                                       "private_pids", "private_tmp", "read_only_paths", "read_write_paths", "root_directory", "user_namespace",
                                       "capabilities",  "no_new_privileges", "rlimit_core",   "rlimit_fsize",      "rlimit_locks",  "rlimit_memlock",
                                       "rlimit_msgqueue", "rlimit_nice",     "rlimit_nproc",  "rlimit_rtprio",     "rlimit_rttime", "rlimit_sigpending",
                                       "sandbox",       "system_call_action", "system_calls", "tcp_connect"};
bool below_tmp(const std::string& path) { return path.starts_with("/tmp/") || path.starts_with("/var/tmp/"); }
/// What is to be seen and lies where the private /tmp will be; empty: nothing.
std::string hidden_by_tmp(S s) {
  const BoxSettings box = confinement_of(s).box;
  if (!box.tmp) return {};
  for (const auto& paths : {box.read_only, box.read_write})
    if (const auto found = std::ranges::find_if(paths, below_tmp); found != paths.end()) return *found;
  return {};
}
/// What a box shows and hides goes to the process that makes it in one message.
constexpr std::size_t most_path_bytes = 50'000;
std::size_t path_bytes(S s) {
  const BoxSettings box = confinement_of(s).box;
  std::size_t bytes = box.directory.size();
  for (const auto& paths : {box.read_only, box.read_write, box.inaccessible})
    for (const std::string& path : paths) bytes += path.size() + sizeof(std::uint32_t);
  return bytes;
}
bool reuses_box(S s) { return s.starts_programs() && s.settings.box_reuse.value_or(false); }

/// Is it root, or what the daemon is, in a namespace where that has to be somebody else?
bool stays_root(S s) {
  return s.starts_programs() && s.settings.user_namespace.value_or(false) && !s.settings.dynamic_user.value_or(false) && (!s.settings.user || s.settings.user->uid == 0);
}
bool names_capabilities_inside(S s) {
  const Confinement c = confinement_of(s);
  return c.user_namespace && !c.capabilities.except && c.capabilities.bits != 0;
}

template <std::size_t row>
constexpr Rule for_programs_only{Level::error, [](S s) { return !s.starts_programs() && says(s, confining[row]); },
                                 [](S s) { return fmt::format("Service {}: {} confines programs, and it starts none", s.id, confining[row]); },
                                 confining[row], [](S) -> std::string { return "take the line out; in the defaults it does no harm"; }};

constexpr std::array table{
    Rule{Level::error, [](S s) { return !s.settings.wait; }, [](S s) { return missing(s, "wait"); }, {},
     [](S s) -> std::string { return stream(s) ? "most stream servers take 'wait = no'" : "a datagram server takes 'wait = yes'"; }},
    Rule{Level::error, [](S s) { return !s.settings.user && !s.is(Type::internal); },
     [](S s) { return missing(s, "user"); }, {}, [](S) -> std::string { return "user = NAME is the user that the server runs as"; }},
    Rule{Level::error, [](S s) { return s.is(Type::rpc) && !s.settings.rpc_version; },
     [](S s) { return missing(s, "rpc_version"); }, "type"},
    Rule{Level::error, [](S s) { return s.is(Type::rpc) && s.is(Type::unlisted) && !s.settings.rpc_number; },
     [](S s) { return missing(s, "rpc_number"); }, "type"},
    Rule{Level::error, [](S s) { return s.is(Type::internal) && s.kind != Kind::sensor && !internal_exists(s.name, s.listen.socket_type); },
     [](S s) { return fmt::format("No such internal service: {}/{} - DISABLING", s.name, socket_word(s)); }, {}, internal_hint},
    Rule{Level::error, [](S s) { return s.kind == Kind::sensor && stream(s) && s.wait; },
     [](S s) { return fmt::format("Service {} is a stream SENSOR and must not wait", s.name); }, "wait",
     [](S) -> std::string { return "write 'wait = no'"; }},
    Rule{Level::error, [](S s) { return s.kind == Kind::program && dgram(s) && !s.wait; },
     [](S s) { return fmt::format("Service {} has socket_type dgram, but does not wait", s.name); }, "wait",
     [](S) -> std::string { return "a datagram server gets the socket itself: write 'wait = yes'"; }},
    Rule{Level::error,
     [](S s) {
       return s.listen.socket_type == SocketType::seqpacket && s.listen.protocol.name != "sctp" && !(s.settings.listen && s.listen.protocol.name == "unix");
     },
     [](S s) { return fmt::format("Service {}: {} has no seqpacket sockets", s.name, s.listen.protocol.name); }, "socket_type",
     [](S) -> std::string { return "only sctp has them"; }},
    Rule{Level::error, [](S s) { return s.listen.socket_type == SocketType::raw && !s.wait; },
     [](S s) { return fmt::format("Service {} has socket_type raw, but does not wait", s.name); }, "wait",
     [](S) -> std::string { return "write 'wait = yes'"; }},
    Rule{Level::error,
     [](S s) { return (stream(s) && s.listen.protocol.name == "udp") || (dgram(s) && s.listen.protocol.name == "tcp"); },
     [](S s) {
       return fmt::format("Service {}: protocol {} has no sockets of type {}", s.name, s.listen.protocol.name, socket_word(s));
     }, "protocol", [](S) -> std::string { return "tcp is for stream, udp for dgram"; }},
    Rule{Level::error, [](S s) { return tcpmux_client(s) && !s.is(Type::unlisted); },
     [](S s) { return fmt::format("Service: {} (tcpmux) should have UNLISTED in type.", s.name); }, "type"},
    Rule{Level::error, [](S s) { return tcpmux_client(s) && s.listen.protocol.name != "tcp"; },
     [](S s) { return fmt::format("Service: {} (tcpmux) should have tcp in protocol.", s.name); }, "protocol"},
    Rule{Level::error, [](S s) { return s.logs(SuccessOption::traffic) && s.kind != Kind::redirect; },
     [](S s) {
       return fmt::format("Service {} should not have TRAFFIC flag set since its not redirected", s.name);
     }, "log_on_success", [](S) -> std::string { return "bytes are counted for relayed connections only, with redirect"; }},
    Rule{Level::error, [](S s) { return s.kind == Kind::redirect && !stream(s); },
     [](S s) { return fmt::format("Only tcp sockets are supported for redirected service {}", s.name); }, "socket_type"},
    Rule{Level::error, [](S s) { return s.kind == Kind::redirect && s.wait; },
     [](S s) { return fmt::format("Redirected service {} must not wait", s.name); }, "wait",
     [](S) -> std::string { return "write 'wait = no'"; }},
    Rule{Level::error, [](S s) { return s.has(Flag::labeled) && (s.kind != Kind::program || !stream(s) || s.wait); },
     [](S s) {
       return fmt::format("Service {} cannot support labeled networking: it needs a stream server that does not wait",
                          s.id);
     }, "flags"},
    Rule{Level::error, [](S s) { return (s.steered() || (!s.knows_peer() && s.settings.only_from)) && beyond_ip(s); },
     [](S s) { return fmt::format("Service {}: a server with wait = yes accepts for itself, and access lists hold at IP addresses only", s.id); },
     "listen", [](S) -> std::string { return "write 'wait = no', or give the other sockets a service of their own"; }},
    Rule{Level::error, [](S s) { return s.wait && has_element(s, ListenElement::Kind::range); },
     [](S s) { return fmt::format("Service {}: a range of ports takes 'wait = no'", s.id); }, "listen"},
    Rule{Level::error, [](S s) { return has_element(s, ListenElement::Kind::local) && dgram(s) && s.served_by_us(); },
     [](S s) { return fmt::format("Service {}: an internal datagram service has no UNIX sockets", s.id); }, "listen"},
    Rule{Level::error, [](S s) { return !s.knows_peer() && (s.settings.only_uid || s.settings.only_gid) && may_have(s, ListenElement::Kind::local); },
     [](S s) { return fmt::format("Service {}: a server with wait = yes accepts for itself, and nobody compares users", s.id); },
     "only_uid", [](S) -> std::string { return "write 'wait = no', or use socket_owner, socket_group and socket_mode"; }},
    Rule{Level::error, [](S s) { return !s.knows_peer() && s.settings.only_cid && may_have(s, ListenElement::Kind::vsock); },
     [](S s) { return fmt::format("Service {}: a server with wait = yes accepts for itself, and nobody compares context ids", s.id); },
     "only_cid", [](S) -> std::string { return "write 'wait = no'"; }},
    Rule{Level::warning, [](S s) { return says(s, "mptcp") && s.settings.mptcp.value_or(false) && s.wait && stream(s); },
     [](S s) { return fmt::format("mptcp has no effect: the server of service {} gets the socket itself, and may not know it", s.id); }, "mptcp"},
    Rule{Level::error, [](S s) { return says(s, "queue") && (s.wait || dgram(s)); },
     [](S s) { return fmt::format("Service {}: only connections can wait in a queue, and those of a server with wait = yes are its own", s.id); },
     "queue", [](S s) -> std::string { return dgram(s) ? "" : "write 'wait = no'"; }},
    Rule{Level::error, [](S s) { return s.hands_over() && stream(s) && says(s, "rate"); }, nobody_counts, "rate",
     [](S) -> std::string { return "write 'wait = no'"; }},
    Rule{Level::error, [](S s) { return s.hands_over() && stream(s) && says(s, "penalty"); }, nobody_counts, "penalty",
     [](S) -> std::string { return "write 'wait = no'"; }},
    Rule{Level::error, [](S s) { return s.hands_over() && stream(s) && says(s, "ban_on"); }, nobody_counts, "ban_on",
     [](S) -> std::string { return "write 'wait = no'"; }},
    Rule{Level::error, [](S s) { return (s.wait || !stream(s)) && says_quiet(s); },
     [](S s) { return fmt::format("Service {}: idle_timeout and first_data_timeout are for connections of stream services with wait = no", s.id); },
     "idle_timeout"},
    Rule{Level::error, [](S s) { return !s.wait && stream(s) && says_quiet(s) && (s.listen.protocol.name != "tcp" || off_tcp(s)); },
     [](S s) { return fmt::format("Service {}: idle_timeout and first_data_timeout are for TCP connections only", s.id); }, "idle_timeout",
     [](S) -> std::string { return "give the other sockets a service of their own; runtime_max is for all of them"; }},
    Rule{Level::warning, [](S s) { return says_quiet(s) && s.settings.mptcp.value_or(false); },
     [](S s) { return fmt::format("Service {}: idle_timeout and first_data_timeout have no effect on connections of peers that use MPTCP", s.id); },
     "mptcp"},
    Rule{Level::error, [](S s) { return says(s, "proxy_from") && (s.wait || !stream(s)); },
     [](S s) { return fmt::format("Service {}: proxy_from is for stream services with wait = no", s.id); }, "proxy_from",
     [](S s) -> std::string { return stream(s) ? "write 'wait = no': a server with wait = yes accepts for itself" : "a datagram has no header"; }},
    Rule{Level::error, [](S s) { return says(s, "proxy_from") && tcpmux_client(s); },
     [](S s) { return fmt::format("Service {}: who comes through tcpmux has been asked by the service tcpmux", s.id); }, "proxy_from",
     [](S) -> std::string { return "write it there"; }},
    Rule{Level::warning, [](S s) { return says(s, "real_peer") && s.settings.real_peer.value_or(false) && !(shows_real_peer(s) && (s.proxied() || tcpmux_client(s))); },
     [](S s) { return fmt::format("real_peer has no effect: service {} has {}", s.id, shows_real_peer(s) ? "no proxy_from" : "no server with wait = no"); },
     "real_peer"},
    Rule{Level::warning, [](S s) { return says(s, "redirect_proxy") && redirect_proxy(s) != RedirectProxy::no && s.kind != Kind::redirect; },
     [](S s) { return fmt::format("redirect_proxy has no effect: service {} is not redirected", s.id); }, "redirect_proxy"},
    Rule{Level::error, [](S s) { return !hidden_by_tmp(s).empty(); },
     [](S s) { return fmt::format("Service {}: {} would not be seen, because the private /tmp hides it", s.id, hidden_by_tmp(s)); }, "private_tmp",
     [](S) -> std::string { return "put it elsewhere, or write 'private_tmp = no'"; }},
    Rule{Level::error, [](S s) { return reuses_box(s) && !confinement_of(s).box.pids; },
     [](S s) { return fmt::format("Service {}: box_reuse = yes needs private_pids = yes", s.id); }, "box_reuse",
     [](S) -> std::string { return "what a server leaves behind could not be told from other processes"; }},
    Rule{Level::error, [](S s) { return reuses_box(s) && confinement_of(s).calls.base != SystemCalls::Base::strict; },
     [](S s) { return fmt::format("Service {}: box_reuse = yes needs system_calls = @strict", s.id); }, "box_reuse",
     [](S) -> std::string { return "other calls leave things behind that the next connection would find"; }},
    Rule{Level::error, [](S s) { return reuses_box(s) && confinement_of(s).capabilities.allowed() != 0; },
     [](S s) { return fmt::format("Service {}: box_reuse = yes needs capabilities = none", s.id); }, "box_reuse",
     [](S) -> std::string { return "with capabilities a server could change its box for the next connection"; }},
    Rule{Level::warning, [](S s) { return s.settings.sandbox == Sandbox::strict && s.starts_programs() && s.settings.user && s.settings.user->uid == 0 && !s.settings.dynamic_user.value_or(false); },
     [](S s) { return fmt::format("Service {}: sandbox = strict and user = root: without capabilities root still owns the host's files", s.id); }, "sandbox",
     [](S) -> std::string { return "give it another user, or 'dynamic_user = yes'"; }},
    Rule{Level::error, stays_root, [](S s) { return fmt::format("Service {}: root of a user namespace must be somebody else outside", s.id); }, "user_namespace",
     [](S) -> std::string { return "write 'dynamic_user = yes', which takes an unprivileged user id from dynamic_uids, or give it another user"; }},
    Rule{Level::warning, names_capabilities_inside,
     [](S s) { return fmt::format("Service {}: with user_namespace = yes capabilities have no power over files, network and processes of the host", s.id); },
     "user_namespace"},
    Rule{Level::error, [](S s) { return s.settings.expand.value_or(false) && s.wait; },
     [](S s) { return fmt::format("Service {}: a server with wait = yes accepts for itself, and its arguments cannot tell of a connection", s.id); },
     "expand", [](S) -> std::string { return "write 'wait = no', or 'expand = no'"; }},
    Rule{Level::error, [](S s) { return path_bytes(s) > most_path_bytes; },
     [](S s) { return fmt::format("Service {}: the paths of its box take {} bytes; at most {} are possible", s.id, path_bytes(s), most_path_bytes); },
     "inaccessible_paths", [](S) -> std::string { return "name directories in place of the files in them"; }},
    Rule{Level::warning, [](S s) { return s.settings.expand.value_or(false) && !s.has_connections(); },
     [](S s) { return fmt::format("expand has no effect: service {} has no server", s.id); }, "expand"},
    Rule{Level::warning,
     [](S s) { return says(s, "conn_env") && s.settings.conn_env != ConnEnv::xinetd && !s.has_connections(); },
     [](S s) { return fmt::format("conn_env has no effect: service {} has no server with wait = no", s.id); }, "conn_env"},
    Rule{Level::warning, [](S s) { return s.hands_over() && dgram(s) && (s.settings.only_uid || s.settings.only_gid) && may_have(s, ListenElement::Kind::local); },
     [](S s) { return fmt::format("Service {}: only the user who sends the datagram that starts its server is compared; as long as it runs, it takes those of everybody", s.id); },
     "only_uid", [](S) -> std::string { return "use socket_owner, socket_group and socket_mode as well"; }},
    Rule{Level::warning, [](S s) { return s.settings.pass_fds == PassFds::systemd && !s.passes_fds(); },
     [](S s) { return fmt::format("pass_fds has no effect: service {} has no server with wait = yes", s.id); }, "pass_fds"},
    Rule{Level::warning, [](S s) { return says(s, "stderr") && !s.starts_programs(); },
     [](S s) { return fmt::format("stderr has no effect: service {} starts no programs", s.id); }, "stderr"},
    Rule{Level::warning, [](S s) { return s.starts_programs() && s.error_output() == ErrorOutput::log && !has_log(s); },
     [](S s) { return fmt::format("Service {}: stderr = log writes nothing, as the service has no log", s.id); }, "stderr",
     [](S) -> std::string { return "write log_type, here or in the defaults"; }},
    Rule{Level::error,
     [](S s) { return says(s, "no_new_privileges") && !*s.settings.no_new_privileges && confinement_of(s).no_new_privileges; },
     [](S s) { return fmt::format("Service {}: no_new_privileges cannot be no where system_calls or tcp_connect restrict something", s.id); },
     "no_new_privileges", [](S) -> std::string { return "write 'no_new_privileges = yes', or 'system_calls = all' and 'tcp_connect = any'"; }},
    Rule{Level::warning, [](S s) { return s.has(Flag::labeled) && confinement_of(s).no_new_privileges; },
     [](S s) { return fmt::format("Service {}: without new privileges, SELinux changes the context of a server only where its policy allows nnp_transition", s.id); },
     "flags"},
    Rule{Level::warning, [](S s) { return s.has(Flag::intercept) && served_by_us(s); },
     [](S s) { return fmt::format("Internal services cannot be intercepted: {}", s.id); }, "flags",
     [](S) -> std::string { return "every peer is checked anyway, without INTERCEPT"; }},
    Rule{Level::warning, [](S s) { return s.has(Flag::intercept) && !s.wait && !served_by_us(s); },
     [](S s) { return fmt::format("Multi-threaded services cannot be intercepted: {}", s.id); }, "flags",
     [](S) -> std::string { return "with 'wait = no' every peer is checked anyway, without INTERCEPT"; }},
};

constexpr std::string_view both_kinds[]{"echo", "discard", "chargen", "daytime", "time"};
constexpr std::string_view stream_only[]{"tcpmux", "servers", "services", "xadmin", "metrics", "dashboard"};

std::string internal_hint(S s) {
  for (const auto names : {std::span<const std::string_view>(both_kinds), std::span<const std::string_view>(stream_only)})
    for (const std::string_view one : names) {
      if (base::iequals(one, s.name)) return fmt::format("{} is an internal service for streams only", one);
      const bool begins = s.name.size() > one.size() && base::iequals(s.name.substr(0, one.size()), one);
      if (begins) return fmt::format("the name selects the internal service: write 'service {}' and in it 'id = {}'", one, s.name);
    }
  return fmt::format("the internal services are {}, {}", fmt::join(both_kinds, ", "), fmt::join(stream_only, ", "));
}

}  // namespace

std::span<const Rule> rules() {
  static constexpr auto all = []<std::size_t... row>(std::index_sequence<row...>) {
    std::array<Rule, table.size() + tls_rules::table.size() + sizeof...(row)> joined;
    const auto behind = std::ranges::copy(table, joined.begin()).out;
    const auto rest = std::ranges::copy(tls_rules::table, behind).out;
    std::ranges::copy(std::array{for_programs_only<row>...}, rest);
    return joined;
  }(std::make_index_sequence<std::size(confining)>{});
  return all;
}

bool internal_exists(std::string_view name, SocketType type) {
  if (type != SocketType::stream && type != SocketType::dgram) return false;
  for (const std::string_view one : both_kinds)
    if (base::iequals(one, name)) return true;
  for (const std::string_view one : stream_only)
    if (base::iequals(one, name)) return type == SocketType::stream;
  return false;
}

}  // namespace xsuperd::config
