// SPDX-License-Identifier: MIT
#include "supervisor/collection.hpp"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <functional>
#include <tuple>
#include <utility>

#include "supervisor/ban_row.hpp"
#include "supervisor/control/metrics.hpp"
#include "supervisor/control/recent.hpp"
#include "supervisor/control/services.hpp"
#include "supervisor/control/sessions.hpp"

namespace xsuperd::supervisor {

using control::States;

namespace {

constexpr std::chrono::microseconds slice{500};
constexpr std::size_t between_looks = 16;  // at the clock
constexpr int most_times = 3;

std::vector<control::reply::Ban> bans_of(const View& daemon) {
  std::vector<control::reply::Ban> bans;
  const base::Moment now = daemon.now();
  policy::BanList::Cursor cursor;
  while (bans.size() < metrics::most_bans_shown) {
    const auto ban = daemon.bans().list().next(cursor);
    if (!ban) break;
    if (now < ban->until) bans.push_back(ban_row(*ban, now));
  }
  return bans;
}

/// The newest first.
std::vector<control::EventRecord> events_of(const log::History& history) {
  auto records = recent(history, {}, metrics::most_events_shown);
  std::ranges::reverse(records);
  return records;
}

}  // namespace

Collection::Collection(boost::asio::io_context& loop, const View& daemon, const Roster& roster, Extent extent, Done done)
    : loop_(loop), daemon_(daemon), roster_(roster), extent_(extent), done_(std::move(done)) {}

void Collection::begin() {
  ++times_;
  changes_ = roster_.changes();
  services_ = daemon_.services();
  retired_ = {roster_.retired().begin(), roster_.retired().end()};
  if (extent_ != Extent::sums) collected_->snapshot.services.reserve(services_.size());
  later(&Collection::copy_services);
}

void Collection::copy_anew() {
  auto given_up = std::exchange(collected_, std::make_shared<Collected>());
  collected_->given_up = std::move(given_up);
  sum_ = {};
  running_ = undecided_ = 0;
  begin();
}

/// What is posted outlives all that Runners refer to, and must not keep any of them.
void Collection::later(Step step) {
  boost::asio::post(loop_, [weak = weak_from_this(), step] {
    if (const auto self = weak.lock()) (self.get()->*step)();
  });
}

template <typename One>
void Collection::in_slices(std::size_t count, Step again, Step next, One one) {
  const auto until = std::chrono::steady_clock::now() + slice;
  while (next_ < count) {
    one(next_++);
    if (next_ % between_looks == 0 && std::chrono::steady_clock::now() >= until) return later(again);
  }
  next_ = 0;
  later(next);
}

void Collection::copy_services() {
  in_slices(services_.size(), &Collection::copy_services, &Collection::add_retired, [this](std::size_t i) {
    const service::Runner& runner = *services_[i];
    add(runner);
    if (extent_ != Extent::sums) collected_->snapshot.services.push_back(metrics_row(runner));
    if (extent_ == Extent::page) return add_for_page(runner);
    services_[i].reset();  // all at once would take its time, too
  });
}

void Collection::add(const service::Runner& runner) {
  sum_ += runner.counters();
  const std::size_t running = running_sessions(runner);
  running_ += running;
  undecided_ += runner.sessions().size() - running;
}

void Collection::add_for_page(const service::Runner& runner) {
  metrics::Shown& shown = collected_->shown;
  shown.sessions_in_all += runner.sessions().size();
  for (const auto& [token, session] : runner.sessions().all()) {
    if (shown.sessions.size() == metrics::most_sessions_shown) break;
    shown.sessions.push_back(session_row(runner, token, session, daemon_.now()));
  }
  for (const tls::Shown& one : runner.service().offer.shown) {
    if (shown.certificates.size() == metrics::most_certificates_shown) break;
    shown.certificates.push_back({runner.service().id, one.name, time_of(one.until)});
  }
}

void Collection::add_retired() {
  in_slices(retired_.size(), &Collection::add_retired, &Collection::sum_up, [this](std::size_t i) {
    add(*retired_[i]);
    retired_[i].reset();
  });
}

void Collection::sum_up() {
  if (roster_.changes() != changes_ && times_ < most_times) return copy_anew();
  sum_ += roster_.gone();
  control::reply::Metrics& daemon = collected_->snapshot.daemon;
  daemon = metrics_of(daemon_);
  tell_counters(sum_, daemon.totals);
  daemon.totals.running = running_;
  daemon.totals.undecided = undecided_;
  later(extent_ == Extent::page ? &Collection::choose : &Collection::finish);
}

/// Which services are shown: all, or of many those in trouble, and then those with the most to do.
void Collection::choose() {
  const auto& rows = collected_->snapshot.services;
  using Key = std::tuple<bool, std::uint64_t, std::uint64_t, std::size_t>;  // the last: how many are behind it, itself included
  std::vector<Key> keys;
  keys.reserve(rows.size());
  for (const control::reply::MetricsRow& row : rows)
    keys.emplace_back(row.state == States::closed || row.state == States::paused, row.running, row.accepted, rows.size() - keys.size());
  const std::size_t count = std::min(keys.size(), metrics::most_services_shown);
  if (count < keys.size()) std::ranges::partial_sort(keys, keys.begin() + static_cast<std::ptrdiff_t>(count), std::greater{});
  for (std::size_t i = 0; i < count; ++i) chosen_.push_back(rows.size() - std::get<3>(keys[i]));
  later(&Collection::copy_chosen);
}

void Collection::copy_chosen() {
  in_slices(chosen_.size(), &Collection::copy_chosen, &Collection::finish,
            [this](std::size_t i) { collected_->shown.services.push_back(told(*services_[chosen_[i]])); });
}

void Collection::finish() {
  if (extent_ == Extent::page) {
    metrics::Shown& shown = collected_->shown;
    shown.daemon = collected_->snapshot.daemon;
    shown.services_in_all = services_.size();
    shown.bans = bans_of(daemon_);
    shown.findings = daemon_.last_load().findings;
    shown.events = events_of(daemon_.history());
  }
  const Done done = done_;
  done(std::move(collected_));
}

}  // namespace xsuperd::supervisor
