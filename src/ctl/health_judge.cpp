// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <limits>
#include <map>

#include "ctl/health.hpp"
#include "ctl/table.hpp"
#include "ctl/values.hpp"
#include "xsuperd/base/text.hpp"
#include "xsuperd/config/tls.hpp"
#include "xsuperd/policy/fleet_counts.hpp"
#include "xsuperd/policy/selection.hpp"

namespace xsuperd::ctl {

using control::States;

namespace {

/// Adds, and saturates at the largest number.
void add_to(std::int64_t& sum, std::uint64_t more) {
  if (__builtin_add_overflow(sum, number_of(more), &sum)) sum = std::numeric_limits<std::int64_t>::max();
}

constexpr double seconds_before_end = std::chrono::duration<double>(config::warned_before_end).count();

/// What is said of one service, entries of one id taken together.
struct Sums {
  std::string id;
  std::int64_t running = 0, limit = 0, served = 0, refused = 0, failed = 0;
};

class Judge {
 public:
  Judge(const Answer& status, const Answer& list, const HealthOptions& options)
      : status_(control::read<reply::Status>(status.result)), rows_(answered<command::List>(list).rows), options_(options),
        now_(status_.now.value_or(0)) {}

  Health judge() {
    if (options_.services.empty())
      everything();
    else
      for (const std::string& name : options_.services) selected(name);
    std::stable_sort(health_.problems.begin(), health_.problems.end(),
                     [](const Problem& a, const Problem& b) { return a.grade > b.grade; });
    return std::move(health_);
  }

 private:
  void everything();
  void selected(const std::string& name);
  void service(const reply::Service& row);
  void certificates(const reply::Service& row);
  void left_out(const reply::Absent& row);
  [[nodiscard]] bool goes_on(const reply::Absent& row) const;
  void configuration();
  void workers();
  void fleet();
  void bans();
  void sums_of(const Sums& sums);
  void measure_daemon();
  bool full(const std::string& id, std::string_view what, std::uint64_t used, std::uint64_t limit);
  /// Seconds ago, when that is recent.
  [[nodiscard]] std::optional<double> lately(const control::Time& at) const {
    return at && now_ - *at <= options_.recent ? std::optional(std::max(0.0, now_ - *at)) : std::nullopt;
  }
  void add(Grade grade, const std::string& id, std::string sentence) {
    health_.problems.push_back({grade, id, std::move(sentence)});
  }
  void measure(std::string label, std::uint64_t value, std::string unit = {}, std::uint64_t greatest = 0) {
    health_.measures.push_back({std::move(label), static_cast<double>(value), std::move(unit),
                                greatest > 0 ? std::to_string(greatest) : std::string{}});
  }

  const reply::Status status_;
  const std::vector<reply::ListRow> rows_;
  const HealthOptions& options_;
  const double now_;
  double fullest_ = 0;  // per cent
  Health health_;
};

void Judge::everything() {
  std::uint64_t served = 0;
  for (const reply::ListRow& row : rows_)
    if (const auto* one = std::get_if<reply::Service>(&row)) service(*one), ++served;
  if (served == 0) add(Grade::warning, {}, "no service is being served");
  configuration();
  workers();
  bans();
  measure("services", served);
  measure_daemon();
  health_.summary = fmt::format("{} service{}, {} running", served, served == 1 ? "" : "s",
                                status_.totals.running);
}

namespace {

/// "; did you mean 'telnet'?", or nothing.
std::string suggestion(const std::string& word, const std::vector<policy::Named>& names) {
  std::vector<std::string_view> ids;
  for (const policy::Named& one : names) ids.push_back(one.id);
  const auto near = base::nearest(std::string_view(word).substr(0, 64), ids);
  return near ? fmt::format("; did you mean '{}'?", *near) : std::string();
}

}  // namespace

/// What policy::meant_by() says, among services and entries that are not served alike.
void Judge::selected(const std::string& word) {
  std::vector<policy::Named> all;
  for (const reply::ListRow& row : rows_)
    all.push_back(std::visit([](const auto& one) { return policy::Named{one.id, one.name}; }, row));
  const auto found = policy::meant_by(word, all);
  if (found.empty() && policy::is_pattern(word)) add(Grade::critical, word, fmt::format("no service matches {}", word));
  if (found.empty() && !policy::is_pattern(word)) add(Grade::critical, word, fmt::format("no service is named {}{}", word, suggestion(word, all)));
  std::map<std::string, Sums> sums;
  for (const std::size_t i : found) {
    if (const auto* absent = std::get_if<reply::Absent>(&rows_[i])) {
      left_out(*absent);
      continue;
    }
    const auto& row = std::get<reply::Service>(rows_[i]);
    service(row);
    Sums& own = sums[row.id];
    own.id = row.id;
    add_to(own.running, row.running);
    add_to(own.limit, row.limit.value_or(0));
    add_to(own.served, row.counters.served);
    add_to(own.refused, row.counters.refused);
    add_to(own.failed, row.counters.failed);
  }
  for (const auto& [id, own] : sums) sums_of(own);
}

void Judge::sums_of(const Sums& sums) {
  measure(sums.id + "_running", sums.running, {}, sums.limit);
  measure(sums.id + "_served", sums.served, "c");
  measure(sums.id + "_refused", sums.refused, "c");
  measure(sums.id + "_failed", sums.failed, "c");
  health_.summary += fmt::format("{}{}: {} running, {} served", health_.summary.empty() ? "" : "; ", sums.id,
                                 sums.running, sums.served);
}

void Judge::service(const reply::Service& row) {
  const std::string& id = row.id;
  const std::string_view state = row.state;
  if (state == States::closed)
    add(Grade::critical, id, fmt::format("{} is closed: {}", id, row.trouble.value_or("its socket could not be opened")));
  for (const std::string& sentence : closed_addresses(row)) add(Grade::warning, id, sentence);
  if (state == States::paused) add(Grade::warning, id, fmt::format("{} is paused: more connections than cps allows", id));
  for (const std::string_view standing : {States::held, States::drained, States::disabled})
    if (state == standing) add(Grade::warning, id, fmt::format("{} is {} by an administrator", id, standing));
  certificates(row);
  // One server has the socket: that it is the only one says nothing.
  if (state != States::busy) full(id, "servers", row.running, row.limit.value_or(0));
  if (const auto ago = lately(row.last_failure))
    add(Grade::warning, id, fmt::format("a server of {} could not be started {} ago", id, duration_text(*ago)));
}

/// Somebody has to see to them in time.
void Judge::certificates(const reply::Service& row) {
  if (row.not_renewed) add(Grade::warning, row.id, fmt::format("{} keeps its old certificates: {}", row.id, *row.not_renewed));
  if (!row.certificates) return;
  for (const reply::Certificate& one : *row.certificates) {
    if (!one.until) continue;
    const double left = *one.until - now_;
    const std::string what = fmt::format("{}: its certificate{}", row.id, one.host ? " for " + *one.host : "");
    if (left <= 0)
      add(Grade::critical, row.id, fmt::format("{} has expired {} ago", what, duration_text(-left)));
    else if (left < seconds_before_end)
      add(Grade::warning, row.id, fmt::format("{} ends in {}", what, duration_text(left)));
  }
}

/// A service goes on with what it was, although its entry has an error now.
bool Judge::goes_on(const reply::Absent& row) const {
  return row.state == control::Fates::in_error && std::any_of(rows_.begin(), rows_.end(), [&](const reply::ListRow& one) {
           const auto* service = std::get_if<reply::Service>(&one);
           return service && service->id == row.id;
         });
}

/// Somebody counts on it, and it is not there.
void Judge::left_out(const reply::Absent& row) {
  if (goes_on(row))
    return add(Grade::warning, row.id, fmt::format("{} has an error now and keeps running as before: {}",
                                                   row.id, place_text(row.place)));
  add(Grade::critical, row.id, fmt::format("{} is {}: {}", row.id, row.why, place_text(row.place)));
}

bool Judge::full(const std::string& id, std::string_view what, std::uint64_t used, std::uint64_t limit) {
  if (limit == 0) return false;
  const double part = 100.0 * static_cast<double>(used) / static_cast<double>(limit);
  fullest_ = id.empty() ? fullest_ : std::max(fullest_, part);
  const bool critical = options_.critical.alarms(part);
  if (!critical && !options_.warning.alarms(part)) return false;
  add(critical ? Grade::critical : Grade::warning, id,
      fmt::format("{}{} of at most {} {}", id.empty() ? "" : id + " has ", used, limit, what));
  return true;
}

void Judge::configuration() {
  const reply::Configuration& loaded = status_.configuration;
  const std::uint64_t errors = loaded.errors;
  for (const std::string& sentence : loaded.unguarded) add(Grade::warning, {}, sentence);
  if (loaded.last_reload && loaded.last_reload->outcome == control::Outcomes::refused)
    return add(Grade::warning, {}, fmt::format("the reload {} ago was refused", ago_text(loaded.last_reload->at, status_.now)));
  if (errors == 0) return;
  std::string gone, old;
  for (const reply::ListRow& row : rows_) {
    const auto* absent = std::get_if<reply::Absent>(&row);
    if (!absent || absent->state != control::Fates::in_error) continue;
    std::string& ids = goes_on(*absent) ? old : gone;
    ids += (ids.empty() ? "" : ", ") + absent->id;
  }
  std::string outcome = gone.empty() ? "" : ": without " + gone;
  if (!old.empty()) outcome += fmt::format("{} as before: {}", gone.empty() ? "," : ";", old);
  add(Grade::warning, {}, fmt::format("the configuration has {} error{}{}", errors, errors == 1 ? "" : "s", outcome));
}

void Judge::workers() {
  const auto ago = lately(status_.worker_failures.last);
  if (ago) add(Grade::warning, {}, fmt::format("a worker ended or could not be started {} ago", duration_text(*ago)));
}

void Judge::fleet() {
  if (!status_.fleet) return;
  const reply::Fleet& fleet = *status_.fleet;
  if (fleet.trouble) add(Grade::warning, {}, fmt::format("bans are not shared: {}", *fleet.trouble));
  if (fleet.count_trouble) add(Grade::warning, {}, fmt::format("limits of the fleet hold for this host alone: {}", *fleet.count_trouble));
  if (fleet.counted >= policy::FleetCounts::most)
    add(Grade::warning, {}, fmt::format("too many sources for limits of the fleet: {} request{} not counted so far", fleet.uncounted, fleet.uncounted == 1 ? "" : "s"));
}

void Judge::bans() {
  fleet();
  if (status_.crowdsec && status_.crowdsec->trouble) add(Grade::warning, {}, fmt::format("CrowdSec cannot be asked for bans: {}", *status_.crowdsec->trouble));
  if (status_.ban_trouble) add(Grade::warning, {}, fmt::format("bans are not kept: {}", *status_.ban_trouble));
  if (status_.ban_nft_trouble) add(Grade::warning, {}, fmt::format("bans are not in the firewall: {}", *status_.ban_nft_trouble));
}

void Judge::measure_daemon() {
  const reply::Totals& totals = status_.totals;
  const auto& [used, most] = status_.descriptors;
  const std::uint64_t limit = status_.process_limit.value_or(0);
  full({}, "servers in all", totals.running, limit);
  full({}, "descriptors", used, most);
  measure("running", totals.running, {}, limit);
  health_.measures.push_back({"fullest", fullest_, "%", "100"});
  measure("descriptors", used, {}, most);
  measure("accepted", totals.accepted, "c");
  measure("served", totals.served, "c");
  measure("refused", totals.refused, "c");
  measure("failed", totals.failed, "c");
  measure("worker_failures", status_.worker_failures.count, "c");
  measure("bans", status_.bans);
}

}  // namespace

Health health_of(const Answer& status, const Answer& list, const HealthOptions& options) {
  return Judge(status, list, options).judge();
}

Health ill(Grade grade, std::string sentence) {
  Health health;
  health.problems.push_back({grade, {}, std::move(sentence)});
  return health;
}

}  // namespace xsuperd::ctl
