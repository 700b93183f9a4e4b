// SPDX-License-Identifier: MIT
#include "config/lint_peers.hpp"

#include <fmt/format.h>

#include <string>
#include <string_view>

#include "xsuperd/config/attribute.hpp"
#include "xsuperd/config/origin.hpp"

namespace xsuperd::config {

namespace {

using Family = base::Address::Family;

/// The line that gives the attribute its value, and whether it is one of the entry's own.
struct WrittenLine {
  Place place;
  bool in_entry = false;
};
WrittenLine written(const Service& service, std::string_view attribute) {
  for (const Source& source : sources_of(service, *find_attribute(attribute)))
    if (source.from == Source::From::entry) return {source.place, true};
  return {service.place, false};
}

/// A restriction that is there for one kind of socket.
struct Restriction {
  std::string_view attribute;
  bool (*given)(const Settings&);
  ListenSpec::Kind kind;
  Family family;
  std::string_view socket;  ///< as a sentence has it
};
constexpr Restriction restrictions[]{
    {"only_uid", [](const Settings& s) { return s.only_uid.has_value(); }, ListenSpec::Kind::local, Family::local, "UNIX"},
    {"only_gid", [](const Settings& s) { return s.only_gid.has_value(); }, ListenSpec::Kind::local, Family::local, "UNIX"},
    {"only_cid", [](const Settings& s) { return s.only_cid.has_value(); }, ListenSpec::Kind::vsock, Family::vsock, "vsock"},
};

bool has_ip(const Service& service) {
  return service.listens_at(ListenSpec::Kind::ip) || service.listens_at(ListenSpec::Kind::range);
}

/// What somebody must not rely on.
void look_at_restriction(const Service& service, const Restriction& r, std::vector<Diagnostic>& found) {
  if (!r.given(service.settings)) return;
  const WrittenLine line = written(service, r.attribute);
  if (line.in_entry && !service.reached_from(r.family))
    found.push_back({Level::warning, line.place,
                     fmt::format("{} has no effect: service {} has no {} socket", r.attribute, service.id, r.socket), {}, 1,
                     {}, service.id});
  else if (service.listens_at(r.kind) && has_ip(service) && !service.settings.only_from)
    found.push_back({Level::info, line.place,
                     fmt::format("Service {}: {} holds for its {} sockets only: peers over IP are all admitted", service.id,
                                 r.attribute, r.socket),
                     {}, 1, "only_from restricts peers over IP", service.id});
}

/// Peers that only_from keeps out because it has no words for them.
void look_at_only_from(const Service& service, ListenSpec::Kind kind, std::string_view socket, std::string_view wanted,
                       std::vector<Diagnostic>& found) {
  if (!service.listens_at(kind)) return;
  found.push_back({has_ip(service) ? Level::info : Level::warning, written(service, "only_from").place,
                   fmt::format("Service {}: with only_from alone, peers over its {} sockets are all refused", service.id, socket),
                   {}, 1, fmt::format("{} says who may come there", wanted), service.id});
}

/// Whoever may send a header may say that it is anybody.
void look_at_proxies(const Service& service, std::vector<Diagnostic>& found) {
  if (!service.proxied()) return;
  for (const AddressPattern& one : *service.settings.proxy_from)
    if (one.kind == AddressPattern::Kind::network && one.network().prefix == 0)
      found.push_back({Level::warning, one.place,
                       fmt::format("Service {}: proxy_from contains everybody, so each peer may say that it is another one", service.id), {},
                       static_cast<int>(one.text.size()), "name the proxies", service.id});
}

/// Whoever has no certificate comes in as well.
void look_at_certificates(const Service& service, std::vector<Diagnostic>& found) {
  if (!service.tls() || client_certificate(service) != ClientCertificate::optional || service.settings.only_from) return;
  if (!has_ip(service)) return;
  found.push_back({Level::info, written(service, "tls_client_cert").place,
                   fmt::format("Service {}: with tls_client_cert = optional and without only_from, everybody is served without a certificate",
                               service.id),
                   {}, 1, "only_from restricts peers over IP; required refuses those without a certificate", service.id});
}

}  // namespace

void lint_peers(const Service& service, std::vector<Diagnostic>& found) {
  if (service.kind == Kind::tcpmux || !service.waits_for.empty()) return;
  for (const Restriction& one : restrictions) look_at_restriction(service, one, found);
  look_at_proxies(service, found);
  look_at_certificates(service, found);
  const Settings& s = service.settings;
  if (!s.only_from || !service.knows_peer()) return;
  if (!s.only_uid && !s.only_gid) look_at_only_from(service, ListenSpec::Kind::local, "UNIX", "only_uid or only_gid", found);
  if (!s.only_cid) look_at_only_from(service, ListenSpec::Kind::vsock, "vsock", "only_cid", found);
}

}  // namespace xsuperd::config
