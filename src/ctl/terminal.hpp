// SPDX-License-Identifier: MIT
// The terminal of `top` and `watch`. Internal to ctl.
#pragma once
#include <poll.h>

#include <chrono>
#include <cstdio>
#include <functional>
#include <memory>
#include <optional>

#include "ctl/activity_page.hpp"
#include "ctl/keys.hpp"
#include "xsuperd/base/error.hpp"
#include "xsuperd/base/fd.hpp"

namespace xsuperd::ctl {

/// A terminal with the whole screen in use, from `open` to the end of its life, when all is as it was before. One at a
/// time. By ncurses; without it, no terminal can be opened. Colours only where the terminal has them and NO_COLOR is
/// not set (no-color.org).
class Terminal {
 public:
  /// On standard input and `out`. Fails where one is not a terminal, or TERM is not known, or is one that cannot move the
  /// cursor, as dumb.
  [[nodiscard]] static base::Result<std::unique_ptr<Terminal>> open(std::FILE* out);
  virtual ~Terminal() = default;

  /// To be polled for keys.
  [[nodiscard]] virtual int descriptor() const = 0;
  /// The next key that has been pressed; none when there is none left. Does not wait.
  [[nodiscard]] virtual Press press() = 0;
  [[nodiscard]] virtual PageSize size() const = 0;
  /// Takes the size that the terminal has now, and draws all of it the next time.
  virtual void adapt() = 0;
  virtual void draw(const Page& page) = 0;
};

/// Signals that end the program or tell of another size of the terminal, which are kept back from birth to the end of
/// its life so that the terminal can be restored first.
class TerminalSignals {
 public:
  TerminalSignals();
  ~TerminalSignals();
  TerminalSignals(const TerminalSignals&) = delete;
  TerminalSignals& operator=(const TerminalSignals&) = delete;

  /// To be polled.
  [[nodiscard]] int descriptor() const { return signals_.get(); }
  /// One that has come; 0 when there is none. Does not wait.
  [[nodiscard]] int next();

 private:
  struct Mask;
  std::unique_ptr<Mask> before_;
  base::Fd signals_;
};

/// How a view on a terminal has ended.
struct Ending {
  int signal = 0;  ///< 0: a key, or the terminal went away
};
/// For what a view has woken up.
struct Woken {
  std::optional<Ending> ending = {};  ///< a signal, or the terminal has gone away
  bool other = false;                 ///< there is something to do about the other descriptor
};
/// Waits for keys, signals and another descriptor (-1: none), at most so long. `press` is given the keys until it returns
/// false; a new size of the terminal is adapted to.
[[nodiscard]] Woken wait_at(Terminal& terminal, TerminalSignals& signals, pollfd other, std::chrono::milliseconds patience,
                            const std::function<bool(Press)>& press);
/// What follows once the terminal is as it was: ends this process by the signal, too. Returns the exit status otherwise.
[[nodiscard]] int exit_after(Ending ending);

}  // namespace xsuperd::ctl
