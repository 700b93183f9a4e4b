// SPDX-License-Identifier: MIT
#include "xsuperd/net/abilities.hpp"

#include <unistd.h>

#include "xsuperd/net/labels.hpp"
#include "xsuperd/net/mdns.hpp"
#include "xsuperd/net/port_lookup.hpp"

namespace xsuperd::net {

namespace {

using Mdns = config::Abilities::Mdns;
using Labels = config::Abilities::Labels;
using Ranges = config::Abilities::Ranges;

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

}  // namespace

config::Abilities abilities() { return {.mdns = mdns, .labels = labels, .ranges = ranges}; }

}  // namespace xsuperd::net
