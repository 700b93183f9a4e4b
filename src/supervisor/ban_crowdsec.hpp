// SPDX-License-Identifier: MIT
// Bans that CrowdSec has decided. Internal to supervisor.
#pragma once
#include <cstdint>
#include <functional>
#include <optional>

#include "supervisor/ban_hearing.hpp"
#include "xsuperd/config/settings.hpp"
#include "xsuperd/control/schema/daemon.hpp"
#include "xsuperd/fleet/lapi_client.hpp"
#include "xsuperd/log/daemon_log.hpp"
#include "xsuperd/policy/ban_list.hpp"

namespace xsuperd::supervisor {

/// Puts on the list of bans what the Local API of ban_crowdsec tells, and takes off it what that has put there. One that is away,
/// slow or lies costs a line in the log, and holds up nobody; known bans stay until their time is over. Loop thread only.
class BanCrowdsec {
 public:
  struct With {
    boost::asio::io_context& loop;
    fleet::Helper& process;
    policy::BanList& bans;
    BansBehind& behind;
    const std::function<base::Moment()>& now;
    const log::DaemonLog& log;
    /// The list has changed.
    std::function<void(const policy::Network&)> on_change;
  };
  /// All that it is given outlives it.
  explicit BanCrowdsec(With with);

  /// At the start, and when the configuration has changed.
  void use(const config::Settings& defaults);
  /// As the control socket tells it; nothing without ban_crowdsec.
  [[nodiscard]] std::optional<control::reply::Crowdsec> state() const;

 private:
  [[nodiscard]] fleet::LapiClient::Callbacks callbacks();
  void met();
  void lost();
  void heard(const fleet::Heard& one);
  void lifted(const fleet::Lifted& one);

  With with_;
  fleet::LapiClient client_;
  ExemptNetworks exempt_;
  std::size_t room_ = 0;    ///< on the list
  std::optional<fleet::Lapi> lapi_;
  std::string told_of_;     ///< the URL of which it is told that something is wrong
  Hearsay said_{.whose = "CrowdSec"};
  std::uint64_t heard_ = 0;
};

}  // namespace xsuperd::supervisor
