// SPDX-License-Identifier: MIT
// The servers of one service. Internal to service.
#pragma once
#include <memory>
#include <string>

#include "service/carriers.hpp"
#include "service/error_streams.hpp"
#include "service/server_signals.hpp"
#include "service/waiting_door.hpp"
#include "service/way.hpp"

namespace xsuperd::service {

/// Starts the server of a session, and learns whether that succeeded and when the server ends. Loop thread only.
class ServerProcesses final : public ServerOwner {
 public:
  struct Needs {
    const Setup& setup;
    Sessions& sessions;
    Decider& decider;
    WaitingDoor& waiting;
    Endings& endings;
    Way& way;
    ServerSignals& signals;
    const Journal& journal;
    const Life& life;
    Serving& serving;
    Census& census;
    const Clock& clock;
  };
  ServerProcesses(const Needs& needs, ErrorStreams& errors, Carriers& carriers) : needs_(needs), errors_(errors), carriers_(carriers) {}

  /// The session is in its phase `starting`.
  void start(Token token);
  void on_outcome(spawn::Outcome outcome) override;
  void on_ended(const spawn::Ended& end) override;
  /// A server that the previous image of the daemon started.
  void watch(Token token, pid_t pid, base::Fd pidfd);
  /// The number of the pidfd of its server, or -1.
  [[nodiscard]] int pidfd(Token token) const { return needs_.serving.children.pidfd(token); }

 private:
  [[nodiscard]] const config::Service& service() const { return needs_.setup.service(); }
  [[nodiscard]] std::weak_ptr<ServerOwner> as_owner();
  [[nodiscard]] base::Result<std::string> exec_context(const Session& session) const;
  [[nodiscard]] bool wants_pair(const Session& session) const;
  void make_pair(Token token);
  void paired(Token token, base::Result<net::TruePair> pair);
  void context_failed(Token token, const std::string& why);
  void never_began(Token token, const std::string& why);
  void started(spawn::Started& outcome);
  void failed(spawn::StartFailed& outcome);
  void not_created(spawn::StartFailed& outcome);
  void not_executed(const spawn::StartFailed& outcome);
  void keep_for_lingering(Session& session) const;
  void linger(Session& session, pid_t server) const;
  void tell_limits(const Session& session, const spawn::Ended& end) const;
  void note_misdeed(const Session& session, const spawn::Ended& end) const;

  const Needs needs_;
  ErrorStreams& errors_;
  Carriers& carriers_;
};

}  // namespace xsuperd::service
