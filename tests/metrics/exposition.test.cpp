// SPDX-License-Identifier: MIT
#include "xsuperd/metrics/exposition.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <set>
#include <sstream>

#include "xsuperd/base/counts.hpp"
#include "xsuperd/base/histogram.hpp"
#include "xsuperd/policy/reason.hpp"

using namespace xsuperd;
using metrics::Format;
using metrics::Snapshot;

namespace {

control::reply::MetricsRow row_of(const std::string& id) {
  control::reply::MetricsRow row;
  row.id = id;
  row.state = control::States::listening;
  return row;
}

Snapshot busy() {
  Snapshot all;
  all.daemon.version = "1.2";
  all.daemon.started = 1'700'000'000.5;
  all.daemon.totals.accepted = 12;
  all.daemon.totals.served = 6;
  all.daemon.totals.refused = 3;
  all.daemon.totals.reasons.emplace_back("address", 3);
  all.daemon.workers = {11, 12};
  all.daemon.failed_starts.emplace_back("executing the server", 2);
  auto one = row_of("one");
  one.accepted = 12, one.sessions = 5, one.running = 2, one.served = 4, one.refused = 3, one.failed = 1, one.withdrawn = 1;
  one.reasons.emplace_back("connections per second", 3);
  one.queued = 2, one.queue_ms = 1500;
  one.limit = 10;
  one.starts = control::reply::Times{{1, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}, 0.25};
  all.services = {one, row_of("idle")};
  return all;
}

bool has_line(const std::string& text, const std::string& line) { return ("\n" + text).find("\n" + line + "\n") != std::string::npos; }

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

}  // namespace

TEST_CASE("counters of services have their numbers") {
  for (const Format format : {Format::open_metrics, Format::text}) {
    const std::string text = exposition(busy(), format);
    for (const auto* line :
         {"xsuperd_requests_decided_total{service=\"one\"} 9", "xsuperd_requests_total{service=\"one\",result=\"served\"} 4",
          "xsuperd_requests_total{service=\"one\",result=\"refused\"} 3", "xsuperd_requests_total{service=\"one\",result=\"failed\"} 1",
          "xsuperd_requests_total{service=\"one\",result=\"withdrawn\"} 1", "xsuperd_requests_total{service=\"idle\",result=\"served\"} 0",
          "xsuperd_refusals_total{service=\"one\",reason=\"connections per second\"} 3", "xsuperd_queue_wait_seconds_total{service=\"one\"} 1.5",
          "xsuperd_requests_undecided{service=\"one\"} 3", "xsuperd_sessions_limit{service=\"one\"} 10", "xsuperd_service_state{service=\"idle\",state=\"listening\"} 1",
          "xsuperd_all_requests_decided_total 9", "xsuperd_all_refusals_total{reason=\"address\"} 3", "xsuperd_build_info{version=\"1.2\"} 1",
          "xsuperd_start_time_seconds 1700000000.5", "xsuperd_workers{role=\"conversations\"} 2",
          "xsuperd_spawn_failures_total{step=\"executing the server\"} 2", "xsuperd_services{state=\"listening\"} 2"}) {
      CAPTURE(line);
      CHECK(has_line(text, line));
    }
  }
}

TEST_CASE("whatever is counted for a service is told") {
  Snapshot all = busy();
  for (const base::Count& count : base::all_counts()) all.services[0].*count.member = 1000;
  const std::string before = exposition(all, Format::text);
  for (const base::Count& count : base::all_counts()) {
    if (count.name == "accepted" || count.name == "busy_ms") continue;  // sums, of requests by result and of durations
    CAPTURE(count.name);
    Snapshot more = all;
    more.services[0].*count.member = 2000;
    CHECK(exposition(more, Format::text) != before);
  }
}

TEST_CASE("a histogram is told cumulatively, with count and sum") {
  const std::string text = exposition(busy(), Format::text);
  CHECK(has_line(text, "xsuperd_start_seconds_bucket{service=\"one\",le=\"0.00025\"} 1"));
  CHECK(has_line(text, "xsuperd_start_seconds_bucket{service=\"one\",le=\"0.001\"} 3"));
  CHECK(has_line(text, "xsuperd_start_seconds_bucket{service=\"one\",le=\"3600.0\"} 3"));
  CHECK(has_line(text, "xsuperd_start_seconds_bucket{service=\"one\",le=\"+Inf\"} 4"));
  CHECK(has_line(text, "xsuperd_start_seconds_count{service=\"one\"} 4"));
  CHECK(has_line(text, "xsuperd_start_seconds_sum{service=\"one\"} 0.25"));
  CHECK(text.find("xsuperd_start_seconds_count{service=\"idle\"}") == std::string::npos);
}

TEST_CASE("the two formats differ in the names of families, in units and in the end") {
  const std::string open = exposition(busy(), Format::open_metrics), text = exposition(busy(), Format::text);
  CHECK(open.ends_with("\n# EOF\n"));
  CHECK(text.find("# EOF") == std::string::npos);
  CHECK(has_line(open, "# TYPE xsuperd_requests counter"));
  CHECK(has_line(text, "# TYPE xsuperd_requests_total counter"));
  CHECK(has_line(open, "# TYPE xsuperd_build info"));
  CHECK(has_line(text, "# TYPE xsuperd_build_info gauge"));
  CHECK(has_line(open, "# UNIT xsuperd_start_seconds seconds"));
  CHECK(text.find("# UNIT") == std::string::npos);
  CHECK(content_type(Format::open_metrics) == "application/openmetrics-text; version=1.0.0; charset=utf-8");
  CHECK(content_type(Format::text) == "text/plain; version=0.0.4; charset=utf-8");
}

TEST_CASE("what belongs to a family stands together, behind its help and its type, and no series twice") {
  Snapshot many = busy();
  for (int i = 0; i < 50; ++i) many.services.push_back(row_of("s" + std::to_string(i)));
  for (const Format format : {Format::open_metrics, Format::text}) {
    std::set<std::string> series, families;
    std::string family;
    for (const std::string& line : lines_of(exposition(many, format))) {
      CAPTURE(line);
      if (line.starts_with("# HELP ")) {
        family = line.substr(7, line.find(' ', 7) - 7);
        CHECK(families.insert(family).second);
      } else if (line.starts_with("# ")) {
        CHECK((line == "# EOF" || line.find(" " + family + " ") != std::string::npos));
      } else {
        CHECK(line.starts_with(family));
        CHECK(series.insert(line.substr(0, line.rfind(' '))).second);
      }
    }
    CHECK(families.size() > 30);
  }
}

TEST_CASE("a page of many services is told in portions, each of whole lines") {
  Snapshot many = busy();
  for (int i = 0; i < 5000; ++i) many.services.push_back(row_of("s" + std::to_string(i)));
  std::size_t portions = 0;
  std::string all;
  metrics::expose(many, Format::open_metrics, [&](std::string_view piece) {
    ++portions;
    CHECK(piece.size() <= 70'000);
    CHECK(piece.ends_with('\n'));
    all += piece;
  });
  CHECK(portions > 10);
  CHECK(all.ends_with("# EOF\n"));
  CHECK(all == exposition(many, Format::open_metrics));
}

TEST_CASE("labels are escaped, and are UTF-8 whatever a service is called") {
  Snapshot all;
  all.services = {row_of("a\"b\\c\nd\xff\xc3\xa9"), row_of("\xfe"), row_of("\xff")};
  CHECK(has_line(exposition(all, Format::text), "xsuperd_requests_decided_total{service=\"a\\\"b\\\\c\\nd\\\\xff\xc3\xa9\"} 0"));
  CHECK(metrics::escaped_label("\xfe") != metrics::escaped_label("\xff"));
}

TEST_CASE("a histogram counts at its bounds and adds") {
  base::Histogram histogram;
  for (const auto time : {0LL, 250'000LL, 250'001LL, 3'600'000'000'000LL, 3'600'000'000'001LL, -5LL}) histogram.add(std::chrono::nanoseconds(time));
  CHECK(histogram.within_250us == 3);
  CHECK(histogram.within_1ms == 1);
  CHECK(histogram.within_1h == 1);
  CHECK(histogram.longer == 1);
  CHECK(histogram.sum_us == 250 + 250 + 2 * 3'600'000'000ULL);
  histogram += histogram;
  CHECK(histogram.within_250us == 6);
  CHECK(std::ranges::is_sorted(base::bounds, {}, &base::Bound::most));
}
