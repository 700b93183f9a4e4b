// SPDX-License-Identifier: MIT
#include "xsuperd/net/abilities.hpp"

#include "xsuperd/net/labels.hpp"
#include "xsuperd/net/mdns.hpp"

namespace xsuperd::net {

namespace {

using Mdns = config::Abilities::Mdns;
using Labels = config::Abilities::Labels;

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

}  // namespace

config::Abilities abilities() { return {.mdns = mdns, .labels = labels}; }

}  // namespace xsuperd::net
