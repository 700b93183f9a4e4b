// SPDX-License-Identifier: MIT
#pragma once
#include <vector>

#include "xsuperd/config/model.hpp"
#include "xsuperd/policy/source_times.hpp"

namespace xsuperd::policy {

/// Something that may cost a source time, or have it banned.
struct Misdeed {
  /// Why a source has been refused.
  enum class By : std::uint8_t {
    other,          ///< something of its own
    penalty,        ///< a consequence already
    ban,            ///< the same
    circumstances,  ///< nothing of its own: see is_peers_doing()
  };
  config::Penalty::Cause cause = config::Penalty::Cause::refused;
  int status = 0;      ///< of exit
  By by = By::other;   ///< of refused
};

/// May what a peer does to the service have consequences for it?
[[nodiscard]] inline bool minds_misdeeds(const config::Service& service) { return service.settings.penalty || service.settings.ban_on; }

/// What `penalty` says a misdeed costs, in seconds; 0: nothing. One for a certain exit status goes before one for any. Pure.
[[nodiscard]] std::uint32_t cost_of(const std::vector<config::Penalty>& penalties, const Misdeed& misdeed);

/// The penalties of one service's sources. They add up and pass by themselves; below the range's least time they do not
/// count, and from there on until they are over. A value; the service's State owns it.
class Penalties {
 public:
  /// Adds what it costs; nothing happens where that is nothing.
  void add(const config::Settings& settings, const base::Address& source, const Misdeed& misdeed, base::Moment now);
  /// Is the source being punished?
  [[nodiscard]] bool counts(const base::Address& source, base::Moment now) const;
  /// When its penalty is over; nothing where it has none that counts.
  [[nodiscard]] std::optional<base::Moment> end_of(const base::Address& source, base::Moment now) const;

  /// None lasts beyond that moment.
  void shorten(base::Moment end) { times_.shorten(end); }

  [[nodiscard]] std::vector<SourceTimes::Entry> snapshot() const { return times_.snapshot(); }
  void restore(const std::vector<SourceTimes::Entry>& entries) { times_.restore(entries); }

 private:
  SourceTimes times_;
};

}  // namespace xsuperd::policy
