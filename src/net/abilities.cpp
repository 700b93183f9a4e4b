// SPDX-License-Identifier: MIT
#include "xsuperd/net/abilities.hpp"

#include <sys/syscall.h>
#include <unistd.h>

#include "xsuperd/box/boxes.hpp"
#include "xsuperd/box/filter.hpp"
#include "xsuperd/box/user_space.hpp"
#include "xsuperd/net/labels.hpp"
#include "xsuperd/net/mdns.hpp"
#include "xsuperd/net/nft.hpp"
#include "xsuperd/net/port_lookup.hpp"
#include "xsuperd/net/true_pairs.hpp"

namespace xsuperd::net {

namespace {

using Mdns = config::Abilities::Mdns;
using Labels = config::Abilities::Labels;
using Ranges = config::Abilities::Ranges;
using Filters = config::Abilities::Filters;
using Connects = config::Abilities::Connects;
using FileRules = config::Abilities::FileRules;
using Boxes = config::Abilities::Boxes;
using UserNamespaces = config::Abilities::UserNamespaces;
using Controllers = config::Abilities::Controllers;
using Pairs = config::Abilities::Pairs;
using Nftables = config::Abilities::Nftables;

Mdns mdns() {
  if (!mdns_available()) return Mdns::not_built;
  return load_mdns() ? Mdns::usable : Mdns::not_loaded;
}

/// Where the kernel has none the library is useless, and is not loaded to find that out.
Labels labels() {
  if (!labels_available()) return Labels::not_built;
  if (!labels_in_kernel()) return Labels::not_in_kernel;
  const auto enabled = load_labels();
  if (!enabled) return Labels::not_loaded;
  return *enabled ? Labels::usable : Labels::not_in_kernel;
}

/// Whoever checks a configuration as an ordinary user says nothing of what the daemon may do.
Ranges ranges() {
  switch (lookup_ability()) {
    case LookupAbility::usable: return Ranges::usable;
    case LookupAbility::not_in_kernel: return Ranges::not_in_kernel;
    case LookupAbility::not_permitted: break;
  }
  return ::geteuid() == 0 ? Ranges::not_permitted : Ranges::usable;
}

Filters filters() {
  switch (box::filter_ability()) {
    case box::FilterAbility::usable: return Filters::usable;
    case box::FilterAbility::not_built: return Filters::not_built;
    case box::FilterAbility::not_loaded: return Filters::not_loaded;
    case box::FilterAbility::not_in_kernel: break;
  }
  return Filters::not_in_kernel;
}

/// The version of Landlock; -1: there is none.
long landlock() {
  constexpr long create_ruleset = 444;
  constexpr unsigned ask_version = 1;
  return ::syscall(create_ruleset, nullptr, 0, ask_version);
}

Connects connects() {
  constexpr long with_tcp = 4;
  return landlock() >= with_tcp ? Connects::usable : Connects::not_in_kernel;
}

FileRules file_rules() {
  constexpr long with_truncate = 3;
  return landlock() >= with_truncate ? FileRules::usable : FileRules::not_in_kernel;
}

Boxes boxes() {
  switch (box::box_ability()) {
    case box::BoxAbility::usable: return Boxes::usable;
    case box::BoxAbility::not_root: return Boxes::not_root;
    case box::BoxAbility::not_permitted: return Boxes::not_permitted;
    case box::BoxAbility::not_in_kernel: break;
  }
  return Boxes::not_in_kernel;
}

UserNamespaces user_namespaces() {
  switch (box::user_space_ability()) {
    case box::UserSpaceAbility::usable: return UserNamespaces::usable;
    case box::UserSpaceAbility::not_root: return UserNamespaces::not_root;
    case box::UserSpaceAbility::not_permitted: return UserNamespaces::not_permitted;
    case box::UserSpaceAbility::not_in_kernel: break;
  }
  return UserNamespaces::not_in_kernel;
}

Pairs pairs() { return TruePairs::usable() ? Pairs::usable : Pairs::unix_sockets; }
/// Whoever checks a configuration as an ordinary user says nothing of what the daemon may do.
Pairs others_pairs() { return ::geteuid() != 0 ? Pairs::usable : pairs(); }

/// Whoever checks a configuration as an ordinary user says nothing of what the daemon may do.
Nftables nftables() {
  switch (nft_ability()) {
    case NftAbility::usable: return Nftables::usable;
    case NftAbility::not_built: return Nftables::not_built;
    case NftAbility::not_loaded: return Nftables::not_loaded;
    case NftAbility::not_in_kernel: return Nftables::not_in_kernel;
    case NftAbility::not_permitted: break;
  }
  return Nftables::not_permitted;
}
Nftables others_nftables() {
  const Nftables found = nftables();
  return found == Nftables::not_permitted && ::geteuid() != 0 ? Nftables::usable : found;
}

Controllers::State controller(const char* name, bool running) {
  switch (box::group_ability(name, running)) {
    case box::GroupAbility::usable: return Controllers::State::usable;
    case box::GroupAbility::not_permitted: return Controllers::State::not_permitted;
    case box::GroupAbility::not_in_kernel: break;
  }
  return Controllers::State::not_in_kernel;
}

template <bool running>
Controllers controllers() {
  static const Controllers found{controller("memory", running), controller("pids", running), controller("cpu", running)};
  return found;
}

}  // namespace

config::Abilities abilities(Asking asking) {
  return {.mdns = mdns, .labels = labels, .ranges = ranges, .filters = filters, .connects = connects, .file_rules = file_rules, .boxes = boxes,
          .user_namespaces = user_namespaces,
          .controllers = asking == Asking::daemon ? controllers<true> : controllers<false>,
          .pairs = asking == Asking::daemon ? pairs : others_pairs,
          .nftables = asking == Asking::daemon ? nftables : others_nftables};
}

}  // namespace xsuperd::net
