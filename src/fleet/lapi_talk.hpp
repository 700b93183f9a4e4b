// SPDX-License-Identifier: MIT
// What is asked of a Local API of CrowdSec, and heard of it. Internal to fleet.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fleet/lapi_answer.hpp"
#include "xsuperd/base/time.hpp"
#include "xsuperd/fleet/words.hpp"

namespace xsuperd::fleet {

/// The conversation with a Local API over one connection, which it may close after each answer. Bytes and moments in, bytes and
/// words out; no sockets, no clock. Asks at once, and again ten seconds after all of an answer has been told. The first answer has
/// all decisions, or what has changed since the last one, as the Consult says, and each of the others what has changed. Nothing it
/// says makes it do more than the bounds here and of LapiAnswer.
class LapiTalk {
 public:
  /// What is to go out. Whoever sends it empties it.
  struct Out {
    std::string request = {};
    std::vector<Word> words = {};
  };
  LapiTalk(Consult consult, base::Moment now, Out& out);

  void hear(std::string_view bytes, base::Moment now);
  /// It sends nothing any more.
  void hear_end(base::Moment now);
  /// To be called every second or so: asks again, and notices silence.
  void tick(base::Moment now);
  /// The daemon has taken what it was told: more of the answer may be.
  void go_on(base::Moment now);
  [[nodiscard]] bool could_go_on() const { return telling_ && !over_; }
  /// Is anything to be heard yet? Not while an answer is told: what would come then waits, and so does its end.
  [[nodiscard]] bool listens() const { return !telling_ && !over_; }

  /// Lost has been said: nothing is said any more.
  [[nodiscard]] bool over() const { return over_; }
  /// It breaks off; the reason is for the log. None: nothing has been missed.
  void end(std::string why);

 private:
  void ask(bool startup, base::Moment now);
  void take(LapiAnswer::State state, base::Moment now);

  const Consult consult_;
  Out& out_;
  std::optional<LapiAnswer> answer_;  ///< that is to come, or is being told
  bool telling_ = false, closed_ = false, over_ = false;
  base::Moment asked_, heard_;        ///< of answer_
  base::Moment next_;                 ///< without one: when it is asked again
};

}  // namespace xsuperd::fleet
