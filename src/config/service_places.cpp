// SPDX-License-Identifier: MIT
#include "config/service_places.hpp"

#include <algorithm>

#include "config/endpoints.hpp"
#include "xsuperd/config/loader.hpp"

namespace xsuperd::config {

namespace {

ListenSpec::Kind kind_of(ListenElement::Kind kind) {
  switch (kind) {
    case ListenElement::Kind::local: return ListenSpec::Kind::local;
    case ListenElement::Kind::vsock: return ListenSpec::Kind::vsock;
    case ListenElement::Kind::activated: return ListenSpec::Kind::activated;
    case ListenElement::Kind::range: return ListenSpec::Kind::range;
    case ListenElement::Kind::tcp:
    case ListenElement::Kind::udp: break;
  }
  return ListenSpec::Kind::ip;
}

/// The place that an element stands for.
ListenSpec place_of(const Service& service, const ListenElement& element) {
  using Kind = ListenElement::Kind;
  ListenSpec place = service.listen;
  place.at = element.at;
  place.range = element.range;
  place.vsock = element.vsock;
  place.name = element.name;
  place.kind = kind_of(element.kind);
  // Whatever family bind has.
  const base::Address& address = element.kind == Kind::range ? element.range.network : element.at.address;
  place.ipv6 = address.known() ? address.family() == base::Address::Family::ipv6 : !service.has(Flag::ipv4);
  place.v6only = place.ipv6 && service.settings.v6only.value_or(false);
  place.fallback_to_ipv4 = !address.known() && !place.v6only;
  if (!place.is_ip()) place.options.device.clear();
  // The kernel leads no connection to a socket of multipath TCP.
  if (!place.is_ip() || place.kind == ListenSpec::Kind::range) place.options.mptcp = false;
  return place;
}

/// Both wildcards of a port are two sockets, not one beside another that has its place.
void part_wildcards(std::vector<ListenSpec>& places) {
  const auto every = [](const ListenSpec& one, const base::Address& address) {
    return one.kind == ListenSpec::Kind::ip && one.at.address == address;
  };
  for (ListenSpec& one : places) {
    const auto v4_twin = [&](const ListenSpec& other) { return every(other, base::Address::ipv4(0)) && other.at.port == one.at.port; };
    if (every(one, base::Address::ipv6({})) && std::ranges::any_of(places, v4_twin)) one.v6only = true;
  }
}

}  // namespace

std::string element_misfit(const Service& service, const ListenElement& element) {
  using Kind = ListenElement::Kind;
  const std::string& protocol = service.listen.protocol.name;
  const SocketType type = service.listen.socket_type;
  if (element.kind == Kind::tcp && (protocol != "tcp" || type != SocketType::stream)) return "it takes 'socket_type = stream' and 'protocol = tcp'";
  if (element.kind == Kind::udp && (protocol != "udp" || type != SocketType::dgram)) return "it takes 'socket_type = dgram' and 'protocol = udp'";
  if (element.kind == Kind::range && (protocol != "tcp" || type != SocketType::stream)) return "ranges of ports are for tcp only";
  if (element.kind == Kind::vsock && type != SocketType::stream) return "it takes 'socket_type = stream'";
  if (element.kind == Kind::local && type == SocketType::raw) return "UNIX sockets are of type stream, dgram or seqpacket";
  return {};
}

std::vector<ListenSpec> element_places(const Service& service) {
  std::vector<ListenSpec> places;
  if (service.settings.listen)
    for (const ListenElement& element : *service.settings.listen) places.push_back(place_of(service, element));
  return places;
}

std::vector<ListenSpec> beside_elements(const Service& service, std::vector<ListenSpec> places) {
  for (ListenSpec& one : element_places(service)) places.push_back(std::move(one));
  part_wildcards(places);
  return places;
}

std::vector<ListenSpec> with_elements(const Service& service, std::vector<ListenSpec> places) {
  std::vector<ListenSpec> apart;
  for (ListenSpec& one : beside_elements(service, std::move(places))) {
    const bool there = std::ranges::any_of(apart, [&one](const ListenSpec& other) { return places_overlap(other, one); });
    if (!there && apart.size() < most_endpoints) apart.push_back(std::move(one));
  }
  return apart;
}

std::vector<ListenSpec> places_at(const Service& service, std::span<const base::Address> candidates) {
  using Family = base::Address::Family;
  const auto v6 = [](const base::Address& one) { return one.family() == Family::ipv6; };
  const bool only_v4 = service.has(Flag::ipv4);
  const bool only_v6 = service.has(Flag::ipv6) && !only_v4 && std::ranges::any_of(candidates, v6);
  std::vector<ListenSpec> places;
  for (const base::Address& one : candidates) {
    if (v6(one) ? only_v4 : only_v6) continue;
    ListenSpec listen = service.listen;
    listen.at.address = one;
    listen.fallback_to_ipv4 = false;
    listen.ipv6 = v6(one) || (service.has(Flag::ipv6) && !only_v4);
    listen.v6only = v6(one) && service.settings.v6only.value_or(false);
    const auto same = [&](const ListenSpec& other) { return other.same_socket(listen); };
    if (places.size() < most_endpoints && std::ranges::none_of(places, same)) places.push_back(std::move(listen));
  }
  return places;
}

void place(Service& service, std::vector<ListenSpec> places) {
  service.listen = places.front();
  places.erase(places.begin());
  service.also = std::move(places);
}

}  // namespace xsuperd::config
