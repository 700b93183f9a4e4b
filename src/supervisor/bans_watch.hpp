// SPDX-License-Identifier: MIT
// The list of those who are kept out. Internal to supervisor.
#pragma once
#include <boost/asio/io_context.hpp>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "supervisor/ban_crowdsec.hpp"
#include "supervisor/ban_file.hpp"
#include "supervisor/ban_firewall.hpp"
#include "supervisor/ban_share.hpp"
#include "supervisor/hand_over.hpp"
#include "xsuperd/base/time.hpp"
#include "xsuperd/log/daemon_log.hpp"
#include "xsuperd/loop/alarm.hpp"
#include "xsuperd/service/surroundings.hpp"

namespace xsuperd::supervisor {

/// Sees to it that nobody stays on the list of bans for too long, that its file and the firewall have what it has, that other hosts
/// know of it, that it has what they and CrowdSec say, and changes it at an administrator's word. Loop thread only; everything
/// it refers to outlives it.
class BansWatch {
 public:
  /// Who starts the process for ban_share and ban_crowdsec, and who it becomes.
  struct Sharing {
    spawn::Spawner& spawner;
    worker::WorkerUser user;
    policy::FleetCounts& counts;
  };
  /// `now` is the clock that bans go by; `record` writes into the event log.
  BansWatch(FileWork& files, net::Nft& nft, service::Bans& bans, const std::function<base::Moment()>& now, const log::DaemonLog& log,
            const Sharing& sharing, std::function<void(const log::Event&)> record)
      : bans_(bans), now_(now), log_(log), record_(std::move(record)), alarm_(files.loop(), [this] { look(); }),
        file_(files, bans.list, bans.behind, now, log, [this] { merged(); }), firewall_(files.loop(), nft, bans.list, now, log, {}),
        process_(files.loop(), sharing.spawner, {.user = sharing.user, .on_trouble = [this](const std::string& sentence) { log_.error("{}", sentence); }}),
        share_({files.loop(), process_, bans.list, bans.behind, sharing.counts, now, log, [this](const policy::Network& network) { heard(network); }}),
        crowdsec_({files.loop(), process_, bans.list, bans.behind, now, log, [this](const policy::Network& network) { heard(network); }}) {}

  /// At the start, with what the defaults say of bans: the file is read before it returns.
  void begin(const config::Settings& defaults);
  /// In another image: goes on with the list of the one before, which has as much room as the defaults say.
  void go_on(const config::Settings& defaults, const HandOver& state);
  /// `state.now` is set.
  void hand_over(HandOver& state) const;
  void reconfigured(const config::Settings& defaults);
  /// At the end of the daemon.
  void finish() {
    firewall_.end();
    file_.finish();
  }

  /// To be called after a service has banned one.
  void banned(const policy::Network& network);
  /// To be called after services have touched the counts of the fleet.
  void counted() { share_.counted(); }
  /// `minutes` as for BanList::add; a result for each of the networks.
  [[nodiscard]] std::vector<policy::BanList::Result> add(std::span<const policy::Network> networks, int minutes,
                                                         const std::string& reason);
  void remove(std::span<const policy::Network> networks);

  [[nodiscard]] const policy::BanList& list() const { return bans_.list; }
  [[nodiscard]] const BanFile& file() const { return file_; }
  [[nodiscard]] const BanFirewall& firewall() const { return firewall_; }
  [[nodiscard]] const BanShare& share() const { return share_; }
  [[nodiscard]] const BanCrowdsec& crowdsec() const { return crowdsec_; }

 private:
  /// Of another host, or by CrowdSec.
  void heard(const policy::Network& network);
  /// By this host, or its administrator.
  void ours_changed(const policy::Network& network, bool lifted);
  void watch();
  void look();
  void merged();
  void changed(const policy::Network& network);

  service::Bans& bans_;
  const std::function<base::Moment()>& now_;
  const log::DaemonLog& log_;
  const std::function<void(const log::Event&)> record_;
  loop::Alarm alarm_;
  BanFile file_;
  BanFirewall firewall_;
  fleet::Helper process_;
  BanShare share_;
  BanCrowdsec crowdsec_;
  bool some_ = false;  ///< have expired since that was last said
};

}  // namespace xsuperd::supervisor
