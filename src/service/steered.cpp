// SPDX-License-Identifier: MIT
// Services whose access lists the kernel keeps: peers that the server must not meet arrive at a socket of the daemon's
// own, where they are turned away as by any other service.
#include <algorithm>
#include <cerrno>

#include "xsuperd/net/steering.hpp"
#include "xsuperd/service/lookups.hpp"
#include "xsuperd/service/service_sockets.hpp"

namespace xsuperd::service {

namespace {

using Patterns = std::optional<std::vector<config::AddressPattern>>;

void add(std::vector<net::SteeringRule>& rules, const Patterns& list, bool admit) {
  if (!list) return;
  for (const config::AddressPattern& p : *list) {
    if (p.kind != config::AddressPattern::Kind::network) continue;
    const bool mapped = p.base.is_mapped() && p.prefix >= 96;
    rules.push_back({mapped ? p.base.unmapped() : p.base, mapped ? p.prefix - 96 : p.prefix, admit});
  }
}

bool has_names(const Patterns& list) {
  return list && std::any_of(list->begin(), list->end(), [](const config::AddressPattern& p) {
           return p.kind != config::AddressPattern::Kind::network;
         });
}

}  // namespace

/// The lists as the kernel can keep them. It knows no names: names in only_from admit nobody here, and with names in
/// no_access nobody at all is admitted, because anybody might have one.
std::vector<net::SteeringRule> steering_rules(const config::Settings& s) {
  std::vector<net::SteeringRule> rules;
  add(rules, s.no_access, false);
  if (!has_names(s.no_access)) add(rules, s.only_from, true);
  if (s.access_policy == config::AccessPolicy::best_match)
    // Of equal lengths the refusing rule stands first, as it does in the lists.
    std::stable_sort(rules.begin(), rules.end(), [](const auto& a, const auto& b) { return a.prefix > b.prefix; });
  return rules;
}

bool admits_by_default(const config::Settings& s) { return !s.only_from && !has_names(s.no_access); }

base::Result<net::Opened> open_guarded(const config::Service& service, const config::ListenSpec& at) {
  if (!service.steered()) return net::open_socket(at);
  return net::open_socket(at, [&service](int fd) {
    const auto& settings = service.settings;
    if (!net::guard(fd, steering_rules(settings), admits_by_default(settings))) net::shut_off(fd);
  });
}

namespace {
/// Nothing to be done where it is not for a range.
base::Result<void> lead(Lookups& lookups, std::shared_ptr<RangeLookup>& lookup, int socket, const config::ListenSpec& spec) {
  if (spec.kind != config::ListenSpec::Kind::range || lookup) return {};
  auto opened = lookups.lead_to(socket, spec);
  if (!opened) return opened.error();
  lookup = std::move(*opened);
  return {};
}
}  // namespace

base::Result<void> ServiceSockets::steer(const config::Service& service, bool served) {
  if (!service.steered()) return lead(*around_.sockets.lookups, lookup_, fd(), spec());
  const auto rules = steering_rules(service.settings);
  const bool otherwise = admits_by_default(service.settings);
  const int first = servers_fd();
  if (first < 0) return net::steer(refusing_.fd(), rules, otherwise);
  // Of weight only where the second one is not, or is no more.
  const auto guarded = net::guard(first, rules, otherwise);
  const bool locked = !guarded && guarded.error().code == EPERM;
  if (locked && !served) return guarded.error();
  if (!guarded && !locked && guarded.error().code != E2BIG && tries_.failures() == 0)
    around_.log.warning("service {}: its access lists would not outlive the daemon: {}", service.id,
                        guarded.error().sentence);
  // A server may have locked the first one, but not the second, which none ever had.
  if (refusing_.open()) return net::steer(refusing_.fd(), rules, otherwise);
  if (!guarded) net::shut_off(first);  // until the two are steered
  auto second = net::open_beside(first, spec());
  if (!second) return second.error();
  if (auto steered = net::steer(first, rules, otherwise); !steered) return steered;
  if (!guarded) net::unguard(first);
  net::unguard(second->fd.get());
  refusing_.take(std::move(second->fd));
  refusing_.resume();
  return {};
}

}  // namespace xsuperd::service
