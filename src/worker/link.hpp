// SPDX-License-Identifier: MIT
#pragma once
#include <sys/types.h>

#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "worker/channel.hpp"
#include "xsuperd/base/time.hpp"
#include "xsuperd/spawn/children.hpp"
#include "xsuperd/spawn/spawner.hpp"
#include "xsuperd/worker/client.hpp"
#include "xsuperd/worker/protocol.hpp"

namespace xsuperd::worker {

/// The place of one worker: starts it, talks to it, notices its end and starts the next after a pause. Its
/// phases:
///
///   ready --(idle for Options::idle_after)--> resting --reaped--> idle
///   idle --start()--> starting --Ready--> ready --(gone, broken, terminate())--> ending --reaped--> pausing
///                        |                                                          ^                  |
///                        +--(gone, broken, too late)--------------------------------+   pause over: starting
///
/// A worker from before an upgrade has a place of its own, which is not used again:
///
///   adopt(): draining --(all done, gone, broken)--> ending --reaped--> closed
///
/// A start that fails goes from starting to pausing. Callbacks may close() the Link but not destroy it: it
/// must live until the handler that called has returned.
///
/// While a worker has conversations, or has not taken all that it was sent, or is to end, it is asked for a sign of life
/// at each beat (Options::beat), and given up as dead when it gives none for Options::silent_beats beats. Beats are
/// counted, not time: a daemon that was stopped itself, or a machine that slept, finds no worker guilty.
class Link : public std::enable_shared_from_this<Link> {
 public:
  struct Callbacks {
    std::function<void(Link&)> on_ready;
    /// It has taken what was kept for it.
    std::function<void(Link&)> on_room;
    /// False: this cannot be, the worker is to be killed.
    std::function<bool(Link&, Ended)> on_ended;
    /// The answer to ask(), or a part of it. False as above.
    std::function<bool(Link&, const Progress&)> on_progress;
    /// The worker is no more, or of no use any more. Before the next can be ready, and also for one that
    /// never was.
    std::function<void(Link&)> on_gone;
    std::function<void(std::string)> on_trouble;
    /// A worker that had nothing to do has ended; start() works again. For an adopted one: the place is done with.
    std::function<void(Link&)> on_idle;
  };
  Link(boost::asio::io_context& loop, const Client::Options& options, spawn::Spawner& spawner,
       Callbacks callbacks);
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;

  /// Starts the worker when the place is idle.
  void start();
  /// Puts a worker from before an upgrade into a new place. `socket` may be none.
  void adopt(const HandedWorker& worker, base::Fd pidfd, base::Fd socket);
  /// What the next image of the daemon must know; nothing when there is no process.
  [[nodiscard]] std::optional<HandedWorker> hand_over() const;
  /// Whatever becomes of this worker, no other will be started in its place.
  void have_no_successor() { last_ = true; }
  /// Ends the worker at once (SIGKILL, which one that is stopped obeys too). The place stays closed.
  void terminate();
  /// Leaves the worker alone: it ends when its conversations have ended; one that is stopped is killed. Nothing is called
  /// any more.
  void close();
  /// Kills a worker that has not taken all that it was sent.
  void give_up_if_stuck();
  void send(Packet packet);
  /// Asks what its conversations have carried. False, and it is not asked, when it has none, would not understand, or
  /// owes an answer to an earlier question.
  bool ask(std::uint64_t question);
  /// The last conversation has ended.
  void idle_from_now();

  [[nodiscard]] bool ready() const { return phase_ == Phase::ready; }
  /// Ready, and takes what it is sent.
  [[nodiscard]] bool has_room() const { return ready() && kept() == 0; }
  [[nodiscard]] pid_t pid() const { return pid_; }
  /// Speaks another version than we do: nothing can be told to it or understood.
  [[nodiscard]] bool foreign() const { return foreign_; }
  /// Sends what waits for the end of this turn of the loop, as far as there is room.
  void flush() {
    if (channel_) channel_->flush();
  }
  /// Packets that it has not taken yet.
  [[nodiscard]] std::size_t kept() const { return channel_ ? channel_->kept() : 0; }

  std::size_t load = 0;   ///< its conversations; the owner counts
  base::Moment last_use;  ///< when it got one; the owner's too

 private:
  enum class Phase : unsigned char { idle, starting, ready, resting, draining, ending, pausing, closed };

  void launch();
  void start_process();
  void start_went_wrong(const char* why);
  /// Nothing when the socket cannot be watched; then errno is set.
  [[nodiscard]] std::unique_ptr<Channel> make_channel(base::Fd socket);
  void open_adopted(base::Fd socket);
  void watch_again();
  void beat_later();
  void beat();
  [[nodiscard]] bool owes_signs() const;
  [[nodiscard]] bool stopped() const;
  [[nodiscard]] bool can_be_asked() const { return !foreign_ && channel_ && channel_->error() == 0; }
  void ask_for_sign();
  void silent_beat();
  [[nodiscard]] std::string trouble_text(const spawn::Ended& ended) const;
  void started(spawn::Started started);
  void take(Packet packet);
  void handle(const Ready&);
  void handle(const Failed& failed);
  void handle(Ended ended);
  void handle(const Progress& progress);
  [[nodiscard]] bool answers_sign(const Ended& ended);
  [[nodiscard]] bool in_order(const Progress& progress);
  /// Kills it, and tells that it is gone.
  void give_up(std::string why);
  void gone();
  void reaped(const spawn::Ended& ended);
  void pause(const std::string& trouble);
  void after(std::chrono::milliseconds time, void (Link::*what)());
  void too_late();
  void look_at_start();
  void pause_over();
  void rest();

  boost::asio::io_context& loop_;
  const Client::Options& options_;
  spawn::Spawner& spawner_;
  const Callbacks callbacks_;
  Phase phase_ = Phase::idle;
  pid_t pid_ = 0;
  std::optional<base::Moment> ready_since_;  // of the present worker or the last one
  std::chrono::milliseconds pause_{0};       // the last one; 0 when the worker before it was healthy
  std::string why_;  // the trouble with the present worker, if it told or was told
  std::size_t lost_ = 0;
  std::optional<std::uint64_t> question_;    // that it has not answered to the end
  std::optional<std::uint64_t> last_token_;  // of those it has told in answer to it
  bool adopted_ = false;
  bool last_ = false;
  unsigned protocol_ = protocol_version;
  std::string drain_;  // in the words of the worker's version
  bool foreign_ = false;
  std::size_t unasked_ = 0;  // messages that an adopted worker may still have for the image before this one
  std::uint64_t sign_ = first_sign;       // of the last question for a sign of life
  std::uint64_t last_sign_ = first_sign;  // that was answered
  bool sign_due_ = false;                 // the last question has not been answered
  unsigned silent_beats_ = 0;             // since it was asked or said anything
  bool beating_ = false;
  std::unique_ptr<Channel> channel_;
  spawn::Children children_;
  boost::asio::steady_timer timer_;
  boost::asio::steady_timer beat_timer_;
};

}  // namespace xsuperd::worker
