// SPDX-License-Identifier: MIT
// What a file of bans says, and a list of bans. Internal to supervisor.
#pragma once
#include <boost/unordered/unordered_flat_set.hpp>
#include <memory>
#include <string>

#include "supervisor/ban_disk.hpp"
#include "xsuperd/policy/ban_list.hpp"
#include "xsuperd/policy/bans_behind.hpp"

namespace xsuperd::supervisor {

/// One moment by both clocks, which are looked at once for many lines.
struct BanTimes {
  base::Moment now;
  base::WallTime wall;
};

/// Adds the line of a ban on the list, with ours behind it. Pure.
void put_ban_line(std::string& to, const policy::BanList::Ban& ban, const policy::BansBehind& behind, const BanTimes& at);
/// Reads a file into a list; see read_ban_file(). Any thread.
[[nodiscard]] base::Result<BanFileReading> read_bans(const std::string& path, const BanTimes& at, policy::BanList& to, policy::BansBehind& behind);

/// What another file says comes to the bans that are in force: it lifts none, and shortens none. A value.
class BanMerge {
  static constexpr std::size_t no_limit = 0xffff'ffff;  ///< there are 32 bits for them

 public:
  struct Found {
    policy::BanList list{no_limit};
    policy::BansBehind behind{};
  };
  /// It is to be read into these, which nobody else knows until it has been; in time any thread may do so.
  [[nodiscard]] const std::shared_ptr<Found>& found() const { return found_; }
  /// Somebody has lifted the ban meanwhile: what the file says of it does not count.
  void lifted(const policy::Network& peer) { lifted_.insert(peer); }
  /// Has so many more come to `bans`; true when there are no more. Throws std::bad_alloc.
  bool some(policy::BanList& bans, policy::BansBehind& behind, base::Moment now, std::size_t most);
  /// Instead: reads the file here and now, and has all of it come to `bans`.
  [[nodiscard]] base::Result<void> all(const std::string& path, const BanTimes& at, policy::BanList& bans, policy::BansBehind& behind);

 private:
  std::shared_ptr<Found> found_ = std::make_shared<Found>();
  policy::BanList::Cursor cursor_{};
  boost::unordered_flat_set<policy::Network> lifted_;
};

}  // namespace xsuperd::supervisor
