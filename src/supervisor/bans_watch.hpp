// SPDX-License-Identifier: MIT
// The list of those who are kept out. Internal to supervisor.
#pragma once
#include <boost/asio/io_context.hpp>
#include <functional>
#include <span>
#include <vector>

#include "xsuperd/base/time.hpp"
#include "xsuperd/log/daemon_log.hpp"
#include "xsuperd/loop/alarm.hpp"
#include "xsuperd/policy/ban_list.hpp"

namespace xsuperd::supervisor {

/// Sees to it that nobody stays on the list of bans for too long, and changes it at an administrator's word. Loop thread
/// only; everything it refers to outlives it.
class BansWatch {
 public:
  /// `now` is the clock that bans go by; `record` writes into the event log.
  BansWatch(boost::asio::io_context& loop, policy::BanList& bans, const std::function<base::Moment()>& now,
            const log::DaemonLog& log, std::function<void(const log::Event&)> record)
      : bans_(bans), now_(now), log_(log), record_(std::move(record)), alarm_(loop, [this] { look(); }) {}

  /// To be called after the list has grown.
  void grown();
  /// `minutes` as for BanList::add; a result for each of the networks.
  [[nodiscard]] std::vector<policy::BanList::Result> add(std::span<const policy::Network> networks, int minutes);
  void remove(std::span<const policy::Network> networks);

 private:
  void look();

  policy::BanList& bans_;
  const std::function<base::Moment()>& now_;
  const log::DaemonLog& log_;
  const std::function<void(const log::Event&)> record_;
  loop::Alarm alarm_;
};

}  // namespace xsuperd::supervisor
