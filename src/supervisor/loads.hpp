// SPDX-License-Identifier: MIT
// The configuration is read, at the start and off the loop. Internal to supervisor.
#pragma once
#include <boost/asio/io_context.hpp>
#include <functional>
#include <string>

#include "supervisor/prepare.hpp"
#include "xsuperd/config/loader.hpp"
#include "xsuperd/net/slow_work.hpp"

namespace xsuperd::supervisor {

/// What became of a reload that could not be prepared.
[[nodiscard]] Prepared not_prepared(const base::Error& why);

/// Reads the files of the configuration. Names are looked up meanwhile, which may take as long as it pleases the network:
/// so each load has a thread and everything it uses to itself, and nobody waits for it. Loop thread only.
class Loads {
 public:
  /// What every load needs; it gets a copy.
  struct Options {
    config::SystemFiles files;
    config::SystemNames names;
    config::Sources sources;
    service::DaemonFacts facts;
    config::Abilities abilities;
    log::Identity identity;
    std::function<base::Result<std::shared_ptr<log::Output>>()> reopen_log;  ///< the daemon's; null when it is no file
    std::string syslog_file;  ///< as in supervisor::Options
  };
  /// The loop outlives it. `running` tells what has to be known before a reload is prepared.
  Loads(boost::asio::io_context& loop, Options options, std::function<Running()> running);

  /// Reads it here and now, for the start.
  [[nodiscard]] config::Loaded load_now();
  /// Prepares a reload (prepare.hpp) off the loop; `then` is called on the loop, in any case. An error, and `then` is not
  /// called, when it could not be begun.
  [[nodiscard]] base::Result<void> prepare(bool strict, bool preview, std::function<void(Prepared)> then);
  /// Is a thread at it? It may hang in a look-up for longer than there is a daemon.
  [[nodiscard]] bool busy() const { return threads_.busy(); }

 private:
  Options options_;
  std::function<Running()> running_;
  net::SlowWork threads_;
};

}  // namespace xsuperd::supervisor
