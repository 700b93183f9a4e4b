// SPDX-License-Identifier: MIT
#pragma once
#include <boost/unordered/unordered_flat_map.hpp>
#include <string>
#include <vector>

#include "xsuperd/config/model.hpp"
#include "xsuperd/policy/network.hpp"
#include "xsuperd/policy/penalties.hpp"
#include "xsuperd/policy/verdict.hpp"

namespace xsuperd::policy {

/// Counts what the sources of one service do, by the elements of ban_on. Bounded as SourceRates, one for each element that
/// counts. A value; the service's State owns it. Moments never go back.
class Offences {
 public:
  /// Counts a misdeed, and says for what the source is to be banned; null: for nothing. `penalty_end`: when its penalties are
  /// over, if it has any. What is returned is the settings'.
  [[nodiscard]] const config::BanCause* note(const config::Settings& settings, const base::Address& source, const Misdeed& misdeed,
                                             std::optional<base::Moment> penalty_end, base::Moment now);
  /// ban_on may have changed: counts afresh.
  void reset() { counts_.clear(); }

  /// What a source has done so far, by the place of the element in ban_on.
  struct Entry {
    std::uint32_t cause = 0;
    SourceRates::Count count;
    bool operator==(const Entry&) const = default;
  };
  static constexpr std::uint32_t most_causes = 512;  ///< more than the parser lets be different
  /// In the order of time for each element.
  [[nodiscard]] std::vector<Entry> snapshot() const;
  void restore(const std::vector<Entry>& entries);

 private:
  std::vector<SourceRates> counts_;
};
BOOST_DESCRIBE_STRUCT(Offences::Entry, (), (cause, count))

/// How often peers and networks have been banned by ban_on, so that each ban can be longer than the one before; forgotten at
/// a moment of its own. Bounded: beyond `most` those are forgotten whose moments come first, a few at a time, so that there may
/// be up to twice as many for a while. A value; the daemon has one.
class Offenders {
 public:
  static constexpr std::size_t most = 65'536;
  struct Entry {
    Network peer;
    std::uint32_t times = 0;
    base::Moment forgotten{};
    bool operator==(const Entry&) const = default;
  };
  /// How often it has been banned; 0: never, or that is forgotten.
  [[nodiscard]] std::uint32_t times(const Network& peer, base::Moment now) const;
  /// It is banned once more. Throws std::bad_alloc.
  void again(const Network& peer, base::Moment forgotten, base::Moment now);
  void forget(const Network& peer);

  /// In the order of their moments, `most` of them.
  [[nodiscard]] std::vector<Entry> snapshot() const;
  void restore(const std::vector<Entry>& entries);

 private:
  struct End {
    base::Moment at{};
    Network peer;
  };
  static bool later(const End& a, const End& b) { return a.at > b.at; }
  static constexpr std::size_t spare_ends = 64;  ///< of which nothing is left, and which are not worth being cleared away
  void make_room(std::size_t count, base::Moment now);
  void add_end(const End& end);
  void forget_first();
  void remake_ends();

  boost::unordered_flat_map<Network, Entry> entries_;
  std::vector<End> ends_;  ///< a heap, the first end on top; one that has been put off since is seen when it is on top
};
BOOST_DESCRIBE_STRUCT(Offenders::Entry, (), (peer, times, forgotten))

/// How long, in seconds, a ban lasts of one that has been banned so often before. Pure.
[[nodiscard]] std::uint32_t ban_seconds(const config::BanTime& time, std::uint32_t times);
/// What is told of a ban by ban_on: its element without numbers, and the service, as in "refused ftp".
[[nodiscard]] std::string ban_reason(const config::BanCause& cause, const std::string& service);

}  // namespace xsuperd::policy
