// SPDX-License-Identifier: MIT
// The bans in the sets of a firewall. Internal to supervisor.
#pragma once
#include <boost/unordered/unordered_flat_set.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "supervisor/ban_networks.hpp"
#include "xsuperd/log/daemon_log.hpp"
#include "xsuperd/loop/alarm.hpp"
#include "xsuperd/net/nft.hpp"
#include "xsuperd/policy/ban_list.hpp"

namespace xsuperd::supervisor {

/// Keeps the sets that ban_nft names as the list of bans is: makes them full at the start, after a reload that changes it, after
/// anything that has gone wrong, when somebody has made them anew, and once an hour; adds and takes out what changes four times a
/// second at most. Whom the list has dropped for want of room stays in them until they are filled again, or his time is up. What
/// ends by itself ends in the kernel. Never touches a set that is not as ours are. What does not work is said once, and tried
/// again with growing pauses. Loop thread only.
class BanFirewall {
 public:
  struct Pace {
    std::chrono::milliseconds gathering{250};               ///< from a change until it is told
    std::chrono::milliseconds look = std::chrono::seconds(10);  ///< how often the sets are looked at
    std::chrono::milliseconds pause = std::chrono::seconds(1);  ///< after the first error
  };
  /// All outlive it. `now` is the clock that bans go by.
  BanFirewall(boost::asio::io_context& loop, net::Nft& nft, const policy::BanList& bans, const std::function<base::Moment()>& now,
              const log::DaemonLog& log, const Pace& pace);

  /// At the start, and after each reload: these, or none. The sets that were named before are made empty.
  void use(const std::optional<config::BanNft>& where);
  /// That one has been banned, for longer than before, or no more.
  void changed(const policy::Network& peer);
  /// More has changed than anybody has told.
  void refill();
  /// Nothing is begun any more.
  void end();

  /// Why the sets are not as the list is; nothing: they are, or will be in a moment.
  [[nodiscard]] const std::optional<std::string>& trouble() const { return trouble_ ? trouble_ : networks_.lacking(); }

  static constexpr std::size_t most_in_one = 65'536;       ///< elements that are added by one transaction
  static constexpr std::size_t most_changed = 65'536;      ///< if there are more the sets are made full again

 private:
  using Peers = boost::unordered_flat_set<policy::Network>;
  /// What is being written, piece by piece.
  struct Filling {
    policy::BanList::Cursor cursor{};
    std::size_t in_this = 0;  ///< elements of this transaction
    bool begun = false;
    bool all = false;         ///< nothing is left of the list
  };

  void wake();
  void step();
  using Outcome = base::Result<std::string>;
  void run(net::Nft::Text text, void (BanFirewall::*then)(const Outcome&));
  void tell(net::Nft::Text text, std::function<void(const Outcome&)> then);
  void leave();
  void looked_at_left(const Outcome& listing);
  void left(const Outcome& outcome);
  void look(void (BanFirewall::*then)(const Outcome&));
  void looked(const Outcome& listing);
  void fill();
  [[nodiscard]] bool put_pieces(std::string& to);
  void filled(const Outcome& outcome);
  void looked_at_own(const Outcome& listing);
  void now_full(const std::string& identity);
  void update();
  [[nodiscard]] bool put_changes(std::string& to);
  void updated(const Outcome& outcome);
  void failed(const std::string& why);
  [[nodiscard]] std::chrono::milliseconds until_next() const;

  net::Nft& nft_;
  const policy::BanList& bans_;
  const std::function<base::Moment()> now_;
  const log::DaemonLog& log_;
  const Pace pace_;
  loop::Alarm alarm_;
  std::shared_ptr<const bool> alive_ = std::make_shared<const bool>(true);

  std::optional<config::BanNft> where_;
  std::vector<config::BanNft> left_;   ///< those of before, which are to be made empty
  std::optional<config::BanNft> leaving_;  ///< of these the one that is looked at
  bool ours_ = false;                  ///< something may have been written to where_
  std::uint64_t attempt_ = 0;          ///< changes with where_: what was begun before is of no use
  bool busy_ = false;
  bool full_ = false;                  ///< the sets are ours, and hold what the list has, but for changed_
  bool stale_ = false;                 ///< they are to be filled anew
  std::optional<Filling> filling_;
  Peers changed_;
  std::vector<policy::Network> updating_;
  BanNetworks networks_;
  base::Moment begun_{};
  base::Moment filled_{}, looked_{};
  std::string identity_;               ///< of table and sets, as they were when they were filled
  std::optional<std::string> trouble_;
  std::chrono::milliseconds pause_;
};

}  // namespace xsuperd::supervisor
