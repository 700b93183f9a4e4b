// SPDX-License-Identifier: MIT
// Bans shared with other hosts. Internal to supervisor.
#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "supervisor/ban_hearing.hpp"
#include "supervisor/ban_outbox.hpp"
#include "supervisor/count_share.hpp"
#include "xsuperd/config/settings.hpp"
#include "xsuperd/control/schema/daemon.hpp"
#include "xsuperd/fleet/client.hpp"
#include "xsuperd/log/daemon_log.hpp"
#include "xsuperd/loop/alarm.hpp"
#include "xsuperd/policy/ban_list.hpp"

namespace xsuperd::supervisor {

/// Tells the store of ban_share what has changed in the list of bans here, and puts on the list what it tells. Each time that a
/// store is there (again) it says what it has, and is told of the bans of ours that are not there, and of what has been lifted
/// meanwhile. A store that is away, slow or full costs a line in the log, and holds up nobody. Counts for limits of the fleet
/// go the same way, behind the bans. Loop thread only.
class BanShare {
 public:
  struct With {
    boost::asio::io_context& loop;
    fleet::Helper& process;
    policy::BanList& bans;
    BansBehind& behind;
    policy::FleetCounts& counts;
    const std::function<base::Moment()>& now;
    const log::DaemonLog& log;
    /// Somebody else has banned it, or lifted his ban: the list has changed.
    std::function<void(const policy::Network&)> on_change;
  };
  /// All that it is given outlives it.
  explicit BanShare(With with);

  /// At the start, and when the configuration has changed.
  void use(const config::Settings& defaults);
  /// That one has been banned here, for longer than before, or no more.
  void changed(const policy::Network& peer, bool lifted);
  /// All bans of ours are to be told, also those of which nothing was said.
  void tell_all();
  /// As CountShare::inherit().
  void inherit() { counts_.inherit(); }
  /// Services have touched the counts of the fleet.
  void counted() { counts_.changed(); }
  /// As the control socket tells it; nothing without ban_share.
  [[nodiscard]] std::optional<control::reply::Fleet> state() const;

 private:
  [[nodiscard]] fleet::Client::Callbacks callbacks();
  void met();
  void lost(bool all);
  void resume();
  void taken();
  void refused(std::size_t count, const std::string& why);
  void heard(const fleet::Heard& heard);
  void skip_if_there(const fleet::Heard& heard);
  void lifted(const fleet::Lifted& lifted);
  void came_back(const policy::Network& peer);
  void send_soon();
  void send();
  void tell_once(std::string_view what, const std::string& why);

  With with_;
  fleet::Client client_;
  BanOutbox outbox_;
  CountShare counts_;
  loop::Alarm sending_;
  loop::Alarm resuming_;                   ///< after the store has refused something
  std::chrono::milliseconds pause_;
  ExemptNetworks exempt_;
  std::vector<config::StoreAddress> addresses_;  ///< of the stores that are used
  std::string refusal_;                    ///< what the store has said to the last change
  bool refused_some_ = false;              ///< since it was tried again
  bool told_ = false;                      ///< that something is wrong with the store
  bool lost_told_ = false;                 ///< that what was lifted is not told
  Hearsay said_{.whose = "other hosts"};
  std::uint64_t sent_ = 0, heard_ = 0;
};

}  // namespace xsuperd::supervisor
