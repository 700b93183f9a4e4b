// SPDX-License-Identifier: MIT
#include "xsuperd/net/activated_sockets.hpp"

#include <fmt/format.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "net/socket_options.hpp"
#include "net/spec_words.hpp"
#include "net/unix_path.hpp"
#include "xsuperd/base/text.hpp"
#include "xsuperd/net/service_manager.hpp"
#include "xsuperd/net/socket.hpp"

namespace xsuperd::net {

namespace {

bool system_has_ipv6() {
  const base::Fd probe(::socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  return probe || errno != EAFNOSUPPORT;
}

std::string ip_text(const base::Endpoint& at, bool ipv6) {
  const bool every = every_address(at.address);
  const std::string address = every ? (ipv6 ? "::" : "0.0.0.0") : at.address.unmapped().text();
  return address.find(':') == std::string::npos ? fmt::format("{}:{}", address, at.port)
                                                : fmt::format("[{}]:{}", address, at.port);
}

bool same_place(const SocketFacts& socket, const config::ListenSpec& spec) {
  using Kind = config::ListenSpec::Kind;
  if (spec.kind == Kind::activated) return true;  // it has the name
  if (spec.kind == Kind::local || spec.kind == Kind::vsock)
    return socket.kind == spec.kind && socket.name == spec.name && socket.vsock == spec.vsock;
  if (socket.kind != Kind::ip) return false;
  if (spec.kind == Kind::range) return socket.at.address == loopback_address(spec.ipv6);
  if (spec.at.port != 0 && socket.at.port != spec.at.port) return false;
  const bool every = every_address(spec.at.address);
  if (every != every_address(socket.at.address)) return false;
  if (!every) return socket.at.address.unmapped() == spec.at.address.unmapped();
  if (socket.ipv6) return spec.ipv6 && socket.v6only == spec.v6only;
  return !spec.ipv6 || (spec.fallback_to_ipv4 && !system_has_ipv6());
}

/// "[::]:80 (IPv6 only)": which peers come in decides, too.
std::string reach(const base::Endpoint& at, bool ipv6, bool v6only) {
  const bool tells = ipv6 && every_address(at.address);
  return ip_text(at, ipv6) + (!tells ? "" : v6only ? " (IPv6 only)" : " (IPv6 and IPv4)");
}

std::string reach(const SocketFacts& socket) {
  const bool ip = socket.kind == config::ListenSpec::Kind::ip;
  return ip ? reach(socket.at, socket.ipv6, socket.v6only) : place_text(socket);
}

/// Those of another kind than IP have one protocol only.
bool same_type(const SocketFacts& socket, const config::ListenSpec& spec) {
  const bool ip = socket.kind == config::ListenSpec::Kind::ip;
  return socket.type == socket_kind(spec.socket_type) && (!ip || socket.protocol == spec.protocol.number);
}

/// A service, with the names that its socket may have.
struct Wanted {
  Wanted(std::string_view of, const config::ListenSpec& where)
      : id(of), name(descriptor_name(of)), stored(stored_name(of, where)), spec(where) {}

  [[nodiscard]] bool named(std::string_view other) const {
    if (is_stored_name(other)) return base::iequals(other, stored);
    if (spec.kind == config::ListenSpec::Kind::activated) return other == spec.name;
    return base::iequals(other, id) || base::iequals(other, name);
  }
  [[nodiscard]] bool fits(std::string_view other, const SocketFacts& facts, bool by_name) const {
    // A port of the system's choice says nothing: only the name does.
    using Kind = config::ListenSpec::Kind;
    const bool tells = spec.kind == Kind::ip ? spec.at.port != 0 : spec.kind == Kind::local || spec.kind == Kind::vsock;
    const bool may = by_name ? named(other) : !is_stored_name(other) && tells;
    return may && misfit(facts, spec).empty();
  }

  std::string_view id;
  std::string name;
  std::string stored;
  const config::ListenSpec& spec;
};

}  // namespace

std::string place_text(const config::ListenSpec& spec) {
  return spec.kind == config::ListenSpec::Kind::ip ? ip_text(spec.at, spec.ipv6) : config::element_text(spec);
}

std::string place_text(const SocketFacts& socket) {
  if (socket.kind == config::ListenSpec::Kind::ip) return ip_text(socket.at, socket.ipv6);
  config::ListenSpec place;
  place.kind = socket.kind;
  place.name = socket.name;
  place.vsock = socket.vsock;
  return config::element_text(place);
}

base::Result<SocketFacts> facts_of(int fd) {
  const auto domain = number_option(fd, SOL_SOCKET, SO_DOMAIN);
  const auto type = number_option(fd, SOL_SOCKET, SO_TYPE);
  const auto protocol = number_option(fd, SOL_SOCKET, SO_PROTOCOL);
  if (!domain || !type || !protocol) return base::Error{ENOTSOCK, "it is not a socket"};
  using Kind = config::ListenSpec::Kind;
  const bool ip = *domain == AF_INET || *domain == AF_INET6;
  if (!ip && *domain != AF_UNIX && *domain != AF_VSOCK) return base::Error{EAFNOSUPPORT, "it is not an IP, UNIX or vsock socket"};
  SocketFacts facts{*type, *protocol == IPPROTO_MPTCP ? IPPROTO_TCP : *protocol, *domain == AF_INET6, false,
                    number_option(fd, SOL_SOCKET, SO_ACCEPTCONN).value_or(0) != 0, local_endpoint(fd)};
  pollfd state{fd, 0, 0};
  facts.hung_up = ::poll(&state, 1, 0) == 1 && (state.revents & POLLHUP) != 0;
  if (facts.ipv6) facts.v6only = number_option(fd, IPPROTO_IPV6, IPV6_V6ONLY).value_or(0) != 0;
  if (ip) return facts;
  facts.kind = *domain == AF_UNIX ? Kind::local : Kind::vsock;
  facts.protocol = 0;
  facts.name = bound_name(fd);
  if (facts.kind == Kind::vsock) facts.vsock = {facts.at.address.cid(), facts.at.address.vsock_port()}, facts.at = {};
  return facts;
}

std::string misfit(const SocketFacts& socket, const config::ListenSpec& spec) {
  if (!same_type(socket, spec)) return fmt::format("its type is not that of a socket for {}", spec.protocol.name);
  if ((socket.type == SOCK_STREAM || socket.type == SOCK_SEQPACKET) && !socket.listens) return "it does not listen";
  if (socket.hung_up) return "it has been shut down";
  if (same_place(socket, spec)) return {};
  const bool ip = spec.kind == config::ListenSpec::Kind::ip;
  return fmt::format("it is bound to {}, but the service belongs on {}", reach(socket),
                     ip ? reach(spec.at, spec.ipv6, spec.v6only) : config::element_text(spec));
}

bool any_fits(const std::vector<ActivatedFacts>& sockets, std::string_view id, const config::ListenSpec& spec) {
  const Wanted wanted(id, spec);
  return std::any_of(sockets.begin(), sockets.end(), [&](const ActivatedFacts& s) {
    return wanted.fits(s.name, s.facts, true) || wanted.fits(s.name, s.facts, false);
  });
}

std::vector<std::string> ActivatedSockets::add(std::vector<ActivatedSocket> sockets) {
  std::vector<std::string> without;
  for (ActivatedSocket& socket : sockets) {
    const auto facts = facts_of(socket.fd.get());
    if (!facts) {
      without.push_back(fmt::format("descriptor {}: {}", base::escaped(socket.name, 255), facts.error().sentence));
      continue;
    }
    facts_.push_back(*facts);
    sockets_.push_back(std::move(socket));
  }
  return without;
}

void ActivatedSockets::give_back(ActivatedSocket socket) {
  std::vector<ActivatedSocket> one;
  one.push_back(std::move(socket));
  (void)add(std::move(one));
}

std::optional<ActivatedSocket> ActivatedSockets::take(std::string_view id, const config::ListenSpec& spec) {
  if (sockets_.empty()) return std::nullopt;
  const Wanted wanted(id, spec);
  for (const bool by_name : {true, false})
    for (std::size_t i = 0; i < sockets_.size(); ++i)
      if (wanted.fits(sockets_[i].name, facts_[i], by_name)) return take_at(i);
  return std::nullopt;
}

std::optional<ActivatedSocket> ActivatedSockets::take_refusing(std::string_view stored, const config::ListenSpec& spec) {
  for (std::size_t i = 0; i < sockets_.size(); ++i)
    if (base::iequals(sockets_[i].name, stored) && misfit(facts_[i], spec).empty()) return take_at(i);
  return std::nullopt;
}

ActivatedSockets::Claimed ActivatedSockets::claim(const Places& places) const {
  Claimed claimed;
  for (std::size_t i = 0; i < sockets_.size(); ++i) {
    const std::string name = base::to_lower(sockets_[i].name);
    const auto place = places.find(name);
    if (place != places.end() && misfit(facts_[i], place->second).empty()) claimed.try_emplace(name, i);
  }
  return claimed;
}

std::vector<ActivatedSocket> ActivatedSockets::take_stale(const std::vector<const config::Service*>& services) {
  Places places;
  for (const config::Service* one : services)
    for (const config::ListenSpec& place : one->places())
      places.emplace(base::to_lower(stored_name(one->id, place)), place);
  const Claimed first = claim(places);
  places.clear();
  for (const config::Service* one : services) {
    for (const config::ListenSpec& place : one->steered() ? one->places() : std::vector<config::ListenSpec>{}) {
      const auto at = first.find(base::to_lower(stored_name(one->id, place)));
      if (at == first.end()) continue;
      config::ListenSpec beside = place;
      beside.at.port = facts_[at->second].at.port;
      places.emplace(base::to_lower(stored_refusing_name(one->id, place)), beside);
    }
  }
  const Claimed second = claim(places);
  std::vector<bool> wanted(sockets_.size());
  for (const Claimed* claimed : {&first, &second})
    for (const auto& [name, index] : *claimed) wanted[index] = true;
  std::vector<ActivatedSocket> stale;
  for (std::size_t i = sockets_.size(); i-- > 0;)
    if (is_stored_name(sockets_[i].name) && !wanted[i]) stale.push_back(take_at(i));
  return stale;
}

ActivatedSocket ActivatedSockets::take_at(std::size_t index) {
  ActivatedSocket socket = std::move(sockets_[index]);
  sockets_.erase(sockets_.begin() + static_cast<std::ptrdiff_t>(index));
  facts_.erase(facts_.begin() + static_cast<std::ptrdiff_t>(index));
  return socket;
}

std::vector<ActivatedFacts> ActivatedSockets::facts() const {
  std::vector<ActivatedFacts> all;
  for (std::size_t i = 0; i < sockets_.size(); ++i) all.push_back({sockets_[i].name, facts_[i]});
  return all;
}

std::vector<ActivatedSocket> ActivatedSockets::take_all() {
  facts_.clear();
  return std::exchange(sockets_, {});
}

}  // namespace xsuperd::net
