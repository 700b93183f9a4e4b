// SPDX-License-Identifier: MIT
#pragma once
#include <cstdint>

#include "xsuperd/worker/protocol.hpp"

namespace xsuperd::worker {

/// Judges by the signs of life of one worker whether it is dead. Pure: the moments come from outside, as beats. Beats are
/// counted, not time: a daemon that was stopped itself, or a machine that slept, finds no worker guilty.
class Heartbeat {
 public:
  enum class Next : unsigned char { wait, ask, dead };
  /// `most_silent`: after so many beats without a word it is dead.
  explicit Heartbeat(unsigned most_silent) : most_silent_(most_silent) {}

  /// There is another worker. What the one before it was asked it has not to answer.
  void start_anew();
  /// A beat of one that can be asked. With Next::ask it is to be asked question().
  [[nodiscard]] Next beat();
  /// A beat of one that cannot, as a worker of another version: such a one is not silent. But that it is stopped can be seen.
  [[nodiscard]] Next beat_unasked(bool stopped);
  /// Nothing is expected of it for now.
  void rest();
  /// It has said something.
  void heard() { silent_ = 0; }
  /// The last question is answered with that token, or one before it. False when it was not asked that, or has answered.
  [[nodiscard]] bool answered(std::uint64_t token);

  [[nodiscard]] std::uint64_t question() const { return sign_; }
  /// Is it dead at the next beat, unless it says something?
  [[nodiscard]] bool near_death() const { return silent_ + 1 >= most_silent_; }

 private:
  [[nodiscard]] Next silence();

  const unsigned most_silent_;
  std::uint64_t sign_ = first_sign;       // of the last question
  std::uint64_t last_sign_ = first_sign;  // that was answered
  bool due_ = false;                      // the last question has not been answered
  unsigned silent_ = 0;                   // beats since it was asked or said anything
};

}  // namespace xsuperd::worker
