// SPDX-License-Identifier: MIT
#pragma once
#include <algorithm>
#include <string>
#include <vector>

#include "xsuperd/log/writer.hpp"

namespace xsuperd::fakes {

/// Keeps every line in memory, at once and in order. One thread.
struct MemorySink : log::Sink {
  struct Line {
    std::shared_ptr<log::Output> output;
    log::Level level = log::Level::info;
    std::string text;
  };
  std::vector<Line> lines;

  void write(const std::shared_ptr<log::Output>& to, log::Level level, base::WallTime,
             const log::Event& event) override {
    lines.push_back({to, level, log::text_of(event)});
  }

  /// Whether some line contains `part`.
  [[nodiscard]] bool has(std::string_view part) const {
    return std::any_of(lines.begin(), lines.end(),
                       [part](const Line& line) { return line.text.find(part) != std::string::npos; });
  }
  /// All texts, in order.
  [[nodiscard]] std::vector<std::string> texts() const {
    std::vector<std::string> result;
    for (const Line& line : lines) result.push_back(line.text);
    return result;
  }
};

}  // namespace xsuperd::fakes
