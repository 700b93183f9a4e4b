// SPDX-License-Identifier: MIT
#pragma once
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <variant>

#include "worker/channel.hpp"
#include "worker/heartbeat.hpp"
#include "worker/open_question.hpp"
#include "xsuperd/loop/alarm.hpp"
#include "xsuperd/worker/client.hpp"
#include "xsuperd/worker/protocol.hpp"

namespace xsuperd::worker {

/// What a conversation tells before it ends.
using Told = std::variant<Line, Shaken, HeaderSeen>;

/// What is said between the daemon and one worker: sends, takes what comes, and sees that it is in order, as far as that
/// can be seen without knowing its conversations. While the worker has conversations, or has not taken all that it was
/// sent, or is to end, it is asked for a sign of life at each beat (Options::beat), and given up as dead when it gives none
/// for Options::silent_beats beats. Loop thread only.
///
/// There are two kinds: with a worker of ours, open() to close(), again and again; or with one from before an upgrade,
/// take_over() and resume() to close(), once.
class Dialogue {
 public:
  struct Callbacks {
    std::function<void()> on_ready;
    /// It has taken what was kept for it.
    std::function<void()> on_room;
    /// False: this cannot be.
    std::function<bool(Ended)> on_ended;
    /// The answer to ask(), or a part of it. False as above.
    std::function<bool(const Progress&)> on_progress;
    /// False as above.
    std::function<bool(const Told&)> on_told;
    /// It is of no use any more, why is said after "worker N"; empty: the other end is gone. May close() the dialogue.
    std::function<void(std::string)> on_fault;
    /// Has it conversations?
    std::function<bool()> has_work;
    /// Is its process stopped?
    std::function<bool()> is_stopped;
  };
  /// Loop and options outlive it.
  Dialogue(boost::asio::io_context& loop, const Client::Options& options, Callbacks callbacks);

  /// Begins anew, with a worker that is being started. Returns errno when the socket cannot be watched: it is closed then.
  int open(base::Fd socket);
  /// It will be with this worker, which has so many conversations.
  void take_over(const InheritedWorker& worker, std::size_t conversations);
  /// Begins it, and tells the worker that nothing more will come. False when the socket cannot be watched: it is kept for
  /// another try, which needs no socket.
  bool resume(base::Fd socket = {});
  /// Nothing is taken or called any more; what is kept goes out as far as there is room.
  void close();
  /// The same, after telling the worker that nothing more will come.
  void end();

  void send(Packet packet);
  /// Sends what waits for the end of this turn of the loop, as far as there is room.
  void flush();
  /// Packets that it has not taken yet.
  [[nodiscard]] std::size_t kept() const { return channel_ ? channel_->kept() : 0; }
  /// Asks what its conversations have carried. False, and it is not asked, when it has none, would not understand, or
  /// owes an answer to an earlier question.
  bool ask(std::uint64_t question);
  /// The last words of a process that has ended, which may be unread still.
  void take_rest();

  /// Speaks another version than we do: nothing can be told to it or understood.
  [[nodiscard]] bool foreign() const { return protocol_ != protocol_version; }
  /// Socket, protocol and last message, for the next image of the daemon.
  void hand_over(InheritedWorker& worker) const;

 private:
  [[nodiscard]] std::unique_ptr<Channel> make_channel(base::Fd socket);
  void beat_later();
  void beat();
  [[nodiscard]] Heartbeat::Next next_beat();
  [[nodiscard]] bool owes_signs() const;
  void take(Packet packet);
  void handle(const Ready&);
  void handle(const Failed& failed);
  void handle(Ended ended);
  void handle(const Progress& progress);
  void handle(const Told& told);
  [[nodiscard]] bool was_asked_before();

  boost::asio::io_context& loop_;
  const Client::Options& options_;
  const Callbacks callbacks_;
  bool ready_ = false;  // has said so
  bool taken_over_ = false;
  unsigned protocol_ = protocol_version;
  std::string drain_;         // in the words of the worker's version
  std::size_t unasked_ = 0;   // messages that an inherited worker may still have for the image before this one
  Heartbeat heartbeat_;
  OpenQuestion question_;
  std::unique_ptr<Channel> channel_;
  loop::Alarm beats_;
};

}  // namespace xsuperd::worker
