// SPDX-License-Identifier: MIT
#pragma once
#include <fmt/format.h>

#include <chrono>
#include <memory>
#include <string_view>

#include "xsuperd/log/writer.hpp"

namespace xsuperd::log {

/// The daemon's own messages, one method a level. The sentence is made on the calling thread, the line on the
/// writer's. Loop thread only.
class DaemonLog {
 public:
  DaemonLog(Sink& sink, std::shared_ptr<Output> output) : sink_(sink), output_(std::move(output)) {}

  template <typename... Args>
  void error(fmt::format_string<Args...> text, Args&&... args) const {
    write(Level::error, fmt::format(text, std::forward<Args>(args)...));
  }
  template <typename... Args>
  void warning(fmt::format_string<Args...> text, Args&&... args) const {
    write(Level::warning, fmt::format(text, std::forward<Args>(args)...));
  }
  template <typename... Args>
  void notice(fmt::format_string<Args...> text, Args&&... args) const {
    write(Level::notice, fmt::format(text, std::forward<Args>(args)...));
  }
  template <typename... Args>
  void info(fmt::format_string<Args...> text, Args&&... args) const {
    write(Level::info, fmt::format(text, std::forward<Args>(args)...));
  }
  /// `function` is the word that xinetd prints in braces before a critical text (fact B7.1).
  void critical(std::string_view function, std::string_view text) const {
    write(Level::critical, fmt::format("{{{}}} {}", function, text));
  }
  void write(Level level, std::string_view text) const {
    if (level > threshold_) return;
    sink_.write(output_, level, std::chrono::system_clock::now(), text);
  }

  /// From now on drops less severe messages; at first everything is written.
  void set_threshold(Level threshold) { threshold_ = threshold; }
  [[nodiscard]] Level threshold() const { return threshold_; }

  void replace(std::shared_ptr<Output> output) { output_ = std::move(output); }
  [[nodiscard]] Sink& sink() const { return sink_; }

 private:
  Sink& sink_;
  std::shared_ptr<Output> output_;
  Level threshold_ = Level::debug;
};

}  // namespace xsuperd::log
