// SPDX-License-Identifier: MIT
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>

#include "xsuperd/control/schema/metrics.hpp"
#include "xsuperd/policy/reason.hpp"

namespace xsuperd::metrics {

/// What all services together had counted at one moment.
struct Sample {
  double at = 0;  ///< seconds, of any clock that goes on evenly
  std::uint64_t accepted = 0;
  std::uint64_t served = 0;
  std::uint64_t failed = 0;
  std::array<std::uint64_t, policy::reason_count> refused{};
};
/// Pure.
[[nodiscard]] Sample sample_of(const control::reply::Metrics& daemon, double at);

/// The last minutes. A value; bounded.
class Samples {
 public:
  static constexpr double span = 300;        ///< seconds
  static constexpr double least_between = 0.9;
  /// Leaves out one that comes too soon after the one before, and forgets what is older than `span`.
  void add(const Sample& sample);
  [[nodiscard]] const std::deque<Sample>& all() const { return all_; }

 private:
  std::deque<Sample> all_;
};

/// One line of a plot: how much of something there was in each second, over the whole span.
struct Curve {
  std::string name;
  std::string path;   ///< of an SVG, in a picture of the size plot_width by plot_height
  double last = 0;    ///< the newest value
};
inline constexpr int plot_width = 600, plot_height = 120;

struct Plot {
  double top = 1;  ///< the value at the upper edge
  std::vector<Curve> curves;
};
/// Requests, served and failed, a second. Pure.
[[nodiscard]] Plot plot_of_requests(const Samples& samples);
/// Refusals a second, by reason: of those reasons that occur, the most frequent six. Pure.
[[nodiscard]] Plot plot_of_refusals(const Samples& samples);

}  // namespace xsuperd::metrics
