// SPDX-License-Identifier: MIT
#pragma once
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "xsuperd/base/allowance.hpp"

namespace xsuperd::converse {

/// What a program writes, made lines that are fit for a log: bounded, escaped, and not too many. A line that is longer than
/// `longest` bytes becomes several, which end and begin in "..." where they were cut. Empty lines are passed over, and so is a
/// CR at the end. Beyond so many lines all are dropped for a second; then one line says how many. Pure.
class LineFeed {
 public:
  static constexpr std::size_t longest = 1024;  ///< bytes of a line before they are escaped
  static constexpr unsigned at_once = 20;       ///< lines
  static constexpr std::chrono::milliseconds every{100};  ///< after these
  static constexpr std::chrono::seconds pause{1};
  /// Takes a line; false when it has no room for one now.
  using Tell = std::function<bool(std::string_view)>;

  explicit LineFeed(Tell tell) : tell_(std::move(tell)) {}

  void take(std::string_view bytes, base::Moment now);
  /// Nothing more will come.
  void end(base::Moment now);
  /// While lines are dropped: when go_on() is to be called.
  [[nodiscard]] std::optional<base::Moment> pause_end() const { return pause_end_; }
  void go_on(base::Moment now);

 private:
  void finish_line(bool cut, base::Moment now);
  [[nodiscard]] bool admits(base::Moment now);
  void drop(base::Moment now);
  bool tell_dropped();

  Tell tell_;
  std::string line_;        // what there is of the present one
  bool continues_ = false;  // it is the rest of a line that was cut
  base::Allowance allowance_{at_once, every};
  std::optional<base::Moment> pause_end_;
  std::uint64_t dropped_ = 0;
};

}  // namespace xsuperd::converse
