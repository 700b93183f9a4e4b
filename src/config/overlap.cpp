// SPDX-License-Identifier: MIT
#include "config/overlap.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <utility>

#include "config/prefix.hpp"

namespace xsuperd::config {

namespace {

using Network = AddressPattern::Network;
/// One element of each list, or null: first only_from's, then no_access's.
using Pair = std::array<const AddressPattern*, 2>;
using Lists = std::array<const std::vector<AddressPattern>*, 2>;

void add(std::vector<Overlap>& found, const Pair& here, const Pair& around) {
  if (here[0] && here[1]) return found.push_back({here[0], here[1], false, true});
  const std::size_t list = here[1] ? 1 : 0;
  const AddressPattern* outer = around[1 - list];
  if (here[list] && outer) found.push_back({here[list], outer, list == 1, false});
}

/// The first one of each list, by what it means.
std::vector<std::pair<Network, Pair>> sorted_networks(const Lists& lists) {
  std::vector<std::pair<Network, Pair>> all;
  for (std::size_t list = 0; list < lists.size(); ++list)
    for (const AddressPattern& element : *lists[list])
      if (element.kind == AddressPattern::Kind::network) {
        all.push_back({element.network(), {}});
        all.back().second[list] = &element;
      }
  // A network comes before those inside it.
  std::stable_sort(all.begin(), all.end(), [](const auto& a, const auto& b) {
    return std::tie(a.first.base, a.first.prefix) < std::tie(b.first.base, b.first.prefix);
  });
  std::vector<std::pair<Network, Pair>> merged;
  for (const auto& [network, pair] : all) {
    if (merged.empty() || merged.back().first != network) merged.push_back({network, {}});
    for (std::size_t list = 0; list < pair.size(); ++list)
      if (!merged.back().second[list]) merged.back().second[list] = pair[list];
  }
  return merged;
}

bool contains(const Network& outer, const Network& inner) {
  return outer.prefix <= inner.prefix && same_network(outer.base, inner.base, outer.prefix);
}

/// Goes through the sorted networks with those that contain the present one on a stack.
void overlaps_of_networks(const Lists& lists, std::vector<Overlap>& found) {
  std::vector<std::pair<Network, Pair>> open;  // with the innermost of each list, itself counted
  for (const auto& [network, here] : sorted_networks(lists)) {
    while (!open.empty() && !contains(open.back().first, network)) open.pop_back();
    const Pair around = open.empty() ? Pair{} : open.back().second;
    add(found, here, around);
    open.push_back({network, {here[0] ? here[0] : around[0], here[1] ? here[1] : around[1]}});
  }
}

void overlaps_of_names(const Lists& lists, std::vector<Overlap>& found) {
  std::unordered_map<std::string_view, Pair> by_name;
  std::vector<std::string_view> names;  // each once, in the order of the lists
  for (std::size_t list = 0; list < lists.size(); ++list)
    for (const AddressPattern& element : *lists[list]) {
      if (element.kind != AddressPattern::Kind::host && element.kind != AddressPattern::Kind::domain)
        continue;
      const auto [at, fresh] = by_name.try_emplace(element.name);
      if (fresh) names.push_back(element.name);
      if (!at->second[list]) at->second[list] = &element;
    }
  for (const std::string_view name : names) {
    Pair around{};
    for (std::size_t at = name.find('.', 1); at != name.npos; at = name.find('.', at + 1))
      if (const auto domain = by_name.find(name.substr(at)); domain != by_name.end())
        for (std::size_t list = 0; list < around.size(); ++list)
          if (!around[list]) around[list] = domain->second[list];
    add(found, by_name.at(name), around);
  }
}

}  // namespace

std::vector<Overlap> overlaps(const std::vector<AddressPattern>& only_from,
                              const std::vector<AddressPattern>& no_access) {
  const Lists lists{&only_from, &no_access};
  std::vector<Overlap> found;
  overlaps_of_networks(lists, found);
  overlaps_of_names(lists, found);
  return found;
}

}  // namespace xsuperd::config
