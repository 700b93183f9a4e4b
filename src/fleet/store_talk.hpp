// SPDX-License-Identifier: MIT
// What is said to a store and heard of it. Internal to fleet.
#pragma once
#include <boost/unordered/unordered_flat_set.hpp>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fleet/entry.hpp"
#include "fleet/replies.hpp"
#include "xsuperd/base/time.hpp"
#include "xsuperd/fleet/words.hpp"

namespace xsuperd::fleet {

/// The conversation with one store, over two connections: one for commands, and one on which it tells of changes (in RESP 2 a
/// connection that listens can do nothing else). Bytes and moments in, bytes and words out; no sockets, no clock. It begins with
/// AUTH, SELECT, ROLE and a question for a key of ours, which the wrong node of a cluster does not answer, on the one and
/// SUBSCRIBE on the other; then it goes through all bans that are there (SCAN), a page after
/// the other. Nothing the store says makes it do more than the bounds here.
class StoreTalk {
 public:
  /// What is to go out. Whoever sends it empties it.
  struct Out {
    std::string commands = {};
    std::string listening = {};
    std::vector<Word> words = {};
  };
  StoreTalk(const Meet& meet, base::Moment now, Out& out);

  void hear_commands(std::string_view bytes, base::Moment now);
  void hear_listening(std::string_view bytes, base::Moment now);
  void order(const Add& one, base::Moment now);
  void order(const Remove& one, base::Moment now);
  void order(const Count& one, base::Moment now);
  void order(const AskTime& one, base::Moment now);
  /// To be called every second or so: notices silence, and shows that we are there.
  void tick(base::Moment now);
  /// The daemon has taken what it was told: the next page may be asked for.
  void go_on(base::Moment now);
  [[nodiscard]] bool could_go_on() const { return page_wanted_ && !over_; }

  /// Lost has been said: nothing is said any more.
  [[nodiscard]] bool over() const { return over_; }
  /// It breaks off; the reason is for the log.
  void end(std::string why);

 private:
  enum class What : std::uint8_t { auth, select, role, probe, change, notice, page, value, rest, shown, here, counted, lasting, before, time };
  /// An answer that is to come.
  struct Expected {
    What what = What::here;
    policy::Network peer = {};
  };

  /// What has been said to the parts of a Count.
  struct Counting {
    std::string trouble = {};
    std::uint64_t now = 0;
    bool added = false;
  };

  template <typename... Words>
  void ask(base::Moment now, Expected what, const Words&... words);
  void take(const Expected& what, Reply reply, base::Moment now);
  void take_notice(const Reply& reply);
  void take_page(const Reply& reply, base::Moment now);
  void take_rest(const policy::Network& peer, const Reply& reply);
  void take_news(const Notice& notice);
  void take_count(What what, const Reply& reply);
  void take_here(const Reply& reply, base::Moment now);
  void take_told(const Reply& reply, base::Moment now);
  void look_if_met(base::Moment now);
  void ask_page(base::Moment now);
  void show(base::Moment now, bool first);
  void tell_done();

  const Meet meet_;
  Out& out_;
  Replies commands_, listening_;
  std::deque<Expected> expected_;
  std::string trouble_;           ///< what the store has said to the first half of a change
  std::uint32_t done_ = 0;        ///< changes of which nothing has been told yet
  Counting counting_;
  std::optional<Entry> value_;    ///< of the ban whose time comes next
  boost::unordered_flat_set<policy::Network> lifted_;  ///< while there may be answers to older questions
  std::string cursor_ = "0";
  std::uint32_t pages_ = 0;
  std::uint32_t rests_ = 0;       ///< of the page, that are still to come
  bool primary_ = false, subscribed_ = false, met_ = false, scanning_ = false, page_wanted_ = false, over_ = false;
  base::Moment begun_, answered_, told_, pinged_, shown_;
  base::Moment there_;            ///< when our key was there
};

}  // namespace xsuperd::fleet
