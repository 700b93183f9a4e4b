// SPDX-License-Identifier: MIT
#include "config/xinetd_reading.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "xsuperd/config/origin.hpp"

namespace xsuperd::config::by_xinetd {

namespace {

using Family = base::Address::Family;
using Elements = std::vector<AddressPattern>;

bool written(const Service& service, std::string_view attribute) {
  const auto sources = sources_of(service, *find_attribute(attribute));
  return sources.front().from != Source::From::built_in;
}

/// Of lists that xinetd copies into an entry when that begins (fact B2.40).
std::string defaults_too_late(const Service& service, const Attribute& row) {
  for (const Source& source : sources_of(service, row))
    if (source.from == Source::From::defaults && source.place.file == service.place.file && source.place.line > service.place.line)
      return fmt::format("does not apply {} of defaults to entries that precede them", row.name);
  return {};
}

/// It never learns who comes to a server that accepts, and asks for nobody (fact B5.11).
std::string unknown_peers(const Service& service, const Attribute& row) {
  const bool accepts = service.steered() && service.listen.socket_type == SocketType::stream;
  if (!accepts || service.has(Flag::intercept)) return {};
  return fmt::format("does not apply {} to a stream server with wait = yes, which accepts for itself", row.name);
}

std::string both_lists(const Service& service, const Attribute& row) {
  std::string late = defaults_too_late(service, row);
  return late.empty() ? unknown_peers(service, row) : late;
}

/// An IPv6 network of which IPv4 peers are a part to it, in their mapped form ::ffff:a.b.c.d (fact B5.17).
bool has_all_of_ipv4(const AddressPattern& p) {
  return p.kind == AddressPattern::Kind::network && p.prefix <= 80 && p.base == base::Address::ipv6({});
}

const AddressPattern* find(const std::optional<Elements>& list, bool (*is)(const AddressPattern&)) {
  if (!list) return nullptr;
  const auto found = std::ranges::find_if(*list, is);
  return found == list->end() ? nullptr : &*found;
}

/// A netmask, which it reads as a single address, and the prefix of a single IPv6 address, which matches nobody there (fact B5.5).
bool matches_fewer(const AddressPattern& p) {
  const std::size_t slash = p.text.find('/');
  if (p.kind != AddressPattern::Kind::network || slash == p.text.npos) return false;
  const bool mask = p.text.find('.', slash) != p.text.npos && p.prefix < 32;
  return mask || (p.base.family() == Family::ipv6 && p.prefix == 128);
}

/// Where an entry is served that has `listen` alone: at the port of its name, if it has one (facts B2.47, B2.49).
std::string without_elements(const Service& service, Names& names) {
  const std::string protocol = service.listen.protocol.name;
  constexpr std::string_view refuses = "ignores listen and refuses the entry";
  if (service.is(Type::unlisted)) return fmt::format("{}: the type UNLISTED needs a port", refuses);
  if (!written(service, "socket_type") && !written(service, "protocol"))
    return fmt::format("{}, which has neither socket_type nor protocol", refuses);
  if (!names.protocol(protocol)) return fmt::format("{}, which has no protocol", refuses);
  const auto port = names.service_port(service.name, protocol);
  if (!port) return fmt::format("{}: /etc/services does not have {}/{}", refuses, service.name, protocol);
  return fmt::format("ignores listen and opens {} port {} on all addresses", protocol, *port);
}

}  // namespace

std::string access_times(const Service& service, const Attribute&, Names&) {
  constexpr int last_minute = 23 * 60 + 59;
  const auto unknown = [](const Interval& i) { return i.start >= i.end || i.end > last_minute; };
  if (!service.settings.access_times || std::ranges::none_of(*service.settings.access_times, unknown)) return {};
  return "refuses the entry: to it an interval ends later than it begins, at 23:59 at the latest";
}

std::string listen(const Service& service, const Attribute&, Names& names) {
  const Settings& s = service.settings;
  if (!s.port && !s.bind) return without_elements(service, names);
  return "ignores listen, and opens what port and bind say alone";
}

std::string max_load(const Service& service, const Attribute&, Names&) {
  const auto& load = service.settings.max_load;
  return load && *load <= 0 ? "refuses the entry: to it 0 is not a load" : std::string{};
}

std::string no_access(const Service& service, const Attribute& row, Names&) {
  if (const AddressPattern* p = find(service.settings.no_access, matches_fewer))
    return p->prefix == 128 ? fmt::format("finds nobody in {}, and admits that address", p->text)
                            : fmt::format("does not understand the mask in {}, and takes it for a single address", p->text);
  return both_lists(service, row);
}

std::string only_from(const Service& service, const Attribute& row, Names&) {
  const AddressPattern* p = find(service.settings.only_from, has_all_of_ipv4);
  if (p && service.reached_from(Family::ipv4) && service.reached_from(Family::ipv6))
    return fmt::format("admits all IPv4 peers, too: it compares them with {} in their IPv6 form", p->text);
  return both_lists(service, row);
}

std::string redirect(const Service& service, const Attribute&, Names&) {
  return service.relays_locally() ? "refuses the entry: it knows no redirect to a UNIX socket" : std::string{};
}

std::string v6only(const Service& service, const Attribute& row, Names&) {
  const Source last = sources_of(service, row).back();
  const bool of_defaults = last.from == Source::From::defaults;
  return of_defaults && service.settings.v6only == true ? "does not apply v6only of defaults to sockets, and admits IPv4 peers"
                                                        : std::string{};
}

}  // namespace xsuperd::config::by_xinetd
