// SPDX-License-Identifier: MIT
// The formats of Prometheus: OpenMetrics 1.0 and text 0.0.4. Internal to metrics; pure.
#pragma once
#include <fmt/format.h>

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <iterator>
#include <string>
#include <string_view>

#include "xsuperd/base/histogram.hpp"
#include "xsuperd/metrics/exposition.hpp"

namespace xsuperd::metrics {

enum class Type : std::uint8_t { counter, gauge, histogram, info };

/// What is said of series that share a name.
struct Family {
  std::string_view name;  ///< without _total and _info
  Type type = Type::gauge;
  std::string_view unit;  ///< with which the name ends; empty: none
  std::string_view help;
};

[[nodiscard]] constexpr std::string_view word_of(Type type) {
  constexpr std::array words{"counter", "gauge", "histogram", "info"};
  return words[static_cast<std::size_t>(type)];
}

/// A page of many services has some megabytes, which are never in one place.
inline constexpr std::size_t portion = 64 * 1024, longest_line = 4 * 1024;

/// Writes families and their series, and passes them on in portions. Throws what `to` throws.
class Text {
 public:
  Text(Format format, const std::function<void(std::string_view)>& to) : open_(format == Format::open_metrics), to_(to) { out_.reserve(portion + longest_line); }

  /// From here on series of this family follow, if any does.
  void begin(const Family& family) {
    family_ = &family;
    begun_ = false;
  }
  /// `labels` as they stand between the braces.
  void add(std::string_view labels, std::uint64_t value) { put(end_of(family_->type), labels, value); }
  void add(std::string_view labels, double value) { put(end_of(family_->type), labels, value); }
  void add(std::string_view labels, const control::reply::Times& times) {
    std::uint64_t sum = 0;
    const std::string comma = labels.empty() ? "" : ",";
    for (std::size_t i = 0; i < base::bounds.size() && i < times.counts.size(); ++i) {
      sum += times.counts[i];
      head("_bucket");
      out_.append("{").append(labels).append(comma).append("le=\"").append(base::bounds[i].seconds).append("\"} ");
      value(sum);
    }
    put("_count", labels, sum);
    put("_sum", labels, times.seconds);
  }
  void finish() {
    if (open_) out_ += "# EOF\n";
    pass_on();
  }

 private:
  static std::string_view end_of(Type type) { return type == Type::counter ? "_total" : type == Type::info ? "_info" : ""; }

  /// Prometheus' own format names the series, OpenMetrics what they have in common.
  void describe() {
    const std::string_view end = open_ ? "" : end_of(family_->type);
    const std::string_view type = open_ || family_->type != Type::info ? word_of(family_->type) : "gauge";
    fmt::format_to(std::back_inserter(out_), "# HELP xsuperd_{}{} {}\n# TYPE xsuperd_{}{} {}\n", family_->name, end, family_->help, family_->name, end, type);
    if (open_ && !family_->unit.empty()) fmt::format_to(std::back_inserter(out_), "# UNIT xsuperd_{} {}\n", family_->name, family_->unit);
    begun_ = true;
  }
  void pass_on() {
    to_(out_);
    out_.clear();
  }
  void head(std::string_view end) {
    if (out_.size() >= portion) pass_on();
    if (!begun_) describe();
    out_.append("xsuperd_").append(family_->name).append(end);
  }
  template <typename T>
  void put(std::string_view end, std::string_view labels, T number) {
    head(end);
    if (!labels.empty()) out_.append("{").append(labels).append("}");
    out_ += ' ';
    value(number);
  }
  void value(std::uint64_t number) {
    const fmt::format_int text(number);
    out_.append(text.data(), text.size()).append("\n");
  }
  void value(double number) { fmt::format_to(std::back_inserter(out_), "{}\n", std::isfinite(number) ? number : 0.0); }

  const bool open_;
  const std::function<void(std::string_view)>& to_;
  const Family* family_ = nullptr;
  bool begun_ = false;
  std::string out_;
};

/// NAME="VALUE", as Text::add() takes it.
[[nodiscard]] inline std::string label(std::string_view name, std::string_view value) { return fmt::format("{}=\"{}\"", name, escaped_label(value)); }

}  // namespace xsuperd::metrics
