// SPDX-License-Identifier: MIT
#include "supervisor/bans_watch.hpp"

#include <chrono>

#include "supervisor/ban_pack.hpp"
#include "xsuperd/policy/ban_origin.hpp"

namespace xsuperd::supervisor {

namespace {

constexpr std::size_t at_once = 2000;  ///< so many are forgotten in one turn of the loop

std::size_t limit_of(const config::Settings& defaults) { return defaults.ban_limit.value_or(config::usual_ban_limit); }
std::string file_of(const config::Settings& defaults) { return defaults.ban_file.value_or(std::string()); }

/// Whatever image they come from.
std::vector<policy::BanList::Ban> handed_bans(const HandOver& state) {
  std::vector<policy::BanList::Ban> all;
  for (const HandOver::Ban& one : state.bans) all.push_back({.peer = one.peer, .until = one.until, .since = state.now});
  if (auto packed = unpack_bans(state, state.now)) all.insert(all.end(), packed->begin(), packed->end());
  return all;
}

/// Of peers for whom there was no room nothing is left.
void restore_behind(service::Bans& bans, const HandOver& state) {
  const auto packed = unpack_bans_behind(state, state.now);
  if (!packed) return;
  for (const policy::BanList::Ban& one : *packed)
    if (bans.list.contains(one.peer, state.now)) (void)bans.behind.keep(bans.list, one, state.now);
}

}  // namespace

void BansWatch::begin(const config::Settings& defaults) {
  bans_.list.set_capacity(limit_of(defaults));
  file_.open(file_of(defaults));
  firewall_.use(defaults.ban_nft);
  share_.use(defaults);
  crowdsec_.use(defaults);
  watch();
}

void BansWatch::go_on(const config::Settings& defaults, const HandOver& state) {
  bans_.list.set_capacity(limit_of(defaults));  // first: what finds no room is dropped
  bans_.list.restore(handed_bans(state));
  restore_behind(bans_, state);
  bans_.offenders.restore(state.offenders);
  bans_.displaced_told = state.displaced_told;
  state.ban_file_unread ? file_.use(file_of(defaults)) : file_.go_on(file_of(defaults), state.ban_file_lines, state.ban_file_behind);
  firewall_.use(defaults.ban_nft);
  share_.use(defaults);
  crowdsec_.use(defaults);
  share_.inherit();
  watch();
}

void BansWatch::hand_over(HandOver& state) const {
  pack_bans(bans_.list, bans_.behind, state.now, state);
  state.offenders = bans_.offenders.snapshot();
  state.displaced_told = bans_.displaced_told;
  state.ban_file_lines = file_.lines();
  state.ban_file_behind = file_.behind();
  state.ban_file_unread = file_.unread();
  if (const int pidfd = process_.pidfd(); pidfd >= 0) state.leftovers.push_back({pidfd});
}

void BansWatch::reconfigured(const config::Settings& defaults) {
  bans_.list.set_capacity(limit_of(defaults));
  file_.use(file_of(defaults));
  firewall_.use(defaults.ban_nft);
  share_.use(defaults);
  crowdsec_.use(defaults);
  watch();
}

void BansWatch::changed(const policy::Network& network) {
  file_.changed(network);
  firewall_.changed(network);
}

void BansWatch::ours_changed(const policy::Network& network, bool lifted) {
  changed(network);
  share_.changed(network, lifted);
}

void BansWatch::banned(const policy::Network& network) {
  ours_changed(network, false);
  watch();
}

/// Another file has brought bans, nobody has said which.
void BansWatch::merged() {
  firewall_.refill();
  share_.tell_all();
  watch();
}

void BansWatch::heard(const policy::Network& network) {
  changed(network);
  watch();
}

/// Fact B5.29: looked at once a minute as long as there is somebody on the list who may leave it.
void BansWatch::watch() {
  if (!alarm_.is_set() && bans_.list.next_end()) alarm_.set(std::chrono::minutes(1));
}

void BansWatch::look() {
  const base::Moment now = now_();
  some_ = bans_.list.expire(now, at_once) > 0 || some_;
  if (const auto next = bans_.list.next_end(); next && *next <= now) return alarm_.set(std::chrono::milliseconds(1));
  watch();
  if (std::exchange(some_, false)) log_.info("At least 1 DENY_TIME has expired, global_no_access list updated");
  if (bans_.list.size() == 0) log_.info("global_no_access list is empty.");
}

std::vector<policy::BanList::Result> BansWatch::add(std::span<const policy::Network> networks, int minutes, const std::string& reason) {
  std::vector<policy::BanList::Result> results;
  for (const policy::Network& network : networks) {
    results.push_back(policy::ban_until(bans_.list, bans_.behind, network, policy::ban_end(minutes, now_()), now_(),
                                        {.reason = reason, .origin = policy::ban_origin::administrator, .stays = true}));
    if (results.back().added != policy::BanList::Added::unchanged) ours_changed(network, false);
    const std::string text = network.text();
    record_(log::record::Ban{.network = text, .minutes = minutes < 0 ? std::nullopt : std::optional(minutes),
                             .reason = log::record::Words(reason)});
  }
  watch();
  return results;
}

void BansWatch::remove(std::span<const policy::Network> networks) {
  for (const policy::Network& network : networks) {
    bans_.list.remove(network);
    bans_.behind.forget(network);
    bans_.offenders.forget(network);
    ours_changed(network, true);
  }
}

}  // namespace xsuperd::supervisor
