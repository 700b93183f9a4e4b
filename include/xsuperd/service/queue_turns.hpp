// SPDX-License-Identifier: MIT
#pragma once
#include <chrono>
#include <optional>
#include <vector>

#include "xsuperd/policy/verdict.hpp"
#include "xsuperd/service/places.hpp"
#include "xsuperd/service/waiting_line.hpp"

namespace xsuperd::service {

/// The queue of a service: who waits in it, whose turn it is, and when somebody has to look. One at a time is called, and
/// comes back as a Request or a Withdrawn. Whenever somebody could have a place, either one has been called, or next_look()
/// is a moment that comes without any further event. Pure; a State owns it.
class QueueTurns {
 public:
  /// Until it is looked again whether other services have left room under -limit.
  static constexpr std::chrono::milliseconds others_pause{100};

  [[nodiscard]] const WaitingLine& line() const { return line_; }
  /// Would it take one more of that source?
  [[nodiscard]] bool takes(const config::Settings& settings, const policy::Policy::Source& source) const;
  /// Adds one, or keeps one that waits already. False when the queue is full, or its source has its share of it: a quarter,
  /// or all of it for one that is exempt. Throws std::bad_alloc, and nothing has happened then.
  [[nodiscard]] bool add(const config::Settings& settings, Token token, const policy::Policy::Source& source, base::Moment now);
  /// It found no place, for want of what `reason` says.
  void found_none(Token token, policy::Reason reason, base::Moment now);
  /// To be called after each event, before any of the following is asked: those for whom there is no place anyway are put
  /// aside.
  void settle(const config::Settings& settings, const Places& places);
  /// Calls the next one for which there seems to be a place; nothing when there is none, or one has been called and has not
  /// come back. Whether there is a token of `rate`, or a place under -limit, is seen when it is judged.
  [[nodiscard]] std::optional<Token> call(const config::Settings& settings, const Places& places);
  /// Does a place that is free belong to one that waits, and not to a newcomer? One that is exempt gives way only to others
  /// that are.
  [[nodiscard]] bool somebody_is_next(const config::Settings& settings, const Places& places, bool exempt) const;
  /// A Look has been given.
  void look_again() { next_try_.reset(); }
  void came_back(Token token) { called_ = called_ == token ? 0 : called_; }
  /// A place of that source is free again.
  void freed(const base::Address& source) { line_.take_back(source); }
  /// It has its place. False when it did not wait.
  bool served(Token token) { return line_.take_out(token, true); }
  /// It left. False when it did not wait.
  bool remove(Token token) { return came_back(token), line_.take_out(token, false); }
  /// Removes one that has waited for too long; nothing when none has.
  [[nodiscard]] std::optional<Token> expire(const config::Settings& settings, base::Moment now);
  /// When a Look is due: now, if that is in the past; nothing when none waits. `token`: when there is a token of `rate`, if
  /// there is such a limit.
  [[nodiscard]] std::optional<base::Moment> next_look(const config::Settings& settings, const Places& places,
                                                      std::optional<base::Moment> token) const;

  /// Limits, or what counts as a source, have changed. `peers`: those who wait.
  void regroup(const policy::Policy& policy, const std::vector<std::pair<Token, base::Address>>& peers);
  void restore(std::vector<StateSnapshot::Waiting> waiting) { line_.restore(std::move(waiting)); }

 private:
  [[nodiscard]] std::optional<WaitingLine::Next> callable(const config::Settings& settings, const Places& places) const;

  WaitingLine line_;
  Token called_ = 0;                           ///< who was called and has not come back; 0: nobody
  std::optional<base::Moment> next_try_ = {};  ///< the last one that was called found no room under -limit
};

/// Is there room for one more under the limit?
[[nodiscard]] inline bool has_room(const std::optional<config::Limit>& limit, std::uint64_t taken) {
  return !limit || limit->is_unlimited() || taken < limit->value;
}

}  // namespace xsuperd::service
