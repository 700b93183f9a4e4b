// SPDX-License-Identifier: MIT
// What an entry of xinetd.conf can say and no unit can.
#include <fmt/format.h>

#include <iterator>

#include "convert/units.hpp"
#include "xsuperd/base/text.hpp"

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
};

bool logs_to_file(S s) { return s.settings.log_type && s.settings.log_type->kind == LogTarget::Kind::file; }
bool logs_to_syslog(S s) { return s.settings.log_type && s.settings.log_type->kind == LogTarget::Kind::syslog; }
/// Limits that hold for connections, where systemd accepts none.
bool unaccepted(S s) { return !systemd_accepts(s) && !s.wait; }
bool limited(const std::optional<config::Limit>& limit) { return limit && !limit->is_unlimited(); }

constexpr Lacking table[]{
    {"access_times", Weight::loss, [](S s) { return s.settings.access_times.has_value(); },
     "access_times: systemd has no times of day for a socket; the service is open at all times"},
    {"max_load", Weight::loss, [](S s) { return s.settings.max_load.value_or(0) > 0; },
     "max_load: systemd does not look at the load"},
    {"per_source_rate", Weight::loss,
     [](S s) { return s.settings.per_source_rate && s.settings.per_source_rate->connections > 0; },
     "per_source_rate: systemd does not count the connections of a peer in a time"},
    {"per_source", Weight::loss,
     [](S s) { return limited(s.settings.per_source) && (unaccepted(s) || s.settings.per_source->value == 0); },
     "per_source: MaxConnectionsPerSource= cannot say this here"},
    {"banner", Weight::loss, [](S s) { return s.settings.banner && !s.wait; },
     "banner: systemd sends no text of its own"},
    {"banner_success", Weight::loss, [](S s) { return s.settings.banner_success && !s.wait; },
     "banner_success: systemd sends no text of its own"},
    {"banner_fail", Weight::loss, [](S s) { return s.settings.banner_fail && !s.wait; },
     "banner_fail: systemd sends no text of its own"},
    {"flags", Weight::loss, [](S s) { return s.has(Flag::idonly); },
     "flags, IDONLY: systemd asks no identity server; peers without one are admitted"},
    {"flags", Weight::note, [](S s) { return s.has(Flag::labeled); },
     "flags, LABELED: SELinuxContextFromNet= takes the label of the connection in systemd's own way"},
    {"mdns", Weight::loss, [](S s) { return s.settings.mdns.value_or(false); }, "mdns: systemd announces no services"},
    {"log_on_failure", Weight::loss,
     [](S s) { return s.settings.log_on_failure && !s.settings.log_on_failure->empty(); },
     "log_on_failure: systemd logs no peer that it refuses"},
    {"log_on_success", Weight::loss,
     [](S s) { return s.logs(SuccessOption::userid) || s.logs(SuccessOption::traffic); },
     "log_on_success: systemd has nothing like USERID and TRAFFIC"},
    {"log_on_success", Weight::note,
     [](S s) { return s.settings.log_on_success && !s.settings.log_on_success->empty(); },
     "log_on_success: the journal tells of starts and ends in systemd's own words"},
    {"log_type", Weight::loss, logs_to_file, "log_type: systemd logs to its journal, not to a file"},
    {"log_type", Weight::note, logs_to_syslog, "log_type: systemd logs to its journal, which may hand it on to syslog"},
    {"redirect", Weight::note, [](S s) { return s.kind == Kind::redirect; },
     "redirect: systemd-socket-proxyd ends both directions when one of them ends"},
    {"libwrap", Weight::loss, [](S s) { return s.settings.libwrap.has_value() && s.asks_libwrap(); },
     "libwrap: systemd does not ask hosts.allow and hosts.deny; tcpd as the program of ExecStart= would"},
};

}  // namespace

std::string no_units(S s) {
  using config::SocketType;
  using config::Type;
  const std::string& protocol = s.listen.protocol.name;
  if (s.has(Flag::sensor)) return "sensors have no equal in systemd";
  if (s.is(Type::internal)) return "services of xinetd's own have no equal in systemd";
  if (s.is(Type::rpc)) return "systemd registers no service with rpcbind";
  if (s.kind == Kind::tcpmux) return "systemd has no tcpmux";
  if (s.listen.socket_type != SocketType::stream && s.listen.socket_type != SocketType::dgram)
    return "systemd has stream and datagram sockets for internet protocols only";
  if (protocol != "tcp" && protocol != "udp" && protocol != "udplite" && protocol != "sctp")
    return fmt::format("systemd has no sockets of protocol {}", base::escaped(protocol, 100));
  if (s.listen.at.port == 0) return "systemd does not let the system choose a port";
  return {};
}

bool systemd_accepts(S s) {
  return s.kind == Kind::program && !s.wait && s.listen.socket_type == config::SocketType::stream;
}

void report_lacking(const UnitContext& c) {
  for (const Lacking& row : table)
    if (row.given(c.service)) c.report.add(row.weight, c.place(row.attribute), std::string(row.sentence));
  if (c.wraps && c.service.asks_libwrap() && !c.service.settings.libwrap)
    c.report.loss(c.service.place,
                  "hosts.allow and hosts.deny of this machine have rules, for which systemd does not ask; "
                  "tcpd as the program of ExecStart= would");
}

}  // namespace xsuperd::convert
