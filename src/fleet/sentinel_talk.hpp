// SPDX-License-Identifier: MIT
// What is said to a Sentinel and heard of it. Internal to fleet.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "fleet/replies.hpp"
#include "xsuperd/base/time.hpp"
#include "xsuperd/fleet/words.hpp"

namespace xsuperd::fleet {

/// The one question to a Sentinel, where its primary is, behind AUTH if there is a password. Bytes and moments in, bytes and words
/// out; no sockets, no clock. It ends with Found or Lost, after 10 seconds at most, whatever the Sentinel says.
class SentinelTalk {
 public:
  /// What is to go out. Whoever sends it empties it.
  struct Out {
    std::string commands = {};
    std::vector<Word> words = {};
  };
  SentinelTalk(const Seek& seek, base::Moment now, Out& out);

  void hear(std::string_view bytes);
  /// To be called every second or so: notices silence.
  void tick(base::Moment now);

  /// Found or Lost has been said: nothing is said any more.
  [[nodiscard]] bool over() const { return over_; }
  /// It breaks off; the reason is for the log.
  void end(std::string why);

 private:
  void take(const Reply& reply);
  void take_place(const Reply& reply);

  const std::string primary_;
  Out& out_;
  Replies replies_;
  bool wants_password_;  ///< its answer to AUTH is still to come
  bool over_ = false;
  const base::Moment begun_;
};

}  // namespace xsuperd::fleet
