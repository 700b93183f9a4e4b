// SPDX-License-Identifier: MIT
// What every word from outside has to be like, whoever has said it.
#pragma once
#include <string>

#include "fuzz/target.hpp"
#include "xsuperd/base/utf8.hpp"
#include "xsuperd/fleet/words.hpp"

namespace xsuperd::fuzz {

inline void check_peer(const policy::Network& peer) {
  must(peer.address.is_ip() && peer.address.scope() == 0 && peer == policy::Network::of(peer.address, peer.length));
}

inline void check_text(const std::string& text) { must(text.size() <= fleet::longest_text && base::is_plain(text)); }

}  // namespace xsuperd::fuzz
