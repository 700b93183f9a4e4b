// SPDX-License-Identifier: MIT
// `top` on a terminal. Internal to ctl.
#pragma once
#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "ctl/browser.hpp"
#include "ctl/inquiry.hpp"
#include "ctl/service_page.hpp"
#include "ctl/terminal.hpp"

namespace xsuperd::ctl {

struct TopOptions {
  std::string socket;
  std::chrono::milliseconds interval{1000};
  Sort sort = Sort::rate;
};

/// Asks the daemon again and again, each time all that the page in sight needs, and shows what it says, until a key or a
/// signal ends it. A daemon that is gone is tried again; what it said last stays to be seen. One thread; waits only for
/// keys, signals and the daemon at once.
class LiveView {
 public:
  LiveView(TopOptions options, Terminal& terminal, TerminalSignals& signals, Snapshot first);
  [[nodiscard]] Ending run();

 private:
  using Clock = std::chrono::steady_clock;

  void begin_round(Clock::time_point now);
  void ask(Clock::time_point now);
  void go_on(Clock::time_point now);
  void fail(const base::Error& error, Clock::time_point now);
  [[nodiscard]] std::vector<control::Request> questions() const;
  void end_round(Clock::time_point now);
  void arrange();
  void draw(Clock::time_point now);
  [[nodiscard]] std::string notice(Clock::time_point now) const;
  [[nodiscard]] std::chrono::milliseconds patience(Clock::time_point now) const;
  void wait(Clock::time_point now);
  void handle(Press press);
  [[nodiscard]] Page page(const View& view) const;

  TopOptions options_;
  Terminal& terminal_;
  TerminalSignals& signals_;
  Snapshot last_;
  Activity activity_;  ///< all services
  Activity shown_;     ///< those of the filter, in their order
  Browser browser_;
  std::optional<ServiceDetail> detail_;     ///< of the service whose page is open
  bool gone_ = false;                       ///< the daemon does not know that one any more
  std::vector<control::Request> unasked_;   ///< of this round, the next one last
  std::vector<Answer> answers_;             ///< to those that were asked
  std::optional<Inquiry> inquiry_;
  Clock::time_point asked_, due_, heard_;  ///< heard_: the last good answer
  std::string trouble_;                    ///< what has come in place of one since
  std::optional<Ending> ending_;
};

}  // namespace xsuperd::ctl
