// SPDX-License-Identifier: MIT
// What a service writes into its log. Internal to service.
#pragma once
#include <optional>

#include "xsuperd/log/daemon_log.hpp"
#include "xsuperd/log/event.hpp"
#include "xsuperd/net/ident.hpp"
#include "xsuperd/policy/reason.hpp"
#include "xsuperd/service/session.hpp"
#include "xsuperd/service/setup.hpp"

namespace xsuperd::service {

/// Makes the entries of a service's log as its configuration demands, and holds the daemon's log as well. If memory runs
/// out, an entry is lost, and nothing else. Loop thread only.
class Journal {
 public:
  /// Both outlive it; `setup` is read anew for each entry.
  Journal(const Setup& setup, const log::DaemonLog& daemon) : setup_(setup), daemon_(daemon) {}

  [[nodiscard]] const log::DaemonLog& daemon() const { return daemon_; }
  /// Has the service a log?
  [[nodiscard]] bool writes() const { return setup_.service_log != nullptr; }

  /// START. `pid` is 0 when we serve the peer ourselves.
  void started(const Session& session, pid_t pid) const;
  /// FAIL.
  void refused(const Session& session, policy::Reason reason) const;
  /// USERID, or why there is none: of a peer that was `refused`, the daemon's log is told as well (facts B7.15, B7.30).
  void identity(const net::IdentAnswer& answer, const base::Address& peer, bool refused) const;
  /// Any other event; writes nothing if there is none.
  void event(const std::optional<log::Event>& event) const;

 private:
  const Setup& setup_;
  const log::DaemonLog& daemon_;
};

}  // namespace xsuperd::service
