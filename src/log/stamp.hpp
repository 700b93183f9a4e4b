// SPDX-License-Identifier: MIT
#pragma once
#include <chrono>
#include <string>

#include "xsuperd/base/time.hpp"

namespace xsuperd::log {

/// The text of a time, formatted again only when the second has changed: breaking a time down into local time costs
/// more than all the rest of a line. Used by one thread.
class Stamp {
 public:
  using Format = std::string (*)(base::WallTime);
  explicit Stamp(Format format) : format_(format) {}

  [[nodiscard]] const std::string& at(base::WallTime when) {
    const auto second = std::chrono::floor<std::chrono::seconds>(when);
    if (text_.empty() || second != second_) {
      text_ = format_(when);
      second_ = second;
    }
    return text_;
  }

 private:
  Format format_;
  std::chrono::time_point<std::chrono::system_clock, std::chrono::seconds> second_;
  std::string text_;
};

}  // namespace xsuperd::log
