// SPDX-License-Identifier: MIT
// The processes of the daemon, and the threads that start them. Internal to supervisor.
#pragma once
#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "supervisor/hand_over.hpp"
#include "supervisor/orphans.hpp"
#include "supervisor/tickets.hpp"
#include "xsuperd/log/daemon_log.hpp"
#include "xsuperd/net/libwrap.hpp"
#include "xsuperd/net/nft.hpp"
#include "xsuperd/box/boxes.hpp"
#include "xsuperd/spawn/boxing_spawner.hpp"
#include "xsuperd/spawn/children.hpp"
#include "xsuperd/spawn/spawner.hpp"
#include "xsuperd/supervisor/supervisor.hpp"
#include "xsuperd/worker/client.hpp"
#include "xsuperd/worker/ident.hpp"

namespace xsuperd::supervisor {

/// Owns what starts processes and what notices their end: servers, workers, the helpers for libwrap and nftables, and children
/// that nobody here has started. Loop thread only.
class Processes {
 public:
  /// What is said to whoever knows the services.
  struct Tells {
    std::function<void(spawn::Outcome)> outcome;     ///< of the start of a server
    std::function<void(const spawn::Ended&)> ended;  ///< of a server
    std::function<std::uint64_t()> new_token;        ///< asked for, for an identity look-up
  };
  /// How many workers there were that could not be started or ended unasked.
  struct WorkerFailures {
    std::uint64_t count = 0;
    base::WallTime last{};  ///< none: the epoch
  };

  /// All that it refers to outlives it; `environment` is that of the libwrap helper.
  Processes(boost::asio::io_context& loop, const Options& options, const std::vector<std::string>& environment,
            const log::DaemonLog& log, Tells tells);
  Processes(const Processes&) = delete;
  Processes& operator=(const Processes&) = delete;
  /// To be called once before it goes, and before what its Tells refer to: the spawner's threads end. Nothing is started
  /// any more.
  void end() { starter_.reset(); }

  [[nodiscard]] spawn::BoxingSpawner& spawner() { return spawner_; }
  [[nodiscard]] const box::Boxes& boxes() const { return boxes_; }
  /// From now on boxes show the files that the host has now.
  void renew_boxes() { boxes_.renew(); }
  [[nodiscard]] const spawn::BoxingSpawner& spawner() const { return spawner_; }
  [[nodiscard]] spawn::Children& children() { return children_; }
  [[nodiscard]] const spawn::Children& children() const { return children_; }
  [[nodiscard]] net::Libwrap& libwrap() { return libwrap_; }
  [[nodiscard]] net::Nft& nft() { return nft_; }
  [[nodiscard]] worker::Client& workers() { return workers_; }
  [[nodiscard]] const worker::Client& workers() const { return workers_; }
  /// For TLS: they have keys in their memory, and hold nothing else.
  [[nodiscard]] worker::Client& tls_workers() { return tls_workers_; }
  [[nodiscard]] const worker::Client& tls_workers() const { return tls_workers_; }
  /// Two, each with a bound of its own: for admitted peers and for refused ones.
  [[nodiscard]] net::IdentClient& ident_admitted() { return ident_admitted_; }
  [[nodiscard]] net::IdentClient& ident_refused() { return ident_refused_; }
  [[nodiscard]] const WorkerFailures& worker_failures() const { return worker_failures_; }

  /// To be called for SIGCHLD, where it is listened to.
  void look_for_orphans() { orphans_.look_soon(); }

  /// For an upgrade. Servers are handed over by their Runners.
  void hand_over(HandOver& state) const;
  /// `take` gives the descriptor of a number, or none.
  void restore(const HandOver& state, const std::function<base::Fd(int)>& take);

 private:
  void worker_failed(const std::string& what);
  void end_leftover(base::Fd pidfd);

  const log::DaemonLog& log_;
  std::unique_ptr<spawn::Spawner> starter_;  ///< of all processes
  box::Boxes boxes_;
  spawn::BoxingSpawner spawner_;
  spawn::Children children_;
  net::Libwrap libwrap_;
  net::NftProcess nft_;
  worker::Client workers_;
  worker::Client tls_workers_;
  Tickets tickets_;
  worker::IdentLookups ident_admitted_;
  worker::IdentLookups ident_refused_;
  WorkerFailures worker_failures_;
  Orphans orphans_;
  spawn::Children leftovers_;        ///< children of an image before this one, that have only to be reaped
  std::uint64_t last_leftover_ = 0;  ///< the token of the newest of them
};

}  // namespace xsuperd::supervisor
