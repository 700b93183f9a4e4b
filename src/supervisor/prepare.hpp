// SPDX-License-Identifier: MIT
// The part of a reload that takes time: files are read, the whole is judged, and what the new configuration needs is
// made ready, while the old one runs on untouched. Internal to supervisor; runs off the loop.
#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "supervisor/service_logs.hpp"
#include "xsuperd/config/loader.hpp"
#include "xsuperd/net/activated_sockets.hpp"
#include "xsuperd/net/socket.hpp"
#include "xsuperd/service/runner.hpp"

namespace xsuperd::supervisor {

/// What the loop knew when the reload began. Reloads are done one after the other, so the configuration is still the
/// running one at the end; services may have opened or closed their sockets since.
struct Running {
  std::shared_ptr<const config::Config> config;
  std::unordered_map<const config::Service*, bool> runners;  ///< those there are, and whether their socket is open
  std::unordered_set<const config::Service*> busy = {};  ///< those that have sessions
  std::vector<SharedService> retired = {};   ///< which have gone, and whose sessions go on
  std::vector<net::ActivatedFacts> activated = {};  ///< sockets of a service manager's that nobody has
};

/// One service of the new configuration.
struct Step {
  enum class Kind : std::uint8_t {
    unchanged,  ///< only its log is opened anew
    moved,      ///< nothing differs but its place in the files, of which its Runner is told
    changed,    ///< its Runner goes on with another configuration
    fresh,      ///< a new Runner: nothing ran under this id, or something that xinetd takes for another service
    none,       ///< not served by this version
  };
  Kind kind = Kind::fresh;
  SharedService service;
  SharedService before;   ///< what runs under its id, if anything does
  service::Setup setup;   ///< of an unchanged one the logs alone
  std::vector<SharedService> donors = {};  ///< fresh: whose open sockets it takes, backlog and all
  service::BoundSockets sockets = {};      ///< bound for it already
};

/// What the loop needs to commit in one turn.
struct Prepared {
  config::Loaded loaded;
  std::vector<Step> steps;           ///< in reading order
  std::vector<SharedService> stopped;  ///< which run and are not in the new configuration
  std::vector<SharedService> going;    ///< whose Runners are retired: those, and the ones that others replace
  std::unique_ptr<ServiceLogs> logs;
  LogsOfServices logs_of_gone;  ///< of those that go and that have gone, and have sessions whose end is logged
  std::optional<base::Result<std::shared_ptr<log::Output>>> daemon_log;  ///< opened anew, if it is a file
  std::vector<config::Plan::Change> changes;  ///< of services that are in both and differ
  std::vector<std::string> problems;          ///< beyond the diagnostics: logs that cannot be opened
  std::vector<std::string> unbound;  ///< sockets that could not be bound; the commit tries again
  std::vector<std::string> logs_lost;  ///< of those that go: a reload is not refused for what it is to do away with
  std::string refused;  ///< why everything stays as it was; empty: it can be committed
};

/// What prepare() needs beside the running configuration. All of it may be used on another thread than the loop's.
struct Means {
  config::Files& files;
  config::Names& names;
  const config::Sources& sources;
  log::Identity identity;
  const service::DaemonFacts& facts;
  const config::Abilities& abilities;
  std::function<base::Result<std::shared_ptr<log::Output>>()> reopen_log;
  std::string syslog_file;  ///< as in Options
  bool strict = false;   ///< as with reload_policy = strict
  bool preview = false;  ///< nothing is opened: only what would change is wanted
};

/// Never touches a live object. Blocks on files and look-ups.
[[nodiscard]] Prepared prepare(const Running& running, const Means& means);

/// All that is computed from a service before it runs, but for its event log; fails when its log cannot be opened.
[[nodiscard]] base::Result<service::Setup> make_setup(const SharedService& service, ServiceLogs& logs,
                                                      const service::DaemonFacts& facts);
/// Opens its event log. A service is not lost for that: a sentence when it cannot be opened, which the setup then says, else
/// empty.
[[nodiscard]] std::string add_event_log(service::Setup& setup, const config::Service& service, ServiceLogs& logs);

}  // namespace xsuperd::supervisor
