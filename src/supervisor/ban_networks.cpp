// SPDX-License-Identifier: MIT
#include "supervisor/ban_networks.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <functional>
#include <utility>
#include <vector>

namespace xsuperd::supervisor {

namespace {

/// Those that end last.
void keep_some(std::vector<nft::Element>& elements) {
  std::ranges::nth_element(elements, elements.begin() + static_cast<std::ptrdiff_t>(BanNetworks::most), std::greater<>(), &nft::Element::until);
  elements.resize(BanNetworks::most);
}

}  // namespace

void BanNetworks::put(std::string& to, const config::BanNft& where, const policy::BanList& bans, base::Moment now) {
  std::array<std::vector<nft::Element>, nft::kinds.size()> all;
  for (auto next = networks_.begin(); next != networks_.end();) {
    const auto here = next++;
    const auto ban = bans.find(*here, now);
    const auto kind = nft::kind_of(*here, where);
    if (ban && kind)
      all[static_cast<std::size_t>(*kind)].push_back({*here, ban->until});
    else
      networks_.erase(here);
  }
  again_ = base::Moment::max();
  lacking_.reset();
  for (const nft::Kind kind : nft::kinds_of(where)) {
    auto [elements, again] = nft::outermost(all[static_cast<std::size_t>(kind)]);
    again_ = std::min(again_, again);
    if (elements.size() > most) {
      lacking_ = fmt::format("of {} networks the set {} has those {} whose bans last longest", elements.size(), nft::set_name(where, kind), most);
      keep_some(elements);
    }
    nft::add(to, where, kind, elements, now);
  }
  changed_ = false;
  put_ = true;
}

void BanNetworks::written(base::Moment begun, base::Moment now) {
  if (std::exchange(put_, false)) not_before_ = now + 10 * (now - begun);
}

}  // namespace xsuperd::supervisor
