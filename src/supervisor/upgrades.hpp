// SPDX-License-Identifier: MIT
// The old image's part of an upgrade. Internal to supervisor.
#pragma once
#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "supervisor/file_work.hpp"
#include "supervisor/hand_over.hpp"
#include "supervisor/lifetime.hpp"
#include "supervisor/logs.hpp"
#include "supervisor/processes.hpp"
#include "supervisor/reloads.hpp"
#include "supervisor/roster.hpp"
#include "xsuperd/base/error.hpp"
#include "xsuperd/log/daemon_log.hpp"
#include "xsuperd/log/writer.hpp"
#include "xsuperd/service/surroundings.hpp"

namespace xsuperd::supervisor {

/// What is executed.
struct Program {
  std::string binary;                    ///< its path
  std::vector<std::string> arguments;    ///< argv[0] included
  std::vector<std::string> environment;  ///< as the daemon was started with it
};

/// Executes the daemon's program anew (design, "upgrade"): nothing is given up before the new image has shown that it can
/// take over, and whatever goes wrong until then leaves everything as it was. One at a time. Loop thread only.
class Upgrades {
 public:
  using Answered = std::function<void(base::Result<void>)>;
  /// What it works with; all of it outlives it.
  struct With {
    FileWork& files;
    log::Writer& writer;
    const log::DaemonLog& log;
    service::Surroundings& around;
    Processes& processes;
    Roster& roster;
    Reloads& reloads;
    const Logs& logs;
    const Lifetime& lifetime;
    std::string version;  ///< of this image
  };
  /// `state` gives all that a new image must know, and changes nothing.
  Upgrades(With with, Program program, std::function<HandOver()> state);
  ~Upgrades();

  /// `told` hears of a refusal, or, in the last moment before the program is executed, that all is ready: what it wants to
  /// say to anybody it must say at once. May be null. Requests that come while one is being granted are granted with it.
  void upgrade(Answered answered);
  [[nodiscard]] bool under_way() const { return upgrade_ != nullptr; }
  /// The reload for whose end the one under way has waited is over.
  void begin();

 private:
  struct Upgrade;

  /// A step of the one under way: what it throws refuses it.
  template <typename F>
  void step(F step) {
    try {
      step();
    } catch (const std::exception& error) {
      if (!upgrade_) throw;
      refuse(error.what());
    }
  }
  void wait_for_load();
  void start_trial();
  void tried(base::Result<std::string> notes);
  void write_logs();
  void wait_for_rpc();
  void hold_and_settle();
  void settle();
  void leave();
  void execute(HandOver state);
  void refuse(const std::string& why) noexcept;
  [[nodiscard]] std::string unsettled() const;

  const With with_;
  const Program program_;
  std::function<HandOver()> state_;
  std::unique_ptr<Upgrade> upgrade_;  ///< while one is under way
};

}  // namespace xsuperd::supervisor
