// SPDX-License-Identifier: MIT
#include <algorithm>
#include <unordered_map>

#include "xsuperd/base/text.hpp"
#include "xsuperd/config/attribute.hpp"
#include "xsuperd/config/loader.hpp"

namespace xsuperd::config {

namespace {

using Shared = std::shared_ptr<const Service>;
using AttributeNames = std::vector<std::string_view>;

/// One id may stand for several services on different sockets (fact B2.51).
struct Key {
  const Service* service;
  bool exact;  ///< id and socket, else the id alone
};

struct SameKey {
  bool operator()(const Key& one, const Key& other) const {
    const ListenSpec& a = one.service->listen;
    const ListenSpec& b = other.service->listen;
    if (!base::iequals(one.service->id, other.service->id)) return false;
    return !one.exact || (a.at == b.at && a.protocol.name == b.protocol.name && a.socket_type == b.socket_type && a.kind == b.kind &&
                          a.name == b.name && a.range == b.range && a.vsock == b.vsock);
  }
};

struct HashOfKey {
  std::size_t operator()(const Key& key) const {
    std::size_t hash = key.exact ? key.service->listen.at.port : 0;
    for (const char c : key.service->id) hash = hash * 31 + static_cast<unsigned char>(base::lower(c));
    return hash;
  }
};

/// Equal in everything but where it is written.
bool same_but_for_place(const Service& one, const Service& other) {
  // Names for all members: with a new one this does not compile until it is thought of.
  const auto& [name, id, place, settings, kind, listen, also, of_inetd, wait, argv, environment, variables, patterns, groups, offer, target_offer, common_log,
               waits_for] = one;
  return name == other.name && id == other.id && settings == other.settings && kind == other.kind &&
         listen == other.listen && also == other.also && of_inetd == other.of_inetd && wait == other.wait && argv == other.argv && environment == other.environment &&
         variables == other.connection_variables && patterns == other.argument_patterns &&
         groups == other.supplementary_groups && offer == other.offer && target_offer == other.target_offer && common_log == other.common_log &&
         waits_for == other.waits_for;
}

AttributeNames changed_attributes(const Settings& a, const Settings& b) {
  AttributeNames names;
  for (const Attribute& row : attributes())
    if (!row.same(a, b)) names.push_back(row.name);
  return names;
}

/// Files that say something else under the same names count as a change of the first of them.
AttributeNames changed_attributes(const Service& a, const Service& b) {
  AttributeNames names = changed_attributes(a.settings, b.settings);
  if (names.empty() && a.offer != b.offer) names.push_back("tls_cert");
  if (names.empty() && a.target_offer != b.target_offer) names.push_back("redirect_tls");
  return names;
}

/// A line of inetd.conf that had one socket for both families before an upgrade has two now: nobody has changed it.
bool split(const ListenSpec& before, const ListenSpec& after) {
  return before.ipv6 && !before.v6only && !before.at.address.known() && !after.at.address.known() &&
         before.at.port == after.at.port && before.protocol.number == after.protocol.number &&
         before.socket_type == after.socket_type;
}

/// Of several places one that stays is enough: then it is the same service, which has moved from some of the others.
bool no_place_in_common(const Service& a, const Service& b) {
  const auto places = b.places();
  const bool two_now = b.of_inetd && !a.of_inetd && a.also.empty() && !b.also.empty();
  const auto stays = [&](const ListenSpec& one) {
    return std::ranges::any_of(places, [&](const ListenSpec& other) {
      return one.same_place(other) || (two_now && split(one, other));
    });
  };
  const auto before = a.places();
  return before.empty() || places.empty() ? !a.listen.same_place(b.listen) : std::ranges::none_of(before, stays);
}

/// Would xinetd take the service away and open another one (facts B8.20, B8.24, B8.31)?
bool another_service(const Service& a, const Service& b) {
  return no_place_in_common(a, b) || a.wait != b.wait || a.kind != b.kind ||
         a.settings.rpc_number != b.settings.rpc_number;
}

/// Pairs each service of `unmatched` with the first one of `pool` that has the same key and no partner yet.
void pair_up(std::vector<Shared>& pool, std::vector<Shared>& unmatched, bool exact, Plan& plan) {
  if (pool.empty() || unmatched.empty()) return;
  std::unordered_multimap<Key, std::size_t, HashOfKey, SameKey> by_key(pool.size());
  for (std::size_t i = pool.size(); i-- > 0;) by_key.emplace(Key{pool[i].get(), exact}, i);
  std::vector<bool> paired(pool.size());
  std::vector<Shared> rest;
  for (Shared& after : unmatched) {
    const auto found = by_key.find(Key{after.get(), exact});
    if (found == by_key.end()) {
      rest.push_back(std::move(after));
      continue;
    }
    const Shared before = pool[found->second];
    paired[found->second] = true;
    by_key.erase(found);
    const bool equal = before == after || same_but_for_place(*before, *after);
    const bool same = equal && before->place == after->place;
    plan.keep.push_back({before, after, !equal && another_service(*before, *after), same, equal && !same,
                         equal ? AttributeNames{} : changed_attributes(*before, *after)});
  }
  // Only now: the keys are those of the services in the pool.
  by_key.clear();
  std::size_t at = 0;
  std::erase_if(pool, [&](const Shared&) { return paired[at++]; });
  unmatched = std::move(rest);
}

}  // namespace

Plan diff(const Config& before, const Config& after) {
  Plan plan;
  std::vector<Shared> pool = before.services;
  std::vector<Shared> unmatched = after.services;
  pair_up(pool, unmatched, true, plan);
  pair_up(pool, unmatched, false, plan);
  plan.start = std::move(unmatched);
  plan.stop = std::move(pool);
  return plan;
}

}  // namespace xsuperd::config
