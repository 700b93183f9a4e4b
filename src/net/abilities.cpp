// SPDX-License-Identifier: MIT
#include "xsuperd/net/abilities.hpp"

#include <sys/syscall.h>
#include <unistd.h>

#include "xsuperd/box/boxes.hpp"
#include "xsuperd/box/filter.hpp"
#include "xsuperd/net/labels.hpp"
#include "xsuperd/net/mdns.hpp"
#include "xsuperd/net/port_lookup.hpp"
#include "xsuperd/net/true_pairs.hpp"

namespace xsuperd::net {

namespace {

using Mdns = config::Abilities::Mdns;
using Labels = config::Abilities::Labels;
using Ranges = config::Abilities::Ranges;
using Filters = config::Abilities::Filters;
using Connects = config::Abilities::Connects;
using Boxes = config::Abilities::Boxes;
using Controllers = config::Abilities::Controllers;

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

Connects connects() {
  constexpr long create_ruleset = 444, with_tcp = 4;  // the version of Landlock that has rules for TCP
  constexpr unsigned ask_version = 1;
  return ::syscall(create_ruleset, nullptr, 0, ask_version) >= with_tcp ? Connects::usable : Connects::not_in_kernel;
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

/// Whoever checks a configuration as an ordinary user is told what a daemon of his would do.
config::Abilities::TruePairs true_pairs() {
  using Pairs = config::Abilities::TruePairs;
  return TruePairs::usable() ? Pairs::usable : Pairs::not_permitted;
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
  return {.mdns = mdns, .labels = labels, .ranges = ranges, .filters = filters, .connects = connects, .boxes = boxes, .true_pairs = true_pairs,
          .controllers = asking == Asking::daemon ? controllers<true> : controllers<false>};
}

}  // namespace xsuperd::net
