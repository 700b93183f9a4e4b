// SPDX-License-Identifier: MIT
#pragma once
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "xsuperd/log/output.hpp"

namespace xsuperd::log {

/// What the writer thread does with lines: gives them to their outputs, keeps those whose output cannot write
/// now, offers them again with growing pauses, and passes the outputs' complaints on to the daemon log. Knows
/// no thread and no lock; the clock is given to it.
///
/// Lines of one output never overtake each other. An output that has lost one line loses all that come until
/// it works again, so that the count of lost lines stands exactly where the gap is.
class Delivery {
 public:
  struct Now {
    base::Moment steady;
    base::WallTime wall;
  };
  using Clock = std::function<Now()>;

  Delivery(std::size_t keep_bytes, Clock clock) : keep_bytes_(keep_bytes), clock_(std::move(clock)) {}

  /// May be none: then complaints are lost.
  void set_daemon_log(std::shared_ptr<Output> daemon_log) { daemon_log_ = std::move(daemon_log); }

  void deliver(const std::shared_ptr<Output>& to, const Output::Line& line);
  /// Lines that never got here: says so in the daemon log.
  void report_lost(std::uint64_t count);
  /// Offers kept lines again where their pause is over, or everywhere.
  void retry(bool everywhere);

  [[nodiscard]] bool keeps_lines() const { return !kept_.empty(); }
  /// When the next pause is over; nothing when no line is kept.
  [[nodiscard]] std::optional<base::Moment> next_retry() const;
  /// How many of the lines given to deliver() are surely done with: all before the oldest that is kept.
  [[nodiscard]] std::uint64_t settled() const;
  /// How many of the lines given to deliver() did not fit, ever.
  [[nodiscard]] std::uint64_t lost() const { return lost_; }

 private:
  struct KeptLine {
    Level level;
    base::WallTime when;
    Event event;        ///< of its texts only the sizes count
    std::string texts;  ///< these are they
    std::uint64_t number;  ///< of the line; one that we made up ourselves has that of the line before it
  };
  /// How much of `keep_bytes` an event takes.
  [[nodiscard]] static std::size_t cost(const Event& event);
  /// What waits for one output.
  struct Kept {
    std::deque<KeptLine> lines;
    std::size_t bytes = 0;
    std::uint64_t lost = 0;  ///< how many did not fit
    std::chrono::milliseconds pause{0};
    base::Moment next_retry;
  };

  void give(const std::shared_ptr<Output>& to, const Output::Line& line);
  Output::Outcome attempt(Output& output, const Output::Line& line);
  void keep(Kept& kept, const Output::Line& line);
  bool write_kept(Output& output, Kept& kept);
  void pass_on_remarks();
  void say(Level level, std::string_view text);
  void postpone(Kept& kept);

  std::size_t keep_bytes_;
  Clock clock_;
  std::shared_ptr<Output> daemon_log_;
  std::map<std::shared_ptr<Output>, Kept> kept_;  ///< only outputs that do not work now: nearly always empty
  std::vector<Output::Remark> remarks_;
  std::uint64_t lost_ = 0;
  std::uint64_t number_ = 0;  ///< lines given to deliver() so far
};

}  // namespace xsuperd::log
