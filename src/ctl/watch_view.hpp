// SPDX-License-Identifier: MIT
// `watch` on a terminal. Internal to ctl.
#pragma once
#include <chrono>
#include <functional>
#include <optional>

#include "ctl/execution.hpp"
#include "ctl/terminal.hpp"
#include "ctl/watch_page.hpp"

namespace xsuperd::ctl {

/// Runs a command again and again and shows what it prints, until a key or a signal ends it. One thread; waits only for keys,
/// signals and the command at once.
class WatchView {
 public:
  using Command = std::function<int(std::FILE*)>;
  /// `title` is the command line.
  WatchView(std::string title, Command command, std::chrono::milliseconds interval, Terminal& terminal, TerminalSignals& signals);
  [[nodiscard]] Ending run();

 private:
  using Clock = std::chrono::steady_clock;

  void begin(Clock::time_point now);
  void go_on();
  void draw(Clock::time_point now);
  [[nodiscard]] std::chrono::milliseconds patience(Clock::time_point now) const;
  void wait(Clock::time_point now);
  void handle(Key key);

  Command command_;
  std::chrono::milliseconds interval_;
  Terminal& terminal_;
  TerminalSignals& signals_;
  Watched watched_;
  std::string trouble_;  ///< why the command could not be run, or empty
  std::optional<Execution> execution_;
  Clock::time_point begun_, due_;
  std::size_t first_ = 0, room_ = 0;  ///< as in Page
  std::optional<Ending> ending_;
};

}  // namespace xsuperd::ctl
