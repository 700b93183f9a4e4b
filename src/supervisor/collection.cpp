// SPDX-License-Identifier: MIT
#include "supervisor/collection.hpp"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <iterator>
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
constexpr std::size_t between_looks = 4;  // at the clock: what is told of a service takes up to a tenth of a millisecond
constexpr int most_times = 3;

std::vector<control::reply::Ban> shown_bans(const View& daemon) {
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
std::vector<control::EventRecord> shown_events(const log::History& history) {
  auto records = recent(history, {}, metrics::most_events_shown);
  std::ranges::reverse(records);
  return records;
}

}  // namespace

Collection::Collection(boost::asio::io_context& loop, const View& daemon, const Roster& roster, Extent extent, Done done)
    : loop_(loop), daemon_(daemon), roster_(roster), extent_(extent), done_(std::move(done)) {}

void Collection::begin() {
  changes_ = roster_.changes();
  services_.clear();
  retired_.clear();
  services_.reserve(roster_.served().size());
  retired_.reserve(roster_.retired().size());
  if (extent_ != Extent::sums) collected_->snapshot.services.reserve(services_.capacity());
  later(&Collection::list_services);
}

void Collection::copy_anew() {
  ++times_;
  auto given_up = std::exchange(collected_, std::make_shared<Collected>());
  collected_->given_up = std::move(given_up);
  chosen_.clear();
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

/// Even that takes a millisecond with ten thousand that no cache holds. Whoever is to look at the list must find it as it was.
void Collection::list_services() {
  if (roster_.changes() != changes_) return list_anew();
  const Runners& served = roster_.served();
  in_slices(served.size(), &Collection::list_services, &Collection::list_retired,
            [&](std::size_t i) { services_.push_back(served[i]); });
}

void Collection::list_retired() {
  if (roster_.changes() != changes_) return list_anew();
  const Runners& retired = roster_.retired();
  in_slices(retired.size(), &Collection::list_retired, &Collection::copy_services,
            [&](std::size_t i) { retired_.push_back(retired[i]); });
}

void Collection::list_anew() {
  next_ = 0;
  begin();
}

void Collection::copy_services() {
  in_slices(services_.size(), &Collection::copy_services, &Collection::add_retired, [this](std::size_t i) {
    const service::Runner& runner = *services_[i];
    add(runner);
    if (extent_ != Extent::sums) collected_->snapshot.services.push_back(metrics_row(runner));
    if (extent_ == Extent::page) add_for_page(i);
    services_[i].reset();  // all at once would take its time, too
  });
}

void Collection::add(const service::Runner& runner) {
  sum_ += runner.counters();
  const std::size_t running = running_sessions(runner);
  running_ += running;
  undecided_ += runner.sessions().size() - running;
}

void Collection::add_for_page(std::size_t i) {
  const service::Runner& runner = *services_[i];
  choose(i);
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

/// Which services are shown: all, or of many those in trouble, and then those with the most to do.
void Collection::choose(std::size_t i) {
  const control::reply::MetricsRow& row = collected_->snapshot.services.back();
  Rank rank{false, 0, 0, services_.size() - i};
  if (services_.size() > metrics::most_services_shown)
    rank = {row.state == States::closed || row.state == States::paused, row.running, row.accepted, services_.size() - i};
  chosen_.emplace(rank, services_[i]);
  if (chosen_.size() > metrics::most_services_shown) chosen_.erase(std::prev(chosen_.end()));
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
  later(extent_ == Extent::page ? &Collection::copy_chosen : &Collection::finish);
}

void Collection::copy_chosen() {
  collected_->shown.services.reserve(next_ + chosen_.size());
  in_slices(next_ + chosen_.size(), &Collection::copy_chosen, &Collection::add_lists, [this](std::size_t) {
    collected_->shown.services.push_back(told(*chosen_.begin()->second));
    chosen_.erase(chosen_.begin());
  });
}

void Collection::add_lists() {
  metrics::Shown& shown = collected_->shown;
  shown.daemon = collected_->snapshot.daemon;
  shown.services_in_all = services_.size();
  shown.bans = shown_bans(daemon_);
  shown.findings = daemon_.last_load().findings;
  shown.events = shown_events(daemon_.history());
  later(&Collection::finish);
}

void Collection::finish() {
  const Done done = done_;
  done(std::move(collected_));
}

}  // namespace xsuperd::supervisor
