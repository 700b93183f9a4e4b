// SPDX-License-Identifier: MIT
// What xinetd makes of values: for the column of that in the table of attributes. Internal to config. Pure, but for look-ups of
// ports.
#pragma once
#include <algorithm>
#include <string>

#include "xsuperd/config/attribute.hpp"

namespace xsuperd::config::by_xinetd {

// How a sentence goes on that begins with "xinetd"; empty: it reads the value as it is meant here, or more strictly.
[[nodiscard]] std::string access_times(const Service& service, const Attribute& row, Names& names);
[[nodiscard]] std::string listen(const Service& service, const Attribute& row, Names& names);
[[nodiscard]] std::string max_load(const Service& service, const Attribute& row, Names& names);
[[nodiscard]] std::string no_access(const Service& service, const Attribute& row, Names& names);
[[nodiscard]] std::string only_from(const Service& service, const Attribute& row, Names& names);
[[nodiscard]] std::string redirect(const Service& service, const Attribute& row, Names& names);
[[nodiscard]] std::string v6only(const Service& service, const Attribute& row, Names& names);

}  // namespace xsuperd::config::by_xinetd

namespace xsuperd::config::concerning {

// Services for which an attribute can do something.
[[nodiscard]] inline bool programs(const Service& s) { return s.starts_programs(); }
[[nodiscard]] inline bool tls(const Service& s) { return s.tls(); }
[[nodiscard]] inline bool redirected(const Service& s) { return s.kind == Kind::redirect; }
[[nodiscard]] inline bool proxied(const Service& s) { return s.proxied(); }
[[nodiscard]] inline bool relays(const Service& s) { return s.kind == Kind::redirect; }
[[nodiscard]] inline bool connections(const Service& s) { return s.has_connections(); }
[[nodiscard]] inline bool unix_sockets(const Service& s) { return s.listens_at(ListenSpec::Kind::local); }
[[nodiscard]] inline bool unix_files(const Service& s) {
  const auto places = s.places();
  return std::ranges::any_of(places, [](const ListenSpec& one) { return one.has_path(); });
}
[[nodiscard]] inline bool vsock_sockets(const Service& s) { return s.listens_at(ListenSpec::Kind::vsock); }
[[nodiscard]] inline bool ip_sockets(const Service& s) {
  return s.listens_at(ListenSpec::Kind::ip) || s.listens_at(ListenSpec::Kind::range) || !s.waits_for.empty();
}
/// Those of a server with wait = yes that accepts are its own.
[[nodiscard]] inline bool known_requests(const Service& s) { return s.knows_peer(); }
[[nodiscard]] inline bool streams(const Service& s) { return !s.wait && s.listen.socket_type == SocketType::stream; }

}  // namespace xsuperd::config::concerning
