// SPDX-License-Identifier: MIT
#pragma once
#include <sys/types.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "xsuperd/base/shared_words.hpp"
#include "xsuperd/config/settings.hpp"

/// The configuration as values. Nothing here changes after the loader has built it; it is shared between threads as
/// shared_ptr<const ...>. State (counters, sockets, processes) lives in service::State, never here.
namespace xsuperd::config {

class Reading;

using SharedWords = base::SharedWords;

/// What answers an admitted request.
enum class Kind : std::uint8_t {
  program,   ///< a server of the user's
  internal,  ///< echo, daytime, ...
  redirect,  ///< a relay
  sensor,    ///< nothing: recording the peer is all
  tcpmux,    ///< a program or internal service reached through tcpmux only; never listens (fact B4.7)
};

/// The maximum number of sockets of a service.
inline constexpr std::size_t most_endpoints = 64;

/// One service, complete: parsed, merged with the defaults, checked, every name looked up.
struct Service {
  std::string name;
  std::string id;  ///< key in logs, lists and reloads; compared ignoring case (fact B2.8)
  Place place;     ///< its `service` line
  Settings settings;

  Kind kind = Kind::program;
  ListenSpec listen;             ///< its first endpoint; kind of socket and protocol are those of all
  std::vector<ListenSpec> also;  ///< further endpoints, one State over all of them
  bool of_inetd = false;         ///< a line of inetd.conf (decision B15.33)
  bool wait = false;
  Words argv;         ///< argv[0] included
  SharedWords environment;  ///< "NAME=value", without REMOTE_HOST
  /// With conn_env: indices of connection_variables() that its servers get; `environment` has no such names.
  std::vector<std::uint8_t> connection_variables;
  std::vector<ArgumentPattern> argument_patterns;  ///< with expand: of all of argv; else empty
  std::vector<gid_t> supplementary_groups;
  SharedOffer offer;        ///< with tls: what its files said
  SharedOffer target_offer; ///< with redirect_tls: how its target is spoken to
  bool common_log = false;  ///< the FILE of the defaults, shared by all (fact B3.45)
  /// What bind says, if it had no address when the configuration was read: the name of a host, or an address in a zone.
  /// Until it has one the service stays closed (decision B15.24), and `listen.at.address` says nothing. Empty: nothing.
  std::string waits_for;

  /// All its endpoints; none as long as it waits for an address, and for what is reached through tcpmux.
  [[nodiscard]] std::vector<ListenSpec> places() const {
    if (kind == Kind::tcpmux || !waits_for.empty()) return {};
    std::vector<ListenSpec> all{listen};
    all.insert(all.end(), also.begin(), also.end());
    return all;
  }
  /// Does it have a place of that kind?
  [[nodiscard]] bool listens_at(ListenSpec::Kind kind) const {
    const auto is = [kind](const ListenSpec& one) { return one.kind == kind; };
    return this->kind != Kind::tcpmux && waits_for.empty() && (is(listen) || std::any_of(also.begin(), also.end(), is));
  }
  /// Can peers of that family come in at one of them?
  [[nodiscard]] bool reached_from(base::Address::Family family) const {
    return listen.reached_from(family) ||
           std::any_of(also.begin(), also.end(), [family](const ListenSpec& one) { return one.reached_from(family); });
  }
  [[nodiscard]] bool has(Flag f) const { return settings.flags && settings.flags->has(f); }
  [[nodiscard]] bool is(Type t) const { return settings.type && settings.type->has(t); }
  [[nodiscard]] bool logs(SuccessOption o) const {
    return settings.log_on_success && settings.log_on_success->has(o);
  }
  [[nodiscard]] bool logs(FailureOption o) const {
    return settings.log_on_failure && settings.log_on_failure->has(o);
  }
  [[nodiscard]] AccessPolicy access_policy() const {
    return settings.access_policy.value_or(AccessPolicy::refuse_both);
  }
  /// Does the daemon learn who asks before the server does? Not where the server accepts (fact B4.37).
  [[nodiscard]] bool knows_peer() const { return !wait || listen.socket_type == SocketType::dgram; }
  /// The server gets the service's own socket, and nothing is taken from it before: wait = yes with a program.
  [[nodiscard]] bool hands_over() const { return wait && kind == Kind::program; }
  /// Do its connections stay open after their server has ended, until the peer closes them?
  [[nodiscard]] bool lingers() const {
    return !wait && !served_by_us() && listen.socket_type == SocketType::stream && settings.linger.value_or(0) > 0;
  }
  /// Does each of its servers get a connection of its own, of which it can be told?
  [[nodiscard]] bool has_connections() const { return !wait && (kind == Kind::program || kind == Kind::tcpmux); }
  /// Do its connections begin with TLS?
  [[nodiscard]] bool tls() const { return settings.tls.value_or(false); }
  /// May peers come to it through a proxy that says for whom it speaks?
  [[nodiscard]] bool proxied() const {
    return !wait && listen.socket_type == SocketType::stream && settings.proxy_from && !settings.proxy_from->empty();
  }
  /// A relay to a UNIX socket.
  [[nodiscard]] bool relays_locally() const { return kind == Kind::redirect && settings.redirect->local(); }
  [[nodiscard]] ErrorOutput error_output() const { return settings.error_output.value_or(ErrorOutput::client); }
  [[nodiscard]] bool passes_fds() const { return hands_over() && settings.pass_fds == PassFds::systemd; }
  /// Answered or relayed by us instead of a program of the user's.
  [[nodiscard]] bool served_by_us() const { return is(Type::internal) || kind == Kind::redirect; }
  /// Does it start programs of the user's, also those that are reached through tcpmux?
  [[nodiscard]] bool starts_programs() const { return (kind == Kind::program || kind == Kind::tcpmux) && !served_by_us(); }
  [[nodiscard]] bool datagrams() const { return listen.socket_type == SocketType::dgram; }
  /// Are hosts.allow and hosts.deny consulted (facts B5.21, B4.6)?
  [[nodiscard]] bool asks_libwrap() const { return !has(Flag::nolibwrap) && !(is(Type::rpc) && !datagrams()); }
  /// The daemon name that stands for the service in these files (fact B5.22).
  [[nodiscard]] std::string libwrap_name() const;
  [[nodiscard]] Rate rate() const {
    // With a rate of ours the built-in one of xinetd's does not apply.
    Rate rate = settings.cps.value_or(settings.rate ? Rate{.connections = 0} : Rate{});
    rate.window = settings.cps_window.value_or(0);
    return rate;
  }
  /// The access lists are kept by the kernel, packet by packet: a stream server that waits accepts for itself, and
  /// INTERCEPT wants it for datagrams too.
  [[nodiscard]] bool steered() const {
    const bool lists = settings.only_from || settings.no_access;
    return wait && kind == Kind::program && lists && (has(Flag::intercept) || listen.socket_type == SocketType::stream);
  }
  bool operator==(const Service&) const = default;
};

/// Is there TLS between us and the target of its redirect?
[[nodiscard]] inline bool calls_with_tls(const Service& service) {
  const auto& settings = service.settings;
  const bool wanted = settings.redirect_tls && settings.redirect_tls->kind != RedirectTls::Kind::no;
  return service.kind == Kind::redirect && wanted && !service.relays_locally();
}
/// What is asked of the certificates of its peers?
[[nodiscard]] inline ClientCertificate client_certificate(const Service& service) {
  const auto& settings = service.settings;
  return settings.tls_client_cert.value_or(settings.only_cert ? ClientCertificate::required : ClientCertificate::no);
}
/// With what header a relay begins.
[[nodiscard]] inline RedirectProxy redirect_proxy(const Service& service) {
  return service.settings.redirect_proxy.value_or(RedirectProxy::no);
}
/// Do its servers get sockets that have the client's address as their peer, whoever the client came through?
[[nodiscard]] inline bool shows_real_peer(const Service& service) {
  return service.settings.real_peer.value_or(false) && service.has_connections() && !service.served_by_us();
}
/// Is the kernel to speak TLS in connections that a server gets?
[[nodiscard]] inline bool tls_in_kernel(const Service& service) {
  return service.tls() && service.settings.tls_handover == TlsHandover::kernel && !service.served_by_us() && !shows_real_peer(service);
}

/// Why an entry of the files is not among the services.
enum class Fate : std::uint8_t {
  disabled,              ///< disable = yes
  disabled_by_defaults,  ///< not in `enabled`, or in `disabled`
  superseded,            ///< stands in inetd.conf, and another entry serves it
  refused,               ///< an error in the entry
};
struct Absent {
  std::string name;
  std::string id;
  Place place;
  Fate fate = Fate::refused;
};

/// One configuration: an immutable snapshot.
struct Config {
  std::string path;  ///< the main file
  Settings defaults;
  std::vector<std::shared_ptr<const Service>> services;  ///< in reading order
  std::vector<Absent> absent;                            ///< in reading order
  std::shared_ptr<const Reading> reading;  ///< what the next load() need not do again; null: nothing to go by
};

}  // namespace xsuperd::config
