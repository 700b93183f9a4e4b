// SPDX-License-Identifier: MIT
#pragma once
#include <sys/types.h>

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "worker/dialogue.hpp"
#include "worker/pauses.hpp"
#include "worker/worker_process.hpp"
#include "xsuperd/base/time.hpp"
#include "xsuperd/loop/alarm.hpp"
#include "xsuperd/spawn/spawner.hpp"
#include "xsuperd/worker/client.hpp"
#include "xsuperd/worker/protocol.hpp"

namespace xsuperd::worker {

/// The place of one worker: starts it, talks to it (Dialogue), notices its end (WorkerProcess) and starts the next after a
/// pause (Pauses). Its phases:
///
///   ready --(idle for Options::idle_after)--> resting --reaped--> idle
///   idle --start()--> starting --Ready--> ready --(gone, broken, terminate())--> ending --reaped--> pausing
///                        |                                                          ^                  |
///                        +--(gone, broken, too late)--------------------------------+   pause over: starting
///
/// A worker from before an upgrade has a place of its own, which is not used again:
///
///   take_over(): draining --(all done, gone, broken)--> ending --reaped--> closed
///
/// A start that fails goes from starting to pausing; one that takes time is late after a first look at the process.
/// Callbacks may close() the Link but not destroy it: it must live until the handler that called has returned.
class Link {
 public:
  struct Callbacks {
    std::function<void(Link&)> on_ready;
    /// It has taken what was kept for it.
    std::function<void(Link&)> on_room;
    /// False: this cannot be, the worker is to be killed.
    std::function<bool(Link&, Ended)> on_ended;
    /// The answer to Dialogue::ask(), or a part of it. False as above.
    std::function<bool(Link&, const Progress&)> on_progress;
    /// False as above.
    std::function<bool(Link&, const Told&)> on_told;
    /// The worker is no more, or of no use any more. Before the next can be ready, and also for one that
    /// never was.
    std::function<void(Link&)> on_gone;
    std::function<void(std::string)> on_trouble;
    /// A worker that had nothing to do has ended; start() works again. For an inherited one: the place is done with.
    std::function<void(Link&)> on_idle;
  };
  Link(boost::asio::io_context& loop, const Client::Options& options, spawn::Spawner& spawner,
       Callbacks callbacks);

  /// Starts the worker when the place is idle.
  void start();
  /// Puts a worker from before an upgrade into a new place. `socket` may be none.
  void take_over(const InheritedWorker& worker, base::Fd pidfd, base::Fd socket);
  /// What the next image of the daemon must know; nothing when there is no process.
  [[nodiscard]] std::optional<InheritedWorker> hand_over() const;
  /// Whatever becomes of this worker, no other will be started in its place.
  void have_no_successor() { last_ = true; }
  /// Ends the worker at once (SIGKILL, which one that is stopped obeys too). The place stays closed.
  void terminate();
  /// Leaves the worker alone: it ends when its conversations have ended; one that is stopped is killed. Nothing is called
  /// any more.
  void close();
  /// Kills a worker that has not taken all that it was sent.
  void give_up_if_stuck();
  /// The last conversation has ended.
  void idle_from_now();

  [[nodiscard]] bool ready() const { return phase_ == Phase::ready; }
  /// Ready, and takes what it is sent.
  [[nodiscard]] bool has_room() const { return ready() && dialogue_.kept() == 0; }
  [[nodiscard]] pid_t pid() const { return process_.pid(); }
  /// What is said to it.
  [[nodiscard]] Dialogue& dialogue() { return dialogue_; }
  [[nodiscard]] const Dialogue& dialogue() const { return dialogue_; }

  std::size_t load = 0;   ///< its conversations; the owner counts
  base::Moment last_use;  ///< when it got one; the owner's too
  /// What this worker has been given of services with TLS, by number; the owner's as well.
  std::vector<std::pair<std::uint64_t, std::weak_ptr<const tls::Offer>>> keys;

 private:
  enum class Phase : unsigned char { idle, starting, late, ready, resting, draining, ending, pausing, closed };

  void launch();
  void start_process();
  void start_went_wrong(const char* why);
  void is_ready();
  /// Kills it, and tells that it is gone.
  void give_up(std::string why);
  void gone();
  void reaped(const spawn::Ended& ended);
  void pause(const std::string& trouble);
  void due();
  void look_at_start();

  const Client::Options& options_;
  spawn::Spawner& spawner_;
  const Callbacks callbacks_;
  Phase phase_ = Phase::idle;
  std::string why_;  // the trouble with the present worker, if it told or was told
  std::size_t lost_ = 0;
  bool taken_over_ = false;
  bool last_ = false;
  Pauses pauses_;
  Dialogue dialogue_;
  WorkerProcess process_;
  loop::Alarm alarm_;  // what it is for, the phase says: due()
};

}  // namespace xsuperd::worker
