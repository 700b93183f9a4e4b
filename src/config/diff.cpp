// SPDX-License-Identifier: MIT
#include <unordered_map>

#include "xsuperd/base/text.hpp"
#include "xsuperd/config/attribute.hpp"
#include "xsuperd/config/loader.hpp"

namespace xsuperd::config {

namespace {

using Shared = std::shared_ptr<const Service>;
using Names = std::vector<std::string_view>;

/// One id may stand for several services on different sockets (fact B2.51).
std::string key_of(const Service& s, bool exact) {
  std::string key = base::to_lower(s.id);
  if (exact)
    key += '/' + s.listen.protocol.name + '/' + std::to_string(static_cast<int>(s.listen.socket_type)) + '/' +
           std::to_string(s.listen.at.port) + '/' + s.listen.at.address.text();
  return key;
}

Names changed_attributes(const Settings& a, const Settings& b) {
  Names names;
  for (const Attribute& row : attributes())
    if (!row.same(a, b)) names.push_back(row.name);
  return names;
}

/// Would xinetd take the service away and open another one (facts B8.20, B8.24, B8.31)?
bool another_service(const Service& a, const Service& b) {
  return !a.listen.same_socket(b.listen) || a.wait != b.wait || a.kind != b.kind ||
         a.settings.rpc_number != b.settings.rpc_number;
}

/// Pairs each service of `unmatched` with the first one of `pool` that has the same key and no partner yet.
void pair_up(std::vector<Shared>& pool, std::vector<Shared>& unmatched, bool exact, Plan& plan) {
  std::unordered_multimap<std::string, std::size_t> by_key;
  for (std::size_t i = pool.size(); i-- > 0;) by_key.emplace(key_of(*pool[i], exact), i);
  std::vector<Shared> rest;
  for (Shared& after : unmatched) {
    const auto found = by_key.find(key_of(*after, exact));
    if (found == by_key.end()) {
      rest.push_back(std::move(after));
      continue;
    }
    const Shared before = std::move(pool[found->second]);
    by_key.erase(found);
    const bool same = before == after || *before == *after;
    plan.keep.push_back({before, after, !same && another_service(*before, *after), same,
                         same ? Names{} : changed_attributes(before->settings, after->settings)});
  }
  std::erase(pool, nullptr);
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
