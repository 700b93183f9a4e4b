// SPDX-License-Identifier: MIT
#include "xsuperd/metrics/samples.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <iterator>
#include <vector>

namespace xsuperd::metrics {

namespace {

constexpr std::size_t most_reasons = 6;

using Value = std::function<std::uint64_t(const Sample&)>;

/// Between two samples, a second. A counter may have begun anew.
double rate(const Sample& before, const Sample& after, const Value& value) {
  const std::uint64_t from = value(before), to = value(after);
  return to <= from || after.at <= before.at ? 0 : static_cast<double>(to - from) / (after.at - before.at);
}

struct Line {
  std::string name;
  Value value;
};

/// 1, 2 or 5 times a power of ten, and not below.
double round_top(double most) {
  if (most <= 1) return 1;
  const double power = std::pow(10, std::floor(std::log10(most)));
  for (const double step : {1.0, 2.0, 5.0})
    if (most <= step * power) return step * power;
  return 10 * power;
}

std::string path_of(const std::deque<Sample>& samples, const Value& value, double top) {
  std::string path;
  const double end = samples.back().at;
  for (std::size_t i = 1; i < samples.size(); ++i) {
    const double x = plot_width * (1 - (end - samples[i].at) / Samples::span);
    const double y = plot_height * (1 - rate(samples[i - 1], samples[i], value) / top);
    fmt::format_to(std::back_inserter(path), "{}{:.1f} {:.1f}", i == 1 ? "M" : "L", x, y);
  }
  return path;
}

Plot plot(const Samples& of, const std::vector<Line>& lines) {
  const auto& samples = of.all();
  double most = 0;
  for (std::size_t i = 1; i < samples.size(); ++i)
    for (const Line& line : lines) most = std::max(most, rate(samples[i - 1], samples[i], line.value));
  Plot plot{round_top(most), {}};
  for (const Line& line : lines) {
    Curve curve{line.name, {}, 0};
    if (samples.size() > 1) {
      curve.path = path_of(samples, line.value, plot.top);
      curve.last = rate(samples[samples.size() - 2], samples.back(), line.value);
    }
    plot.curves.push_back(std::move(curve));
  }
  return plot;
}

}  // namespace

Sample sample_of(const control::reply::Metrics& daemon, double at) {
  const control::reply::Totals& totals = daemon.totals;
  Sample sample{.at = at, .accepted = totals.accepted, .served = totals.served, .failed = totals.failed, .refused = {}};
  for (const auto& [word, count] : totals.reasons)
    for (const policy::ReasonRow& row : policy::reason_table)
      if (row.word == word) sample.refused[static_cast<std::size_t>(row.reason)] = count;
  return sample;
}

void Samples::add(const Sample& sample) {
  if (!all_.empty() && sample.at < all_.back().at + least_between) return;
  all_.push_back(sample);
  while (all_.front().at < sample.at - span) all_.pop_front();
}

Plot plot_of_requests(const Samples& samples) {
  return plot(samples, {{"requests", [](const Sample& s) { return s.accepted; }},
                        {"served", [](const Sample& s) { return s.served; }},
                        {"failed", [](const Sample& s) { return s.failed; }}});
}

Plot plot_of_refusals(const Samples& samples) {
  if (samples.all().empty()) return {};
  std::vector<std::pair<std::uint64_t, std::size_t>> occurring;  // how many, which
  for (std::size_t i = 0; i < policy::reason_count; ++i) {
    const std::uint64_t first = samples.all().front().refused[i], last = samples.all().back().refused[i];
    if (last > first) occurring.emplace_back(last - first, i);
  }
  std::ranges::sort(occurring, std::greater{});
  occurring.resize(std::min(occurring.size(), most_reasons));
  std::vector<Line> lines;
  for (const auto& [count, reason] : occurring)
    lines.push_back({std::string(policy::reason_table[reason].word), [reason = reason](const Sample& s) { return s.refused[reason]; }});
  return plot(samples, lines);
}

}  // namespace xsuperd::metrics
