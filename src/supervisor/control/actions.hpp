// SPDX-License-Identifier: MIT
// What the commands of the control socket may do. Internal to supervisor.
#pragma once
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "supervisor/bans_watch.hpp"
#include "supervisor/control/view.hpp"
#include "supervisor/file_work.hpp"
#include "supervisor/logs.hpp"
#include "supervisor/reloads.hpp"
#include "supervisor/renewals.hpp"
#include "supervisor/roster.hpp"
#include "supervisor/upgrades.hpp"
#include "xsuperd/base/peer_name.hpp"
#include "xsuperd/net/resolver.hpp"
#include "xsuperd/worker/conversations.hpp"

namespace xsuperd::supervisor {

/// One session of a service.
struct SessionOf {
  std::shared_ptr<const service::Runner> service;
  service::Token token = 0;
};

/// Everything that a command can do to the daemon, or have it find out. What takes time is told later, on the loop. A
/// value that refers to the parts of a daemon, which outlive it; loop thread only.
class Actions {
 public:
  struct On {
    log::DaemonLog& log;
    Logs& logs;
    Reloads& reloads;
    Upgrades& upgrades;
    Roster& roster;
    BansWatch& bans;
    net::Resolver& resolver;
    worker::Conversations& conversations;
    worker::Conversations& handshakes;
    FileWork& files;
    Renewals& renewals;
  };
  explicit Actions(const On& daemon) : daemon_(daemon) {}

  /// "control: ..." in the daemon's log.
  void note(std::string_view what) const;
  void set_log_level(log::Level level) const;
  /// Opens the daemon's log and those of all services anew; `told` gets a sentence for each that could not be opened.
  void reopen_logs(std::function<void(const std::vector<std::string>&)> answered) const;

  void reload(bool strict, std::function<void(const ReloadReport&)> answered) const;
  /// Finds out what a reload would do.
  void preview(std::function<void(const ReloadReport&)> answered) const;
  void upgrade(std::function<void(base::Result<void>)> answered) const;
  /// As Renewals::renew().
  void renew(const Services& services, Renewals::Answered answered) const;
  /// As Renewals::amend().
  void amend(const Services& services, std::vector<std::string> lines, std::function<void(base::Result<void>)> answered) const;

  void stand(const Services& services, service::Standing standing) const;
  /// As Roster::count_anew(), of these or, if null, all.
  void count_anew(const Services* services) const;
  /// Sends a signal to each of the servers, or ends the conversation; which of the sessions there were.
  [[nodiscard]] std::vector<service::Token> signal(std::span<const SessionOf> sessions, int number) const;
  /// `minutes` as for BanList::add.
  [[nodiscard]] std::vector<policy::BanList::Result> ban(std::span<const policy::Network> networks, int minutes,
                                                         const std::string& reason) const;
  void unban(std::span<const policy::Network> networks) const;

  void find_name(const base::Address& peer, std::function<void(const base::PeerName&)> answered) const;
  /// How much conversations have carried, by service::worker_token(), which is told in a second at the most.
  void ask_traffic(worker::Conversations::Answered answered) const;
  /// How many descriptors this process has open.
  void count_descriptors(std::function<void(base::Result<std::size_t>)> answered) const;
  /// Calls `then` when no service that is closed waits for an answer any more that says whether it can be opened, at once
  /// or after five seconds at most.
  void when_settled(std::function<void()> then) const;

 private:
  On daemon_;
};

}  // namespace xsuperd::supervisor
