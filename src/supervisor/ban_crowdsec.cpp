// SPDX-License-Identifier: MIT
#include "supervisor/ban_crowdsec.hpp"

#include <string>
#include <utility>

#include "xsuperd/config/lapi_address.hpp"
#include "xsuperd/config/tls.hpp"

namespace xsuperd::supervisor {

namespace {

std::optional<fleet::Lapi> lapi_of(const config::Settings& defaults) {
  if (!defaults.ban_crowdsec || defaults.ban_crowdsec->size() != 2) return std::nullopt;
  auto address = config::parse_lapi_address(defaults.ban_crowdsec->front());
  if (!address) return std::nullopt;
  return fleet::Lapi{.address = std::move(*address), .key_file = defaults.ban_crowdsec->back(),
                     .authorities = defaults.ban_crowdsec_ca.value_or(std::string(config::usual_authorities))};
}

}  // namespace

BanCrowdsec::BanCrowdsec(With with) : with_(std::move(with)), client_(with_.loop, with_.process, {}, callbacks()) {}

fleet::LapiClient::Callbacks BanCrowdsec::callbacks() {
  return {.on_met = [this] { met(); },
          .on_lost = [this] { lost(); },
          .on_heard = [this](const fleet::Heard& one) { heard(one); },
          .on_lifted = [this](const fleet::Lifted& one) { lifted(one); },
          .on_left_out = [this](std::size_t count) { said_.left_out += count; }};
}

void BanCrowdsec::use(const config::Settings& defaults) {
  ExemptNetworks exempt = exempt_from_others(defaults);
  const std::size_t room = with_.bans.filling().capacity;
  // What was left out for these is told again only by one that is asked for everything.
  const bool others = exempt != std::exchange(exempt_, exempt), other_room = room != std::exchange(room_, room);
  if (others || other_room) client_.ask_anew(), said_.full_told = false;
  std::optional<fleet::Lapi> lapi = lapi_of(defaults);
  if (lapi != std::exchange(lapi_, lapi)) told_of_.clear();
  client_.use(std::move(lapi));
}

void BanCrowdsec::met() {
  if (std::exchange(told_of_, {}) == client_.url())
    with_.log.notice("CrowdSec at {} is there again: its bans are in force", client_.url());
  else
    with_.log.notice("bans of CrowdSec at {} are in force", client_.url());
}

void BanCrowdsec::lost() {
  if (client_.trouble().empty() || std::exchange(told_of_, client_.url()) == client_.url()) return;
  with_.log.error("CrowdSec cannot be used: {}; known bans stay in force; retrying", client_.trouble());
}

void BanCrowdsec::heard(const fleet::Heard& one) {
  ++heard_;
  if (note(heed(with_.bans, with_.behind, one, exempt_, with_.now()), said_, with_.log)) with_.on_change(one.peer);
}

void BanCrowdsec::lifted(const fleet::Lifted& one) {
  if (heed(with_.bans, with_.behind, one, with_.now())) with_.on_change(one.peer);
}

std::optional<control::reply::Crowdsec> BanCrowdsec::state() const {
  if (!client_.wanted()) return std::nullopt;
  control::reply::Crowdsec state{.url = client_.url(), .connected = client_.met(), .bans = with_.bans.filling().from_crowdsec, .heard = heard_,
                                 .left_out = said_.left_out, .trouble = {}};
  if (!client_.trouble().empty()) state.trouble = client_.trouble();
  return state;
}

}  // namespace xsuperd::supervisor
