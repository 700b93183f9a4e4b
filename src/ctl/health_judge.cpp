// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <map>

#include "ctl/health.hpp"
#include "ctl/table.hpp"
#include "ctl/values.hpp"
#include "xsuperd/policy/selection.hpp"

namespace xsuperd::ctl {

namespace {

std::int64_t count_at(const json::object& object, std::string_view name) {
  return control::number_at(object, name).value_or(0);
}

/// Adds, and stays at the greatest or least number there is: a daemon may tell any.
void add_to(std::int64_t& sum, std::int64_t more) {
  using Limits = std::numeric_limits<std::int64_t>;
  if (__builtin_add_overflow(sum, more, &sum)) sum = more < 0 ? Limits::min() : Limits::max();
}

/// What is said of one service, entries of one id taken together.
struct Sums {
  std::string id;
  std::int64_t running = 0, limit = 0, served = 0, refused = 0, failed = 0;
};

class Judge {
 public:
  Judge(const Answer& status, const Answer& list, const HealthOptions& options)
      : status_(status.result), list_(list), options_(options), now_(seconds_at(status.result, "now").value_or(0)) {}

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
  void service(const json::object& row);
  void left_out(const json::object& row);
  [[nodiscard]] bool goes_on(const json::object& row) const;
  void configuration();
  void workers();
  void sums_of(const Sums& sums);
  void measure_daemon();
  bool full(const std::string& id, std::string_view what, std::int64_t used, std::int64_t limit);
  /// Seconds ago, when that is recent.
  std::optional<double> lately(const json::object& object, std::string_view name) const {
    const auto at = seconds_at(object, name);
    return at && now_ - *at <= options_.recent ? std::optional(std::max(0.0, now_ - *at)) : std::nullopt;
  }
  void add(Grade grade, const std::string& id, std::string sentence) {
    health_.problems.push_back({grade, id, std::move(sentence)});
  }
  void measure(std::string label, std::int64_t value, std::string unit = {}, std::int64_t greatest = 0) {
    health_.measures.push_back({std::move(label), static_cast<double>(value), std::move(unit),
                                greatest > 0 ? std::to_string(greatest) : std::string{}});
  }

  const json::object& status_;
  const Answer& list_;
  const HealthOptions& options_;
  const double now_;
  double fullest_ = 0;  // per cent
  Health health_;
};

/// Rows of entries that are not served have no counters.
bool is_served(const json::object& row) { return row.contains("counters"); }

void Judge::everything() {
  std::int64_t served = 0;
  for (const json::object& row : list_.rows)
    if (is_served(row)) service(row), ++served;
  if (served == 0) add(Grade::warning, {}, "no service is served");
  configuration();
  workers();
  measure("services", served);
  measure_daemon();
  health_.summary = fmt::format("{} service{}, {} running", served, served == 1 ? "" : "s",
                                count_at(object_at(status_, "totals"), "running"));
}

/// What policy::meant_by() says, among services and entries that are not served alike.
void Judge::selected(const std::string& word) {
  std::vector<std::string> ids, names;
  for (const json::object& row : list_.rows) {
    ids.push_back(text_at(row, "id"));
    names.push_back(text_at(row, "name"));
  }
  std::vector<policy::Named> all;
  for (std::size_t i = 0; i < ids.size(); ++i) all.push_back({ids[i], names[i]});
  const auto found = policy::meant_by(word, all);
  if (found.empty()) add(Grade::critical, word, fmt::format("no service {} {}", policy::is_pattern(word) ? "matches" : "is called", word));
  std::map<std::string, Sums> sums;
  for (const std::size_t i : found) {
    const json::object& row = list_.rows[i];
    if (!is_served(row)) {
      left_out(row);
      continue;
    }
    service(row);
    const json::object& counters = object_at(row, "counters");
    Sums& own = sums[ids[i]];
    own.id = ids[i];
    add_to(own.running, count_at(row, "running"));
    add_to(own.limit, count_at(row, "limit"));
    add_to(own.served, count_at(counters, "served"));
    add_to(own.refused, count_at(counters, "refused"));
    add_to(own.failed, count_at(counters, "failed"));
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

void Judge::service(const json::object& row) {
  const std::string id = text_at(row, "id");
  const std::string state = text_at(row, "state");
  if (state == "closed") add(Grade::critical, id, fmt::format("{} is closed: {}", id, control::string_at(row, "trouble").value_or("its socket could not be opened")));
  if (state == "paused") add(Grade::warning, id, fmt::format("{} is paused: more connections than cps allows", id));
  for (const char* standing : {"held", "drained", "disabled"})
    if (state == standing) add(Grade::warning, id, fmt::format("{} is {} by an administrator", id, standing));
  // One server has the socket: that it is the only one says nothing.
  if (state != "busy") full(id, "servers", count_at(row, "running"), count_at(row, "limit"));
  if (const auto ago = lately(row, "last_failure"))
    add(Grade::warning, id, fmt::format("a server of {} could not be started {} ago", id, duration_text(*ago)));
}

/// A service goes on with what it was, although its entry has an error now.
bool Judge::goes_on(const json::object& row) const {
  const std::string id = text_at(row, "id");
  return text_at(row, "state") == "in error" &&
         std::any_of(list_.rows.begin(), list_.rows.end(), [&](const auto& one) { return is_served(one) && text_at(one, "id") == id; });
}

/// Somebody counts on it, and it is not there.
void Judge::left_out(const json::object& row) {
  const std::string id = text_at(row, "id");
  if (goes_on(row))
    return add(Grade::warning, id, fmt::format("{} has an error now and goes on as it was: {}", id, place_text(object_at(row, "place"))));
  add(Grade::critical, id, fmt::format("{} is {}: {}", id, text_at(row, "why"), place_text(object_at(row, "place"))));
}

bool Judge::full(const std::string& id, std::string_view what, std::int64_t used, std::int64_t limit) {
  if (limit <= 0) return false;
  const double part = 100.0 * static_cast<double>(used) / static_cast<double>(limit);
  fullest_ = id.empty() ? fullest_ : std::max(fullest_, part);
  const bool critical = options_.critical.alarms(part);
  if (!critical && !options_.warning.alarms(part)) return false;
  add(critical ? Grade::critical : Grade::warning, id,
      fmt::format("{}{} of at most {} {}", id.empty() ? "" : id + " has ", used, limit, what));
  return true;
}

void Judge::configuration() {
  const json::object& loaded = object_at(status_, "configuration");
  const json::object& reload = object_at(loaded, "last_reload");
  const std::int64_t errors = count_at(loaded, "errors");
  if (const json::value* unguarded = loaded.if_contains("unguarded"); unguarded && unguarded->is_array())
    for (const json::value& sentence : unguarded->get_array())
      if (sentence.is_string()) add(Grade::warning, {}, sentence.get_string().c_str());
  if (text_at(reload, "outcome") == "refused")
    return add(Grade::warning, {}, fmt::format("the reload {} ago was refused", ago_at(reload, "at", now_)));
  if (errors == 0) return;
  std::string gone, old;
  for (const json::object& row : list_.rows) {
    if (text_at(row, "state") != "in error") continue;
    std::string& ids = goes_on(row) ? old : gone;
    ids += (ids.empty() ? "" : ", ") + text_at(row, "id");
  }
  std::string outcome = gone.empty() ? "" : ": without " + gone;
  if (!old.empty()) outcome += fmt::format("{} as before: {}", gone.empty() ? "," : ";", old);
  add(Grade::warning, {}, fmt::format("the configuration has {} error{}{}", errors, errors == 1 ? "" : "s", outcome));
}

void Judge::workers() {
  const auto ago = lately(object_at(status_, "worker_failures"), "last");
  if (ago) add(Grade::warning, {}, fmt::format("a worker ended or could not be started {} ago", duration_text(*ago)));
}

void Judge::measure_daemon() {
  const json::object& totals = object_at(status_, "totals");
  const json::object& descriptors = object_at(status_, "descriptors");
  const std::int64_t running = count_at(totals, "running");
  full({}, "servers in all", running, count_at(status_, "process_limit"));
  full({}, "descriptors", count_at(descriptors, "used"), count_at(descriptors, "limit"));
  measure("running", running, {}, count_at(status_, "process_limit"));
  health_.measures.push_back({"fullest", fullest_, "%", "100"});
  measure("descriptors", count_at(descriptors, "used"), {}, count_at(descriptors, "limit"));
  for (const char* counter : {"accepted", "served", "refused", "failed"}) measure(counter, count_at(totals, counter), "c");
  measure("worker_failures", count_at(object_at(status_, "worker_failures"), "count"), "c");
  measure("bans", count_at(status_, "bans"));
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
