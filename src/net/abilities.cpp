// SPDX-License-Identifier: MIT
#include "xsuperd/net/abilities.hpp"

#include "xsuperd/net/labels.hpp"
#include "xsuperd/net/mdns.hpp"

namespace xsuperd::net {

config::Abilities abilities() {
  using Labels = config::Abilities::Labels;
  config::Abilities can;
  can.mdns = mdns_available();
  can.labels = labels_in_kernel()   ? Labels::usable
               : labels_available() ? Labels::not_in_kernel
                                         : Labels::not_built;
  return can;
}

}  // namespace xsuperd::net
