// SPDX-License-Identifier: MIT
#include "supervisor/ban_share.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <new>
#include <utility>

#include "xsuperd/config/store_address.hpp"
#include "xsuperd/config/tls.hpp"
#include "xsuperd/policy/ban_origin.hpp"

namespace xsuperd::supervisor {

namespace {

constexpr std::size_t looked_at_once = 1000;  ///< bans, in one turn of the loop
constexpr std::chrono::seconds near_enough{5};  ///< a ban that the store keeps so much shorter need not be told again
constexpr std::chrono::milliseconds first_pause{500}, longest_pause{30'000};  ///< after a refusal

fleet::Stores stores_of(const config::Settings& defaults) {
  fleet::Stores stores;
  if (!config::can_share_bans()) return stores;
  for (const std::string& text : defaults.ban_share.value_or(config::Words{}))
    if (auto address = config::parse_store_address(text)) stores.addresses.push_back(std::move(*address));
  stores.password_file = defaults.ban_share_password.value_or("");
  stores.authorities = defaults.ban_share_ca.value_or(std::string(config::usual_authorities));
  return stores;
}

std::string host_name() {
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0 || name[0] == 0) return "an unnamed host";
  return fleet::plain(name.data());
}

}  // namespace

BanShare::BanShare(With with)
    : with_(std::move(with)), client_(with_.loop, with_.process, {.host = host_name()}, callbacks()),
      counts_({with_.loop, with_.counts, with_.now, with_.log, [this] { return client_.has_room_to_ask() && (outbox_.empty() || resuming_.is_set()); },
               [this](const fleet::Order& order) { client_.send(order); }}),
      sending_(with_.loop, [this] { send(); }), resuming_(with_.loop, [this] { resume(); }), pause_(first_pause) {}

fleet::Client::Callbacks BanShare::callbacks() {
  return {.on_met = [this] { met(); },
          .on_listed = [this] { outbox_.listed(), send_soon(); },
          .on_lost = [this](bool all) { lost(all); },
          .on_done =
              [this](std::size_t count) {
                outbox_.done(count);
                sent_ += count;
                if (outbox_.all_known() && !refused_some_) taken();
                send_soon();
                counts_.go_on();
              },
          .on_refused = [this](std::size_t count, const std::string& why) { refused(count, why); },
          .on_heard = [this](const fleet::Heard& one) { heard(one); },
          .on_lifted = [this](const fleet::Lifted& one) { lifted(one); },
          .on_emptied =
              [this] {
                with_.log.notice("the store {} has been emptied: all bans of this host are sent to it again", client_.store());
                counts_.has_nothing();
                tell_all();
              },
          // Bans that found no room come first.
          .on_counted = [this](const fleet::Counted& word) { return send_soon(), counts_.counted(word); },
          .on_time = [this](const fleet::Time& word) { return send_soon(), counts_.told_time(word); },
          .on_uncounted = [this](const fleet::Uncounted& word) { return send_soon(), counts_.uncounted(word); }};
}

void BanShare::use(const config::Settings& defaults) {
  exempt_ = exempt_from_others(defaults);
  fleet::Stores stores = stores_of(defaults);
  if (stores.addresses.empty()) outbox_.clear();
  counts_.use(!stores.addresses.empty());
  const bool others = std::ranges::find_first_of(addresses_, stores.addresses) == addresses_.end();
  addresses_ = stores.addresses;
  const bool told = std::exchange(told_, false);  // of other stores nothing has been told
  if (!client_.use(std::move(stores)))
    told_ = told;
  else if (others)
    counts_.has_nothing();
}

void BanShare::tell_all() {
  outbox_.walk();
  send_soon();
}

void BanShare::changed(const policy::Network& peer, bool lifted) {
  if (!client_.wanted()) return;
  if (!outbox_.put(peer, lifted) && lifted && !std::exchange(lost_told_, true))
    with_.log.error("the store {} has been away for too long: some lifted bans will not be reported to it", client_.store());
  send_soon();
}

void BanShare::met() {
  if (std::exchange(told_, false))
    with_.log.notice("the store {} is there again: bans are shared", client_.store());
  else
    with_.log.notice("bans are shared through {}", client_.store());
  lost_told_ = refused_some_ = false;
  refusal_.clear();
  pause_ = first_pause;
  outbox_.start_anew();
  counts_.met();
  send_soon();
}

void BanShare::lost(bool all) {
  outbox_.refused(fleet::most_under_way);
  counts_.lost();
  sending_.cancel();
  resuming_.cancel();
  if (all) tell_once("cannot be used", client_.trouble());
}

void BanShare::tell_once(std::string_view what, const std::string& why) {
  if (why.empty() || std::exchange(told_, true)) return;
  with_.log.error("the store for bans {}: {}; known bans stay in force; retrying", what, why);
}

void BanShare::refused(std::size_t count, const std::string& why) {
  outbox_.refused(count);
  refused_some_ = true;
  refusal_ = client_.store() + ": " + why;
  tell_once("accepts no bans", refusal_);
  if (resuming_.is_set()) return;
  sending_.cancel();
  resuming_.set(pause_);
  pause_ = std::min(2 * pause_, longest_pause);
}

/// What has been refused is tried again, unless it is over by now.
void BanShare::resume() {
  refused_some_ = false;
  send();
}

/// What it has refused before, or not yet, it takes now.
void BanShare::taken() {
  pause_ = first_pause;
  if (refusal_.empty()) return;
  refusal_.clear();
  told_ = false;
  with_.log.notice("the store {} accepts bans again", client_.store());
}

void BanShare::send_soon() {
  if (!sending_.is_set() && !resuming_.is_set() && client_.has_room() && !outbox_.empty()) sending_.set(std::chrono::milliseconds(0));
}

/// A part of what there is in each turn: there may be a million.
void BanShare::send() {
  std::size_t steps = looked_at_once;
  while (client_.has_room() && steps > 0) {
    const auto change = outbox_.next(with_.bans, with_.behind, with_.now(), steps);
    if (!change) break;
    client_.send(*change);
  }
  if (outbox_.all_known() && !refused_some_) taken();
  send_soon();
  counts_.go_on();
}

void BanShare::heard(const fleet::Heard& one) {
  ++heard_;
  if (outbox_.lifts(one.peer)) return;
  skip_if_there(one);
  if (note(heed(with_.bans, with_.behind, one, exempt_, with_.now()), said_, with_.log)) with_.on_change(one.peer);
}

/// When a store is there again all hosts would tell all bans to each other, most of which everybody knows.
void BanShare::skip_if_there(const fleet::Heard& one) {
  const base::Moment now = with_.now();
  const auto ours = ban_to_tell(with_.bans, with_.behind, one.peer, now);
  if (ours && (one.seconds == 0 || ours->until <= now + std::chrono::seconds(one.seconds) + near_enough)) outbox_.has(one.peer);
}

void BanShare::lifted(const fleet::Lifted& one) {
  outbox_.lacks(one.peer);
  const bool hidden = !ban_to_tell(with_.bans, with_.behind, one.peer, with_.now());
  if (heed(with_.bans, with_.behind, one, with_.now())) with_.on_change(one.peer);
  if (hidden) came_back(one.peer);
}

/// The store had theirs, and has nothing of the peer any more.
void BanShare::came_back(const policy::Network& peer) {
  if (!ban_to_tell(with_.bans, with_.behind, peer, with_.now())) return;
  (void)outbox_.put(peer, false);
  send_soon();
}

std::optional<control::reply::Fleet> BanShare::state() const {
  if (!client_.wanted()) return std::nullopt;
  control::reply::Fleet fleet{.store = client_.store(), .connected = client_.met(), .bans = with_.bans.filling().from_fleet, .sent = sent_,
                              .heard = heard_, .left_out = said_.left_out, .trouble = {}, .counted = counts_.size(), .uncounted = counts_.left_out(),
                              .count_trouble = {}};
  if (const std::string& why = client_.met() ? refusal_ : client_.trouble(); !why.empty()) fleet.trouble = why;
  if (!counts_.trouble().empty()) fleet.count_trouble = counts_.trouble();
  return fleet;
}

}  // namespace xsuperd::supervisor
