// SPDX-License-Identifier: MIT
#include "ctl/activity.hpp"

#include <algorithm>
#include <array>
#include <tuple>
#include <unordered_map>

#include "ctl/values.hpp"

namespace xsuperd::ctl {

namespace {

constexpr std::array<std::pair<std::string_view, Sort>, 4> sort_words{
    {{"rate", Sort::rate}, {"running", Sort::running}, {"refused", Sort::refused}, {"name", Sort::name}}};

Counts counts_of(const json::object& row) {
  const auto count = [&](std::string_view name) { return control::number_at(row, name).value_or(0); };
  return {count("accepted"), count("served"), count("refused"), count("failed"), count("withdrawn")};
}

ServiceCounts service_of(const json::object& row) {
  ServiceCounts service;
  service.id = text_at(row, "id");
  service.state = text_at(row, "state");
  service.counts = counts_of(row);
  service.running = control::number_at(row, "running").value_or(0);
  service.limit = control::number_at(row, "limit");
  service.slowest_start = seconds_at(row, "slowest_start");
  service.since = seconds_at(row, "since").value_or(0);
  const json::object& reasons = object_at(row, "reasons");
  for (const auto& [reason, count] : reasons)
    if (const auto number = control::number_at(reasons, reason)) service.reasons.emplace_back(reason, *number);
  std::stable_sort(service.reasons.begin(), service.reasons.end(), [](auto& a, auto& b) { return a.second > b.second; });
  return service;
}

std::optional<Rates> rates_of(const Counts& now, const Counts& before, double seconds) {
  const bool back = now.accepted < before.accepted || now.served < before.served || now.refused < before.refused ||
                    now.failed < before.failed || now.withdrawn < before.withdrawn;
  if (back || seconds <= 0) return std::nullopt;
  const auto rate = [&](std::int64_t a, std::int64_t b) { return (static_cast<double>(a) - static_cast<double>(b)) / seconds; };
  return Rates{rate(now.accepted, before.accepted), rate(now.served, before.served), rate(now.refused, before.refused),
               rate(now.failed, before.failed)};
}

/// Finds services of a snapshot by id, each once.
class Finder {
 public:
  explicit Finder(const Snapshot& in) {
    for (const ServiceCounts& service : in.services) found_[service.id].services.push_back(&service);
  }
  const ServiceCounts* next(const std::string& id) {
    const auto at = found_.find(id);
    if (at == found_.end() || at->second.taken == at->second.services.size()) return nullptr;
    return at->second.services[at->second.taken++];
  }

 private:
  struct Alike {
    std::vector<const ServiceCounts*> services;
    std::size_t taken = 0;
  };
  std::unordered_map<std::string_view, Alike> found_;
};

}  // namespace

Snapshot snapshot_of(const Answer& stats, std::chrono::steady_clock::time_point taken) {
  const json::object& r = stats.result;
  Snapshot snapshot;
  snapshot.taken = taken;
  snapshot.version = text_at(r, "version");
  snapshot.pid = control::number_at(r, "pid");
  snapshot.process_limit = control::number_at(r, "process_limit");
  snapshot.conversations = control::number_at(r, "conversations");
  snapshot.bans = control::number_at(r, "bans");
  if (const auto* workers = r.if_contains("workers"); workers && workers->is_array()) snapshot.workers = workers->get_array().size();
  snapshot.load = seconds_at(r, "load");
  snapshot.started = seconds_at(r, "started").value_or(0);
  snapshot.now = seconds_at(r, "now").value_or(0);
  const json::object& totals = object_at(r, "totals");
  snapshot.running = control::number_at(totals, "running").value_or(0);
  snapshot.totals = counts_of(totals);
  for (const json::object& row : stats.rows) snapshot.services.push_back(service_of(row));
  return snapshot;
}

Activity activity_of(Snapshot now, const Snapshot* before) {
  Activity activity;
  const bool comparable = before && before->started == now.started;
  const double seconds = before ? std::chrono::duration<double>(now.taken - before->taken).count() : 0;
  if (comparable) activity.rates = rates_of(now.totals, before->totals, seconds);
  const Snapshot nothing;
  Finder earlier(comparable ? *before : nothing);
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

json::object json_rates(const std::optional<Rates>& rates) {
  const auto rate = [&](double Rates::*which) { return rates ? json::value(*rates.*which) : json::value(nullptr); };
  return {{"accepted", rate(&Rates::accepted)}, {"served", rate(&Rates::served)}, {"refused", rate(&Rates::refused)},
          {"failed", rate(&Rates::failed)}};
}

}  // namespace

json::object json_of(const Activity& activity) {
  json::array services;
  for (const ServiceActivity& one : activity.services)
    services.push_back({{"id", control::json_text(one.now.id)},
                        {"state", control::json_text(one.now.state)},
                        {"running", one.now.running},
                        {"limit", one.now.limit ? json::value(*one.now.limit) : json::value(nullptr)},
                        {"per_second", json_rates(one.rates)}});
  return {{"now", activity.now.now}, {"running", activity.now.running}, {"per_second", json_rates(activity.rates)},
          {"services", std::move(services)}};
}

}  // namespace xsuperd::ctl
