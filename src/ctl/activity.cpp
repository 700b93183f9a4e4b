// SPDX-License-Identifier: MIT
#include "ctl/activity.hpp"

#include <algorithm>
#include <array>
#include <iterator>
#include <limits>
#include <span>
#include <tuple>
#include <unordered_map>
#include <variant>

#include "ctl/answers.hpp"
#include "ctl/values.hpp"
#include "xsuperd/policy/selection.hpp"

namespace xsuperd::ctl {

namespace {

constexpr std::array<std::pair<std::string_view, Sort>, 5> sort_words{
    {{"rate", Sort::rate}, {"running", Sort::running}, {"refused", Sort::refused}, {"name", Sort::name}, {"bytes", Sort::bytes}}};

std::optional<std::int64_t> any_number_of(const std::optional<std::uint64_t>& count) {
  return count ? std::optional(number_of(*count)) : std::nullopt;
}

Counts counts_of(const reply::Counters& c) {
  const std::uint64_t bytes = c.bytes_in + std::min(c.bytes_out, std::numeric_limits<std::uint64_t>::max() - c.bytes_in);
  return {number_of(c.accepted), number_of(c.served),    number_of(c.refused),
          number_of(c.failed),   number_of(c.withdrawn), number_of(bytes)};
}

ServiceCounts service_of(const reply::StatsRow& row) {
  ServiceCounts service;
  service.id = row.id;
  service.state = row.state;
  service.counts = counts_of(row);
  service.running = number_of(row.running);
  service.limit = any_number_of(row.limit);
  service.slowest_start = row.slowest_start;
  service.since = row.since.value_or(0);
  for (const auto& [reason, count] : row.reasons) service.reasons.emplace_back(reason, number_of(count));
  service.all = row;
  std::stable_sort(service.reasons.begin(), service.reasons.end(), [](auto& a, auto& b) { return a.second > b.second; });
  return service;
}

std::optional<Rates> rates_of(const Counts& now, const Counts& before, double seconds) {
  const bool back = now.accepted < before.accepted || now.served < before.served || now.refused < before.refused ||
                    now.failed < before.failed || now.withdrawn < before.withdrawn || now.bytes < before.bytes;
  if (back || seconds <= 0) return std::nullopt;
  const auto rate = [&](std::int64_t a, std::int64_t b) { return (static_cast<double>(a) - static_cast<double>(b)) / seconds; };
  return Rates{rate(now.accepted, before.accepted), rate(now.served, before.served), rate(now.refused, before.refused),
               rate(now.failed, before.failed), rate(now.bytes, before.bytes)};
}

/// Finds services by id, each once. `Counts`: ServiceCounts, or const.
template <typename Counts>
class Finder {
 public:
  explicit Finder(std::span<Counts> in) {
    for (Counts& service : in) found_[service.id].services.push_back(&service);
  }
  Counts* next(const std::string& id) {
    const auto at = found_.find(id);
    if (at == found_.end() || at->second.taken == at->second.services.size()) return nullptr;
    return at->second.services[at->second.taken++];
  }

 private:
  struct Alike {
    std::vector<Counts*> services;
    std::size_t taken = 0;
  };
  std::unordered_map<std::string_view, Alike> found_;
};

}  // namespace

Snapshot snapshot_of(const Answer& answer, std::chrono::steady_clock::time_point taken) {
  const auto stats = answered<command::Stats>(answer);
  const reply::Stats& r = stats.result;
  Snapshot snapshot;
  snapshot.taken = taken;
  snapshot.version = r.version;
  snapshot.pid = r.pid;
  snapshot.process_limit = any_number_of(r.process_limit);
  snapshot.conversations = any_number_of(r.conversations);
  snapshot.bans = any_number_of(r.bans);
  snapshot.workers = r.workers.size();
  snapshot.load = r.load;
  snapshot.started = r.started.value_or(0);
  snapshot.now = r.now.value_or(0);
  snapshot.running = number_of(r.totals.running);
  snapshot.totals = counts_of(r.totals);
  snapshot.services.reserve(stats.rows.size());
  for (const reply::StatsRow& row : stats.rows) snapshot.services.push_back(service_of(row));
  return snapshot;
}

void add_sessions(Snapshot& snapshot, const Answer& list) {
  Finder finder(std::span{snapshot.services});
  for (const reply::ListRow& row : answered<command::List>(list).rows)
    if (const auto* service = std::get_if<reply::Service>(&row))
      if (ServiceCounts* one = finder.next(service->id)) one->sessions = number_of(service->sessions);
}

Activity activity_of(Snapshot now, const Snapshot* before) {
  Activity activity;
  const bool comparable = before && before->started == now.started;
  const double seconds = before ? std::chrono::duration<double>(now.taken - before->taken).count() : 0;
  if (comparable) activity.rates = rates_of(now.totals, before->totals, seconds);
  Finder<const ServiceCounts> earlier(comparable ? std::span(before->services) : std::span<const ServiceCounts>());
  for (ServiceCounts& service : now.services) {
    const ServiceCounts* old = earlier.next(service.id);
    auto& one = activity.services.emplace_back();
    if (old && old->since == service.since) one.rates = rates_of(service.counts, old->counts, seconds);
    one.now = std::move(service);
  }
  now.services.clear();
  activity.now = std::move(now);
  return activity;
}

Activity matching(const Activity& activity, const std::string& pattern) {
  if (pattern.empty()) return activity;
  Activity some{activity.now, activity.rates, {}};
  std::copy_if(activity.services.begin(), activity.services.end(), std::back_inserter(some.services),
               [&](const ServiceActivity& one) { return policy::matches(pattern, one.now.id); });
  return some;
}

std::string_view word_of(Sort sort) {
  return std::find_if(sort_words.begin(), sort_words.end(), [&](const auto& one) { return one.second == sort; })->first;
}

std::optional<Sort> sort_of(std::string_view word) {
  const auto found = std::find_if(sort_words.begin(), sort_words.end(), [&](const auto& one) { return one.first == word; });
  return found == sort_words.end() ? std::nullopt : std::optional(found->second);
}

void sort_services(Activity& activity, Sort sort) {
  const auto key = [sort](const ServiceActivity& a) {
    const Rates rates = a.rates.value_or(Rates{});
    const Counts& counts = a.now.counts;
    using Key = std::tuple<double, std::int64_t, std::int64_t>;
    switch (sort) {
      case Sort::rate: return Key{rates.accepted, counts.accepted, 0};
      case Sort::running: return Key{static_cast<double>(a.now.running), counts.accepted, 0};
      case Sort::refused: return Key{rates.refused, counts.refused, counts.accepted};
      case Sort::bytes: return Key{rates.bytes, counts.bytes, 0};
      case Sort::name: break;
    }
    return Key{};
  };
  std::stable_sort(activity.services.begin(), activity.services.end(), [&](const auto& a, const auto& b) {
    const auto left = key(a), right = key(b);
    return left != right ? left > right : a.now.id < b.now.id;
  });
}

namespace {

told::Rates told_rates(const std::optional<Rates>& rates) {
  if (!rates) return {};
  return {rates->accepted, rates->served, rates->refused, rates->failed, rates->bytes};
}

}  // namespace

json::object json_of(const Activity& activity) {
  const auto count = [](std::int64_t number) { return static_cast<std::uint64_t>(std::max<std::int64_t>(number, 0)); };
  told::Top top{activity.now.now, count(activity.now.running), told_rates(activity.rates), {}};
  for (const ServiceActivity& one : activity.services)
    top.services.push_back({one.now.id, one.now.state, count(one.now.running),
                            one.now.limit ? std::optional(count(*one.now.limit)) : std::nullopt, one.now.all, told_rates(one.rates)});
  return control::write(top);
}

}  // namespace xsuperd::ctl
