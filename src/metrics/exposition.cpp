// SPDX-License-Identifier: MIT
#include "xsuperd/metrics/exposition.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <span>

#include "metrics/series.hpp"

namespace xsuperd::metrics {

namespace reply = control::reply;
using reply::MetricsRow;

namespace {

// ---- of services ---------------------------------------------------------------------------------------------------------

/// What has come besides is not decided yet, and moves to another service's Runner at a reload: it may become less.
std::uint64_t decided(const reply::Counters& counters) { return counters.served + counters.refused + counters.failed + counters.withdrawn; }

/// A family with one series for a service.
struct RowFamily {
  Family family;
  std::uint64_t (*number)(const MetricsRow&) = nullptr;
  bool always = false;  ///< also while it is 0
};

constexpr RowFamily row_families[]{
    {{"requests_decided", Type::counter, "", "Requests, whatever became of them: the sum of xsuperd_requests_total."},
     [](const MetricsRow& s) { return decided(s); }, true},
    {{"requests_undecided", Type::gauge, "", "Requests that are being decided or wait."},
     [](const MetricsRow& s) { return s.sessions - std::min(s.sessions, s.running); }},
    {{"refusals_banned", Type::counter, "", "Of the requests refused by address: the peer or its network is banned."}, [](const MetricsRow& s) { return s.banned; }},
    {{"received_bytes", Type::counter, "bytes", "From the peers, by conversations that have ended."}, [](const MetricsRow& s) { return s.bytes_in; }},
    {{"sent_bytes", Type::counter, "bytes", "To the peers, by conversations that have ended."}, [](const MetricsRow& s) { return s.bytes_out; }},
    {{"sessions_ended", Type::counter, "", "Servers and conversations that have ended."}, [](const MetricsRow& s) { return s.ended; }},
    {{"sessions_limited", Type::counter, "", "Sessions that a limit of time or memory has ended."}, [](const MetricsRow& s) { return s.limited; }},
    {{"queue_requests", Type::counter, "", "Requests that had to wait in the queue."}, [](const MetricsRow& s) { return s.queued; }},
    {{"sessions", Type::gauge, "", "Requests that are not over: served, being decided or waiting."}, [](const MetricsRow& s) { return s.sessions; }, true},
    {{"sessions_served", Type::gauge, "", "Servers and conversations."}, [](const MetricsRow& s) { return s.running; }, true},
    {{"queue_length", Type::gauge, "", "Requests in the queue."}, [](const MetricsRow& s) { return s.waiting; }},
};

/// The counts that stand above or below, in whatever way. A count that does not is told under its own name.
constexpr std::uint64_t base::Counts::* told[]{&base::Counts::accepted, &base::Counts::served,    &base::Counts::banned,   &base::Counts::failed,
                                               &base::Counts::withdrawn, &base::Counts::bytes_in, &base::Counts::bytes_out, &base::Counts::ended,
                                               &base::Counts::busy_ms,  &base::Counts::queued,    &base::Counts::queue_ms, &base::Counts::limited};

constexpr Family requests{"requests", Type::counter, "", "Requests by what became of them."};
constexpr Family refusals{"refusals", Type::counter, "", "Refused requests by reason, in the words of xsuperd.log(5)."};
constexpr Family states{"service_state", Type::gauge, "", "1 for the state that a service is in."};
constexpr Family limits{"sessions_limit", Type::gauge, "", "The most servers at a time, where there is a limit (instances)."};
constexpr Family waits{"queue_wait_seconds", Type::counter, "seconds", "How long requests waited in the queue that have had their turn."};
constexpr Family slowest{"start_slowest_seconds", Type::gauge, "seconds", "The longest time from the arrival of a request until its server began."};
constexpr Family starts{"start_seconds", Type::histogram, "seconds", "From the arrival of a request until its server began."};
constexpr Family durations{"session_duration_seconds", Type::histogram, "seconds", "Of servers and conversations that have ended."};

struct Result {
  std::string_view word;
  std::uint64_t (*number)(const reply::Counters&);
};
constexpr Result results[]{{"result=\"served\"", [](const reply::Counters& s) { return s.served; }},
                           {"result=\"refused\"", [](const reply::Counters& s) { return s.refused; }},
                           {"result=\"failed\"", [](const reply::Counters& s) { return s.failed; }},
                           {"result=\"withdrawn\"", [](const reply::Counters& s) { return s.withdrawn; }}};

class OfServices {
 public:
  OfServices(Text& text, const std::vector<MetricsRow>& services) : text_(text), services_(services) {
    labels_.reserve(services.size());
    for (const MetricsRow& one : services) labels_.push_back(label("service", one.id));
  }
  void write() {
    write(row_families[0]);
    write_results();
    write_refusals();
    for (const RowFamily& one : std::span(row_families).subspan(1)) write(one);
    each(limits, [this](const MetricsRow& s, const std::string& labels) {
      if (s.limit) text_.add(labels, *s.limit);
    });
    each(states, [this](const MetricsRow& s, const std::string& labels) { text_.add(labels + "," + label("state", s.state), std::uint64_t{1}); });
    write_times();
    write_further();
  }

 private:
  template <typename F>
  void each(const Family& family, F add) {
    text_.begin(family);
    for (std::size_t i = 0; i < services_.size(); ++i) add(services_[i], labels_[i]);
  }
  void write(const RowFamily& one) {
    each(one.family, [&](const MetricsRow& s, const std::string& labels) {
      if (const std::uint64_t number = one.number(s); number > 0 || one.always) text_.add(labels, number);
    });
  }
  void write_results() {
    std::string both;
    each(requests, [&](const MetricsRow& s, const std::string& labels) {
      for (const Result& result : results) {
        both.assign(labels).append(",").append(result.word);
        text_.add(both, result.number(s));
      }
    });
  }
  void write_refusals() {
    each(refusals, [this](const MetricsRow& s, const std::string& labels) {
      for (const auto& [reason, count] : s.reasons) text_.add(labels + "," + label("reason", reason), count);
    });
  }
  void write_times() {
    each(waits, [this](const MetricsRow& s, const std::string& labels) {
      if (s.queued > 0) text_.add(labels, static_cast<double>(s.queue_ms) / 1000);
    });
    each(slowest, [this](const MetricsRow& s, const std::string& labels) {
      if (s.served > 0) text_.add(labels, s.slowest_start);
    });
    each(starts, [this](const MetricsRow& s, const std::string& labels) {
      if (s.starts) text_.add(labels, *s.starts);
    });
    each(durations, [this](const MetricsRow& s, const std::string& labels) {
      if (s.durations) text_.add(labels, *s.durations);
    });
  }
  void write_further() {
    for (const base::Count& count : base::all_counts()) {
      if (std::find(std::begin(told), std::end(told), count.member) != std::end(told)) continue;
      each({count.name, Type::counter, "", "What xsuperctl stats counts under this name."}, [&](const MetricsRow& s, const std::string& labels) {
        if (s.*count.member > 0) text_.add(labels, s.*count.member);
      });
    }
  }

  Text& text_;
  const std::vector<MetricsRow>& services_;
  std::vector<std::string> labels_;
};

// ---- of the daemon -------------------------------------------------------------------------------------------------------

class OfDaemon {
 public:
  OfDaemon(Text& text, const Snapshot& snapshot) : text_(text), daemon_(snapshot.daemon), services_(snapshot.services) {}
  void write() {
    write_build();
    write_totals();
    write_services();
    write_processes();
    write_configuration();
    write_rest();
  }

 private:
  void one(const Family& family, std::uint64_t number, std::string_view labels = {}) {
    text_.begin(family);
    text_.add(labels, number);
  }
  void one(const Family& family, double number) {
    text_.begin(family);
    text_.add({}, number);
  }
  void table(const Family& family, std::string_view name, const control::Table<std::string, std::uint64_t>& counts) {
    text_.begin(family);
    for (const auto& [word, count] : counts) text_.add(label(name, word), count);
  }
  void time(const Family& family, const control::Time& when) {
    if (when) one(family, *when);
  }
  void write_build();
  void write_totals();
  void write_services();
  void write_processes();
  void write_configuration();
  void write_fleet();
  void write_crowdsec();
  void write_rest();

  Text& text_;
  const reply::Metrics& daemon_;
  const std::vector<MetricsRow>& services_;
};

void OfDaemon::write_build() {
  static constexpr Family build{"build", Type::info, "", "The program that runs."};
  static constexpr Family started{"start_time_seconds", Type::gauge, "seconds", "When the daemon was started, whatever upgrades it has had since; seconds since 1970."};
  static constexpr Family cpu{"cpu_seconds", Type::counter, "seconds", "Processor time of the daemon itself."};
  one(build, 1, label("version", daemon_.version));
  time(started, daemon_.started);
  text_.begin(cpu);
  text_.add("mode=\"user\"", daemon_.cpu.user);
  text_.add("mode=\"system\"", daemon_.cpu.system);
}

void OfDaemon::write_totals() {
  static constexpr Family in_all{"all_requests_decided", Type::counter, "", "As xsuperd_requests_decided_total, of all services together, removed ones included."};
  static constexpr Family by_result{"all_requests", Type::counter, "", "As xsuperd_requests_total, of all services together, removed ones included."};
  static constexpr Family refused{"all_refusals", Type::counter, "", "As xsuperd_refusals_total, of all services together, removed ones included."};
  static constexpr Family undecided{"all_requests_undecided", Type::gauge, "", "Requests of all services that are being decided or wait."};
  static constexpr Family running{"all_sessions_served", Type::gauge, "", "Servers and conversations of all services, removed ones included."};
  static constexpr Family limit{"all_sessions_limit", Type::gauge, "", "The most servers of all services at a time, where there is a limit (-limit)."};
  one(in_all, decided(daemon_.totals));
  text_.begin(by_result);
  for (const Result& result : results) text_.add(result.word, result.number(daemon_.totals));
  table(refused, "reason", daemon_.totals.reasons);
  one(undecided, daemon_.totals.undecided);
  one(running, daemon_.totals.running);
  if (daemon_.process_limit) one(limit, *daemon_.process_limit);
}

void OfDaemon::write_services() {
  static constexpr Family by_state{"services", Type::gauge, "", "Services by state."};
  static constexpr Family absent{"services_left_out", Type::gauge, "", "Entries of the configuration that are not served."};
  static constexpr Family retiring{"services_retiring", Type::gauge, "", "Removed services whose servers still run."};
  std::map<std::string_view, std::uint64_t> counts;
  for (const std::string_view state : control::States::all) counts[state] = 0;
  for (const MetricsRow& service : services_) ++counts[service.state];
  text_.begin(by_state);
  for (const auto& [state, count] : counts) text_.add(label("state", state), count);
  text_.begin(absent);
  text_.add("why=\"in error\"", daemon_.left_out.in_error);
  text_.add("why=\"off\"", daemon_.left_out.off);
  one(retiring, daemon_.retiring);
}

void OfDaemon::write_processes() {
  static constexpr Family workers{"workers", Type::gauge, "", "Processes that hold conversations."};
  static constexpr Family conversations{"conversations", Type::gauge, "", "Conversations that workers hold."};
  static constexpr Family failures{"worker_failures", Type::counter, "", "Workers that could not be started, or ended unexpectedly."};
  static constexpr Family starts_failed{"spawn_failures", Type::counter, "", "Servers that could not be started, by what had failed."};
  static constexpr Family handshakes{"tls_handshakes", Type::counter, "", "Handshakes with peers of services with tls = yes."};
  static constexpr Family boxes{"boxes", Type::gauge, "", "Boxes by state."};
  static constexpr Family box_events{"box_events", Type::counter, "", "What has happened to boxes."};
  text_.begin(workers);
  text_.add("role=\"conversations\"", static_cast<std::uint64_t>(daemon_.workers.size()));
  text_.add("role=\"tls\"", daemon_.tls_workers);
  text_.begin(conversations);
  text_.add("role=\"conversations\"", daemon_.conversations);
  text_.add("role=\"tls\"", daemon_.tls_conversations);
  one(failures, daemon_.worker_failures.count);
  table(starts_failed, "step", daemon_.failed_starts);
  table(handshakes, "result", daemon_.handshakes);
  text_.begin(boxes);
  text_.add("state=\"in use\"", daemon_.boxes.in_use);
  text_.add("state=\"spare\"", daemon_.boxes.spare);
  text_.begin(box_events);
  const reply::Boxes& b = daemon_.boxes;
  for (const auto& [event, count] : {std::pair{"made", b.made}, {"lent", b.lent}, {"again", b.again}, {"discarded", b.discarded}, {"doubtful", b.doubtful}, {"failed", b.failed}})
    text_.add(label("event", event), count);
}

void OfDaemon::write_configuration() {
  static constexpr Family reloads{"reloads", Type::counter, "", "Times that the configuration was read again."};
  static constexpr Family last{"last_reload_successful", Type::gauge, "", "Whether the last reload was applied; 1 also before the first."};
  static constexpr Family loaded{"configuration_loaded_timestamp_seconds", Type::gauge, "seconds", "When the configuration in effect was read; seconds since 1970."};
  static constexpr Family findings{"configuration_findings", Type::gauge, "", "What was found in the configuration when it was last read."};
  static constexpr Family upgrades{"upgrades", Type::counter, "", "Times that the running program was replaced."};
  text_.begin(reloads);
  text_.add("outcome=\"applied\"", daemon_.reloads_applied);
  text_.add("outcome=\"refused\"", daemon_.reloads_refused);
  one(last, std::uint64_t{!daemon_.last_reload || daemon_.last_reload->outcome == control::Outcomes::applied});
  time(loaded, daemon_.loaded);
  text_.begin(findings);
  text_.add("level=\"error\"", daemon_.errors);
  text_.add("level=\"warning\"", daemon_.warnings);
  one(upgrades, daemon_.upgrades);
}

void OfDaemon::write_fleet() {
  static constexpr Family connected{"fleet_connected", Type::gauge, "", "Whether the store of ban_share is there."};
  static constexpr Family bans{"fleet_bans", Type::gauge, "", "Bans made by other hosts."};
  static constexpr Family sent{"fleet_changes_sent", Type::counter, "", "Changes of bans that the store has taken."};
  static constexpr Family heard{"fleet_bans_heard", Type::counter, "", "Bans reported by the store, counting repeats."};
  static constexpr Family left_out{"fleet_bans_left_out", Type::counter, "", "Of these, those ignored as too wide or for lack of room."};
  static constexpr Family counted{"fleet_counted", Type::gauge, "", "Pairs of a service and a source that are counted for limits of the fleet."};
  static constexpr Family uncounted{"fleet_requests_uncounted", Type::counter, "", "Requests that were not counted for limits of the fleet for lack of room."};
  if (!daemon_.fleet) return;
  one(connected, std::uint64_t{daemon_.fleet->connected});
  one(bans, daemon_.fleet->bans);
  one(sent, daemon_.fleet->sent);
  one(heard, daemon_.fleet->heard);
  one(left_out, daemon_.fleet->left_out);
  one(counted, daemon_.fleet->counted);
  one(uncounted, daemon_.fleet->uncounted);
}

void OfDaemon::write_crowdsec() {
  static constexpr Family connected{"crowdsec_connected", Type::gauge, "", "Whether the Local API of ban_crowdsec answers."};
  static constexpr Family bans{"crowdsec_bans", Type::gauge, "", "Bans by CrowdSec."};
  static constexpr Family heard{"crowdsec_bans_heard", Type::counter, "", "Bans reported by the Local API, counting repeats."};
  static constexpr Family left_out{"crowdsec_bans_left_out", Type::counter, "", "Decisions ignored as too wide or for lack of room."};
  if (!daemon_.crowdsec) return;
  one(connected, std::uint64_t{daemon_.crowdsec->connected});
  one(bans, daemon_.crowdsec->bans);
  one(heard, daemon_.crowdsec->heard);
  one(left_out, daemon_.crowdsec->left_out);
}

void OfDaemon::write_rest() {
  static constexpr Family bans{"bans", Type::gauge, "", "Peers and networks that are banned."};
  static constexpr Family lost{"log_lines_lost", Type::counter, "", "Lines that could not be written to any of the logs."};
  static constexpr Family clients{"control_clients", Type::gauge, "", "Clients of the control socket."};
  one(bans, daemon_.bans);
  write_fleet();
  write_crowdsec();
  one(lost, daemon_.log_lost);
  one(clients, daemon_.control_clients);
}

}  // namespace

void expose(const Snapshot& snapshot, Format format, const std::function<void(std::string_view)>& to) {
  Text text(format, to);
  OfDaemon(text, snapshot).write();
  OfServices(text, snapshot.services).write();
  text.finish();
}

std::string exposition(const Snapshot& snapshot, Format format) {
  std::string text;
  expose(snapshot, format, [&text](std::string_view piece) { text += piece; });
  return text;
}

std::string_view content_type(Format format) {
  return format == Format::open_metrics ? "application/openmetrics-text; version=1.0.0; charset=utf-8" : "text/plain; version=0.0.4; charset=utf-8";
}

}  // namespace xsuperd::metrics
