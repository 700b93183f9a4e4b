// SPDX-License-Identifier: MIT
// How services come to be what a configuration says. Internal to supervisor.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "supervisor/awaited.hpp"
#include "supervisor/in_force.hpp"
#include "supervisor/logs.hpp"
#include "supervisor/prepare.hpp"
#include "supervisor/reload_report.hpp"
#include "supervisor/roster.hpp"
#include "xsuperd/base/fd.hpp"
#include "xsuperd/log/daemon_log.hpp"
#include "xsuperd/service/surroundings.hpp"

namespace xsuperd::supervisor {

/// Makes the Runners of the configuration in force, at the start, in the turn of the loop in which a reload is committed,
/// and after an upgrade; and those of services whose names have an address at last. Loop thread only; everything it refers
/// to outlives it.
class Rollout {
 public:
  /// `closed`: nothing may be changed now, because somebody else is about to.
  Rollout(service::Surroundings& around, const service::DaemonFacts& facts, Roster& roster, InForce& in_force, Logs& logs,
          const log::DaemonLog& log, std::function<bool()> closed);

  /// Opens all services of the configuration in force. Where one cannot be opened the log says why.
  void start_all();
  /// What a reload has to know before it is prepared.
  [[nodiscard]] Running running() const;
  /// Commits what was prepared, unless it was refused; logs all that was found. What came of it.
  ReloadReport apply(Prepared prepared);
  using Changes = std::vector<std::pair<SharedService, SharedService>>;  ///< before and after
  enum class Changed : std::uint8_t {
    done,
    not_now,    ///< somebody else is about to change things; nothing was changed
    overtaken,  ///< a service is no longer the one that was to be changed; nothing was changed
  };
  enum class IfOvertaken : std::uint8_t { leave_out, change_nothing };
  /// Puts services in the places of those that differ from them in nothing but what their files about TLS say, or what is asked of
  /// the policy alone. `overtaken` says what is made of those that a reload or another change has replaced meanwhile.
  [[nodiscard]] Changed renew(const Changes& changes, IfOvertaken overtaken);
  /// Makes all Runners of an image before this one, which go on where they were. `services` are those of
  /// HandOver::services; `take` gives the descriptor of a number, or none.
  void take_over(const HandOver& state, const std::vector<SharedService>& services,
                 const std::function<base::Fd(int)>& take);

 private:
  ReloadCounts commit(Prepared prepared);
  void adjust(service::Runner& runner, Step& step);
  std::shared_ptr<service::Runner> make_runner(const SharedService& service);
  std::shared_ptr<service::Runner> take_over_runner(const SharedService& service);
  void open_awaited(const std::string& what, const std::vector<base::Address>& found_addresses);
  void place_awaited(const std::string& what, const SharedService& before, const SharedService& placed);
  void served_anew();

  service::Surroundings& around_;
  const service::DaemonFacts& facts_;
  Roster& roster_;
  InForce& in_force_;
  Logs& logs_;
  const log::DaemonLog& log_;
  std::function<bool()> closed_;
  Awaited awaited_;
};

}  // namespace xsuperd::supervisor
