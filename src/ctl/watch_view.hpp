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
  /// Returns the signal that ended it; 0: a key did, or the terminal went away.
  [[nodiscard]] int run();

 private:
  using Clock = std::chrono::steady_clock;

  void begin(Clock::time_point now);
  void go_on();
  void draw(Clock::time_point now);
  [[nodiscard]] std::chrono::milliseconds patience(Clock::time_point now) const;
  [[nodiscard]] bool wait(Clock::time_point now);
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
  int signal_ = 0;
  bool over_ = false;
};

}  // namespace xsuperd::ctl
