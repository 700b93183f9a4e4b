// SPDX-License-Identifier: MIT
// What the store is yet to be told of our counts. Internal to supervisor.
#pragma once
#include <boost/unordered/unordered_flat_map.hpp>
#include <cstddef>
#include <deque>
#include <optional>
#include <utility>
#include <vector>

#include "xsuperd/fleet/words.hpp"
#include "xsuperd/policy/fleet_counts.hpp"

namespace xsuperd::supervisor {

/// What the store has refused to count, when it was told of it the last time: marks at each pair, and how many of them there are.
class CountRefusals {
 public:
  struct Marks {
    bool sessions = false, admitted = false;
  };
  /// One of these.
  void mark(bool& one, bool refused) {
    if (std::exchange(one, refused) != refused) refused ? ++count_ : --count_;
  }
  /// The pair goes, or begins anew.
  void forget(Marks& all) { mark(all.sessions, false), mark(all.admitted, false); }
  /// All pairs have gone.
  void clear() { count_ = 0; }
  [[nodiscard]] bool none() const { return count_ == 0; }

 private:
  std::size_t count_ = 0;
};

/// Turns what has changed in the counts into orders, each pair of service and source once, keeps what of ours each bucket of the
/// store has, and subtracts it from what the store says: the rest is what others have. What is not known to have been counted
/// counts as counted, so that nothing is counted twice. Bounded by the counts. Pure, but for these.
class CountOutbox {
 public:
  /// They outlive it.
  explicit CountOutbox(policy::FleetCounts& counts) : counts_(counts) {}

  /// What services have touched is to be told, or at least asked about.
  void gather();
  /// A bucket has begun: it is to have all sessions that are here.
  void walk();
  /// The clock of the store is to be asked. Before it has been told for the first time, nothing is counted.
  void ask_time();
  /// What is to be sent next; it is under way then.
  [[nodiscard]] std::optional<fleet::Order> next(base::Moment now);

  /// The image before us has told of the sessions that are here, in the bucket of now.
  void inherit() { inherits_ = true; }

  // The outcome of the oldest that is under way. False: it cannot have that one.
  [[nodiscard]] bool counted(const fleet::Counted& word, base::Moment now);
  [[nodiscard]] bool told_time(const fleet::Time& word, base::Moment now);
  /// `added`: the store has added it, and refused something else.
  [[nodiscard]] bool failed(bool added);
  /// The store is away: nothing under way will have an outcome.
  void lost();
  /// The store has been emptied, so that no bucket has anything of ours.
  void start_anew();
  void clear();

  [[nodiscard]] bool empty() const { return order_.empty() && walking_.empty() && !time_wanted_; }
  /// Has the store counted, the last time that it was told of it, whatever it was told of?
  [[nodiscard]] bool all_counted() const { return refusals_.none(); }
  [[nodiscard]] bool knows_time() const { return time_known_; }

 private:
  using Key = policy::FleetCounts::Key;
  using Entry = policy::FleetCounts::Entry;
  /// What the store has got of one pair.
  struct Told {
    std::uint64_t number = 0;  ///< of the entry; another one has been told nothing yet
    policy::FleetWindow sessions{}, admitted{};
    bool sessions_wait = false, admitted_wait = false;
    CountRefusals::Marks refused{};
  };
  enum class Kind : std::uint8_t { time, sessions, admitted, late };
  struct UnderWay {
    Kind kind = Kind::time;
    Key key{};
    std::uint64_t number = 0;
    std::int32_t add = 0;
    policy::FleetWindow ours{};  ///< what the store has of ours afterwards
  };

  void put(const Key& key, bool admitted);
  [[nodiscard]] bool have_one();
  [[nodiscard]] std::optional<fleet::Order> order_of(const Key& key, const Entry& entry, Told& told, std::chrono::milliseconds clock);
  [[nodiscard]] fleet::Order sessions_of(const Key& key, const Entry& entry, Told& told, std::chrono::milliseconds clock);
  [[nodiscard]] fleet::Order admitted_of(const Key& key, const Entry& entry, Told& told, std::chrono::milliseconds clock);
  [[nodiscard]] fleet::Order send(Kind kind, const Key& key, const Entry& entry, std::int64_t add, const policy::FleetWindow& ours);
  void take_back(const UnderWay& one);
  void heed_loss(const UnderWay& one, const fleet::Counted& word);
  void take_as_told(std::int64_t bucket);

  policy::FleetCounts& counts_;
  boost::unordered_flat_map<Key, Told> told_;
  std::deque<Key> order_;           ///< of those in told_ of which something waits
  std::vector<Key> walking_;        ///< those come next
  std::deque<UnderWay> under_way_;
  CountRefusals refusals_;          ///< in told_
  bool time_wanted_ = false, time_known_ = false;
  bool inherits_ = false;           ///< until the clock of the store is known
};

}  // namespace xsuperd::supervisor
