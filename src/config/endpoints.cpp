// SPDX-License-Identifier: MIT
#include "config/endpoints.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "xsuperd/base/text.hpp"
#include "xsuperd/config/endpoint.hpp"

namespace xsuperd::config {

namespace {

using Family = base::Address::Family;

bool all_addresses(const ListenSpec& spec) {
  const base::Address at = spec.at.address.unmapped();
  return !at.known() || at == base::Address::ipv4(0) || at == base::Address::ipv6({});
}

/// Places that are known before they are opened.
bool has_places(const Service& service) {
  const auto known = [](const ListenSpec& one) { return one.kind != ListenSpec::Kind::ip || one.at.port != 0; };
  const auto places = service.places();
  return std::ranges::any_of(places, known);
}

bool same_program(const Service& a, const Service& b) {
  if (!a.is(Type::rpc) || !b.is(Type::rpc) || a.kind == Kind::tcpmux || b.kind == Kind::tcpmux) return false;
  const VersionRange one = a.settings.rpc_version.value_or(VersionRange{});
  const VersionRange other = b.settings.rpc_version.value_or(VersionRange{});
  return a.settings.rpc_number == b.settings.rpc_number && a.listen.protocol.number == b.listen.protocol.number &&
         one.low <= other.high && other.low <= one.high;
}

/// Can peers come in at both through one interface?
bool share_device(const ListenSpec& a, const ListenSpec& b) {
  return a.options.device.empty() || b.options.device.empty() || a.options.device == b.options.device;
}

/// Of places that are not both addresses and ports. One port within a range is not the range's.
bool meet_by_name(const ListenSpec& a, const ListenSpec& b) {
  using Kind = ListenSpec::Kind;
  if (a.kind != b.kind) return false;
  if (a.kind == Kind::range) return a.range.overlaps(b.range);
  if (a.kind != Kind::vsock) return a.name == b.name;
  const bool some = a.vsock.cid == VsockPlace::any || b.vsock.cid == VsockPlace::any || a.vsock.cid == b.vsock.cid;
  return some && a.vsock.port == b.vsock.port;
}

Meeting meet_at_port(const ListenSpec& a, const ListenSpec& b) {
  if (a.kind != ListenSpec::Kind::ip || b.kind != ListenSpec::Kind::ip)
    return meet_by_name(a, b) ? Meeting::first_has_it : Meeting::apart;
  if (a.at.port != b.at.port || a.at.port == 0 || a.protocol.number != b.protocol.number || !share_device(a, b)) return Meeting::apart;
  const bool all = all_addresses(a) && all_addresses(b);
  const bool some = all_addresses(a) || all_addresses(b) || a.at.address.unmapped() == b.at.address.unmapped();
  const auto share = [&](Family family) { return some && a.reached_from(family) && b.reached_from(family); };
  if (share(Family::ipv6)) return Meeting::first_has_it;
  if (!share(Family::ipv4)) return Meeting::apart;
  if (all && a.reached_from(Family::ipv6)) return Meeting::first_yields;
  if (all && b.reached_from(Family::ipv6)) return Meeting::second_yields;
  return Meeting::first_has_it;
}

bool same_address(const ListenSpec& a, const ListenSpec& b) {
  return all_addresses(a) == all_addresses(b) && (all_addresses(a) || a.at.address.unmapped() == b.at.address.unmapped());
}

/// Of all places of the one and all of the other what costs most.
Meeting meet_anywhere(const Service& one, const Service& other) {
  Meeting result = Meeting::apart;
  for (const ListenSpec& a : one.places())
    for (const ListenSpec& b : other.places()) {
      Meeting meeting = meet_at_port(a, b);
      if (meeting == Meeting::apart) continue;
      if (one.of_inetd && other.of_inetd && !same_address(a, b)) meeting = Meeting::side_by_side;
      if (meeting == Meeting::first_has_it) return meeting;
      if (result == Meeting::apart || result == Meeting::side_by_side) result = meeting;
    }
  return result;
}

/// Ranges overlap without having a number in common, so that they all have the same key.
std::uint64_t key_of_name(const ListenSpec& place) {
  constexpr std::uint64_t elsewhere = 4ULL << 60;
  const auto kind = static_cast<std::uint64_t>(place.kind) << 56;
  const std::uint64_t what = place.kind == ListenSpec::Kind::vsock   ? place.vsock.port
                             : place.kind == ListenSpec::Kind::range ? 0
                                                                     : std::hash<std::string>{}(place.name);
  return elsewhere | kind | (what & ((1ULL << 56) - 1));
}

/// Services that meet have one of these in common.
std::vector<std::uint64_t> keys_of(const Service& service) {
  constexpr std::uint64_t socket = 1ULL << 60;
  constexpr std::uint64_t program = 2ULL << 60;
  constexpr std::uint64_t name = 3ULL << 60;
  constexpr std::uint64_t rest = socket - 1;
  if (service.kind == Kind::tcpmux) return {name | (std::hash<std::string>{}(base::to_lower(service.name)) & rest)};
  std::vector<std::uint64_t> keys;
  const auto protocol = static_cast<std::uint64_t>(service.listen.protocol.number) & 0xffff;
  for (const ListenSpec& one : service.places()) {
    const std::uint64_t key = one.kind == ListenSpec::Kind::ip ? socket | protocol << 16 | one.at.port : key_of_name(one);
    const bool known = one.kind != ListenSpec::Kind::ip || one.at.port != 0;
    if (known && std::ranges::find(keys, key) == keys.end()) keys.push_back(key);
  }
  if (service.is(Type::rpc)) keys.push_back(program | protocol << 32 | service.settings.rpc_number.value_or(0));
  return keys;
}

}  // namespace

Meeting meet(const Service& first, const Service& second) {
  if (first.kind == Kind::tcpmux || second.kind == Kind::tcpmux)
    return first.kind == second.kind && base::iequals(first.name, second.name) ? Meeting::first_has_it : Meeting::apart;
  if (same_program(first, second)) return Meeting::first_has_it;
  return has_places(first) && has_places(second) ? meet_anywhere(first, second) : Meeting::apart;
}

std::string meeting_point(const Service& first, const Service& second) {
  const ListenSpec& listen = first.listen;
  if (first.kind == Kind::tcpmux) return fmt::format("the tcpmux name {}", first.name);
  if (same_program(first, second))
    return fmt::format("the RPC program {} over {}", first.settings.rpc_number.value_or(0), listen.protocol.name);
  const auto places = first.places();
  const auto meets = [&](const ListenSpec& place) {
    const auto others = second.places();
    return std::ranges::any_of(others, [&](const ListenSpec& other) { return meet_at_port(place, other) != Meeting::apart; });
  };
  const auto found = std::ranges::find_if(places, meets);
  const ListenSpec& at = found == places.end() ? listen : *found;
  if (at.kind != ListenSpec::Kind::ip) return element_text(at);
  return fmt::format("{} port {} on {}", at.protocol.name, at.at.port,
                     all_addresses(at) ? "all addresses" : at.at.address.text());
}

bool places_overlap(const ListenSpec& a, const ListenSpec& b) { return meet_at_port(a, b) != Meeting::apart; }

Service for_ipv6_alone(const Service& service) {
  Service alone = service;
  alone.listen.v6only = true;
  alone.listen.fallback_to_ipv4 = false;
  return alone;
}

std::string taken_by_another(const Config& config, const Service& service) {
  for (const auto& other : config.services)
    if (other->place != service.place && meet(*other, service) == Meeting::first_has_it)
      return fmt::format("service {} has {} ({}:{})", other->id, meeting_point(*other, service), other->place.file,
                         other->place.line);
  return {};
}

Service for_neighbours(const Service& service) {
  Service one = service;
  one.listen.beside = true;
  for (ListenSpec& place : one.also) place.beside = true;
  return one;
}

Endpoints::Claim Endpoints::claim(const Service& service) const {
  Claim claim;
  for (const std::uint64_t key : keys_of(service)) {
    const auto found = by_key_.find(key);
    if (found == by_key_.end()) continue;
    for (const Service* earlier : found->second) {
      const Meeting meeting = meet(*earlier, service);
      if (meeting == Meeting::first_has_it) return {earlier, nullptr, {}, {}};
      if (meeting == Meeting::first_yields) claim.yielding.push_back(earlier);
      if (meeting == Meeting::second_yields) claim.beside = earlier;
      if (meeting == Meeting::side_by_side) claim.neighbours.push_back(earlier);
    }
  }
  return claim;
}

void Endpoints::add(const Service& service) {
  for (const std::uint64_t key : keys_of(service)) by_key_[key].push_back(&service);
}

void Endpoints::remove(const Service& service) {
  for (const std::uint64_t key : keys_of(service))
    if (const auto found = by_key_.find(key); found != by_key_.end()) std::erase(found->second, &service);
}

}  // namespace xsuperd::config
