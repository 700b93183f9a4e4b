// SPDX-License-Identifier: MIT
// What a service writes into its log, and into its event log. Internal to service.
#pragma once
#include <optional>

#include "xsuperd/log/daemon_log.hpp"
#include "xsuperd/log/event.hpp"
#include "xsuperd/log/history.hpp"
#include "xsuperd/net/ident.hpp"
#include "service/records.hpp"
#include "xsuperd/policy/network.hpp"
#include "xsuperd/policy/verdict.hpp"

namespace xsuperd::service {

class Endpoint;

/// Makes the entries of a service's log as its configuration demands, and the records of its event log, which are complete
/// where it has one, and go into the history always; holds the daemon's log as well. If memory runs out, an entry is lost, and
/// nothing else. Loop thread only.
class Journal {
 public:
  /// All outlive it; `setup` is read anew for each entry.
  Journal(const Setup& setup, const log::DaemonLog& daemon, log::History& history)
      : setup_(setup), daemon_(daemon), history_(history) {}

  [[nodiscard]] const log::DaemonLog& daemon() const { return daemon_; }
  [[nodiscard]] const config::Service& service() const { return setup_.service(); }
  /// Has the service a log?
  [[nodiscard]] bool writes() const { return setup_.service_log != nullptr; }

  /// Has it an event log?
  [[nodiscard]] bool records() const { return setup_.event_log != nullptr; }

  /// Notes what the peer has reached while the session has its socket, for the records that follow.
  void note_local(Session& session) const;
  /// START. `pid` is 0 when we serve the peer ourselves.
  void started(Token token, const Session& session, pid_t pid) const;
  /// EXIT.
  void ended(const Session& session, const End& end) const;
  /// LIMIT: the session has met that of the attribute.
  void limited(Token token, const Session& session, pid_t pid, std::string_view attribute) const;
  /// FAIL. A token of 0 is none.
  void refused(Token token, const Session& session, const policy::Verdict& verdict) const;
  /// A peer is kept out from now on, because of what the attribute says. `minutes` as in deny_time. A record alone, as
  /// the next two.
  void banned(const base::Endpoint& peer, const policy::Network& network, int minutes, std::string_view reason,
              std::string_view attribute) const;
  void opened(const Endpoint& endpoint) const;
  void lost(const Endpoint& endpoint) const;
  /// USERID, or why there is none: of a peer that was `refused`, the daemon's log is told as well (facts B7.15, B7.30).
  void identity(const net::IdentAnswer& answer, const base::Address& peer, bool refused) const;
  /// Any other event; writes nothing if there is none.
  void event(const std::optional<log::Event>& event) const;

 private:
  /// Calls `tell`, which makes a record and keeps it. Its texts, and what it refers to, need to last no longer than the call.
  template <typename Tell>
  void record(Tell tell) const;
  /// Puts it into the history, and into the event log if there is one.
  void keep(const log::Event& event) const;
  void write(const std::shared_ptr<log::Output>& to, base::WallTime when, const log::Event& event) const;

  const Setup& setup_;
  const log::DaemonLog& daemon_;
  log::History& history_;
};

}  // namespace xsuperd::service
