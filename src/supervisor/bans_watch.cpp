// SPDX-License-Identifier: MIT
#include "supervisor/bans_watch.hpp"

#include <chrono>

namespace xsuperd::supervisor {

/// Fact B5.29: looked at once a minute as long as there is somebody on the list who may leave it.
void BansWatch::grown() {
  if (!alarm_.is_set() && bans_.next_end()) alarm_.set(std::chrono::minutes(1));
}

void BansWatch::look() {
  const bool some = bans_.expire(now_()) > 0;
  grown();
  if (some) log_.info("At least 1 DENY_TIME has expired, global_no_access list updated");
  if (bans_.size() == 0) log_.info("global_no_access list is empty.");
}

std::vector<policy::BanList::Result> BansWatch::add(std::span<const policy::Network> networks, int minutes) {
  std::vector<policy::BanList::Result> results;
  for (const policy::Network& network : networks) {
    results.push_back(bans_.add(network, minutes, now_()));
    const std::string text = network.text();
    record_(log::record::Ban{.network = text, .minutes = minutes < 0 ? std::nullopt : std::optional(minutes)});
  }
  grown();
  return results;
}

void BansWatch::remove(std::span<const policy::Network> networks) {
  for (const policy::Network& network : networks) bans_.remove(network);
}

}  // namespace xsuperd::supervisor
