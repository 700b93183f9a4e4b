// SPDX-License-Identifier: MIT
#include "supervisor/collection.hpp"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <numeric>
#include <utility>

#include "supervisor/control/metrics.hpp"
#include "supervisor/control/services.hpp"
#include "supervisor/control/sessions.hpp"

namespace xsuperd::supervisor {

using control::States;

namespace {

constexpr std::chrono::microseconds slice{500};
constexpr std::size_t between_looks = 16;  // at the clock
/// Of more, the page has no list: to copy it takes too long.
constexpr std::size_t most_bans = 2000;

std::vector<control::reply::Ban> bans_of(const View& daemon) {
  std::vector<control::reply::Ban> bans;
  if (daemon.bans().size() > most_bans) return bans;
  const base::Moment now = daemon.now();
  for (const auto& [peer, until] : daemon.bans().all(now)) {
    if (bans.size() == metrics::most_bans_shown) break;
    control::reply::Ban& row = bans.emplace_back(control::reply::Ban{peer.text(), {}});
    if (until != base::Moment::max()) row.seconds_left = static_cast<std::uint64_t>(std::chrono::ceil<std::chrono::seconds>(until - now).count());
  }
  return bans;
}

}  // namespace

Collection::Collection(boost::asio::io_context& loop, const View& daemon, const Roster& roster, bool for_page, Done done)
    : loop_(loop), daemon_(daemon), roster_(roster), for_page_(for_page), done_(std::move(done)) {}

void Collection::begin() {
  services_ = daemon_.services();
  collected_->snapshot.services.reserve(services_.size());
  boost::asio::post(loop_, [self = shared_from_this()] { self->go_on(); });
}

void Collection::go_on() {
  const auto until = std::chrono::steady_clock::now() + slice;
  while (next_ < services_.size()) {
    const service::Runner& runner = *services_[next_++];
    add(runner);
    collected_->snapshot.services.push_back(metrics_row(runner));
    if (next_ % between_looks == 0 && std::chrono::steady_clock::now() >= until) break;
  }
  const bool all = next_ == services_.size();
  boost::asio::post(loop_, [self = shared_from_this(), all] { all ? self->finish() : self->go_on(); });
}

void Collection::add(const service::Runner& runner) {
  sum_ += runner.counters();
  const std::size_t running = running_sessions(runner);
  running_ += running;
  undecided_ += runner.sessions().size() - running;
  if (for_page_) add_for_page(runner);
}

void Collection::add_for_page(const service::Runner& runner) {
  metrics::Shown& shown = collected_->shown;
  shown.sessions_in_all += runner.sessions().size();
  for (const auto& [token, session] : runner.sessions().all()) {
    if (shown.sessions.size() == metrics::most_sessions_shown) break;
    shown.sessions.push_back(session_row(runner, token, session, daemon_.now()));
  }
  const auto& offer = runner.service().offer.value;
  if (offer && collected_->offers.size() < metrics::most_certificates_shown) collected_->offers.push_back({runner.service().id, offer});
}

void Collection::finish() {
  sum_ += roster_.gone();
  for (const auto& one : roster_.retired()) add(*one);
  control::reply::Metrics& daemon = collected_->snapshot.daemon;
  daemon = metrics_of(daemon_);
  tell_counters(sum_, daemon.totals);
  daemon.totals.running = running_;
  daemon.totals.undecided = undecided_;
  if (for_page_) finish_page();
  services_.clear();
  done_(std::move(collected_));
}

void Collection::finish_page() {
  metrics::Shown& shown = collected_->shown;
  shown.daemon = collected_->snapshot.daemon;
  shown.services_in_all = services_.size();
  for (const std::size_t one : chosen()) shown.services.push_back(told(*services_[one]));
  shown.bans = bans_of(daemon_);
  shown.findings = daemon_.last_load().findings;
}

/// Which services are shown: all, or of many those in trouble, and then those with the most to do.
std::vector<std::size_t> Collection::chosen() const {
  const auto& rows = collected_->snapshot.services;
  std::vector<std::size_t> places(rows.size());
  std::iota(places.begin(), places.end(), std::size_t{0});
  if (places.size() <= metrics::most_services_shown) return places;
  const auto key = [&](std::size_t i) {
    const bool trouble = rows[i].state == States::closed || rows[i].state == States::paused;
    return std::tuple(trouble, rows[i].running, rows[i].accepted);
  };
  const auto end = places.begin() + metrics::most_services_shown;
  std::ranges::partial_sort(places, end, [&](std::size_t a, std::size_t b) { return key(a) > key(b) || (key(a) == key(b) && a < b); });
  places.erase(end, places.end());
  return places;
}

}  // namespace xsuperd::supervisor
