// SPDX-License-Identifier: MIT
#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "xsuperd/control/schema/metrics.hpp"

/// What others see of the daemon in figures: made of a copy of what it has counted, so that any thread, and xsuperctl, can do
/// it. Pure.
namespace xsuperd::metrics {

/// All that is told at one moment.
struct Snapshot {
  control::reply::Metrics daemon;
  std::vector<control::reply::MetricsRow> services;  ///< of those that are served, each id once
};

enum class Format : std::uint8_t {
  open_metrics,  ///< OpenMetrics 1.0
  text,          ///< Prometheus' text format 0.0.4, which collectors of text files read, too
};

/// Tells the whole text in portions of some 64 KiB. Its series are named in xsuperctl(1); one of a service that has not counted
/// anything yet is left out, but for those that every service has.
void expose(const Snapshot& snapshot, Format format, const std::function<void(std::string_view)>& to);
/// The same in one.
[[nodiscard]] std::string exposition(const Snapshot& snapshot, Format format);

/// For the field Content-Type.
[[nodiscard]] std::string_view content_type(Format format);

/// A label's value: backslash, quotation mark and line feed are escaped, and what is not UTF-8, or a control character, becomes \xNN
/// for each byte.
[[nodiscard]] std::string escaped_label(std::string_view value);

}  // namespace xsuperd::metrics
