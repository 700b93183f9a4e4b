// SPDX-License-Identifier: MIT
#pragma once
#include <sys/types.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "xsuperd/base/described.hpp"
#include "xsuperd/base/fd.hpp"
#include "xsuperd/worker/conversations.hpp"

namespace boost::asio {
class io_context;
}
namespace xsuperd::spawn {
class Spawner;
struct Recipe;
}  // namespace xsuperd::spawn

namespace xsuperd::worker {

/// Who workers become when the daemon is root.
struct WorkerUser {
  uid_t uid = 65534;
  gid_t gid = 65534;
};

/// What a worker is for. One for TLS has keys in its memory, and holds nothing but conversations of kind tls.
enum class Role : std::uint8_t { conversations, tls };

/// How a worker is started: /proc/self/exe as "xsuperd-worker", with the user and the daemon's TZ in its environment
/// and nothing else. `user` has no effect when the daemon is not root.
[[nodiscard]] std::shared_ptr<const spawn::Recipe> worker_recipe(WorkerUser user = {}, Role role = Role::conversations);

/// Bytes of the texts of conversations that wait, all together; one may have more.
constexpr std::size_t most_waiting_bytes = 16 * 1024 * 1024;

/// A worker that one image of the daemon leaves to the next. Plain data; descriptors by their numbers.
struct InheritedWorker {
  struct Conversation {
    std::uint64_t token = 0;
    std::uint64_t connection = 0;  ///< what distinguishes its socket from others; 0: it may not be given back
    bool asks = false;             ///< an identity may be reported
    bool tells = false;            ///< lines may be told
    bool shakes = false;           ///< of kind tls, and the outcome of its handshake has not been told
    bool looks = false;            ///< a header may be told
    bool shows = false;            ///< it may wish for something to send
    bool operator==(const Conversation&) const = default;
  };
  pid_t pid = 0;
  int pidfd = -1;
  int link = -1;           ///< the socket to it; -1: nothing is to be said any more, it is about to end
  unsigned protocol = 0;   ///< the version of the messages it understands
  std::string drain;       ///< the message, in that version, that no more conversations will come
  std::vector<Conversation> conversations;
  bool operator==(const InheritedWorker&) const = default;
};
BOOST_DESCRIBE_STRUCT(InheritedWorker::Conversation, (), (token, connection, asks, tells, shakes, looks, shows))
constexpr auto members_since(const InheritedWorker::Conversation*) {
  return std::array{base::Since{"tells", 9}, base::Since{"shakes", 10}, base::Since{"looks", 10}, base::Since{"shows", 11}};
}
BOOST_DESCRIBE_STRUCT(InheritedWorker, (), (pid, pidfd, link, protocol, drain, conversations))

/// The daemon's workers: starts them, gives them conversations, starts others when they end. Lives on the loop thread,
/// never waits. What a worker sends is considered hostile: one that breaks the protocol is killed.
class Client final : public Conversations {
 public:
  struct Options {
    std::size_t workers = 1;                                ///< 0 counts as 1
    std::shared_ptr<const spawn::Recipe> recipe = nullptr;  ///< none: worker_recipe()
    bool start_now = false;                                 ///< else the first conversation starts them
    /// Conversations that may wait for a worker; those beyond are lost. Whatever it says, they have at most a quarter of
    /// the descriptors that this process may open (RLIMIT_NOFILE), and most_waiting_bytes of texts.
    std::size_t queue = 1024;
    /// How often a worker that has conversations, or has not taken what it was sent, is asked for a sign of life, and how
    /// many beats it may be silent after it was asked until it is killed, and followed by another.
    std::chrono::milliseconds beat{1'000};
    unsigned silent_beats = 4;
    /// Until it is tried again to watch the socket of an inherited worker, which the system has refused.
    std::chrono::milliseconds watch_again{1'000};
    /// A worker that was ready for so long before it failed is followed by another at once: whatever ended it happens
    /// rarely enough, and the next conversations should notice as little as possible.
    std::chrono::milliseconds healthy_after{500};
    /// Until the successor of another one is started: doubled each time, from the first value to the second,
    /// so that workers that cannot work at all do not keep the machine busy.
    std::chrono::milliseconds first_pause{50};
    std::chrono::milliseconds longest_pause{5'000};
    /// A worker that had no conversation for so long ends, and a conversation for which the others have no
    /// hands free starts another; 0: never.
    std::chrono::milliseconds idle_after{2'000};
    /// How long a worker may take until it is ready, or until it ends without work, and a conversation may
    /// wait for one.
    std::chrono::milliseconds patience{10'000};
    /// How long progress() waits for workers that say nothing.
    std::chrono::milliseconds progress_patience{1'000};
    /// Called with a sentence, on one line and fit for the log (level error), for each worker that ended or could not
    /// be started.
    std::function<void(std::string)> on_trouble = {};
  };

  /// Loop and spawner outlive it. Asks the spawner for starts with Load::at_once, whose outcome comes in
  /// return.
  Client(boost::asio::io_context& loop, Options options, spawn::Spawner& spawner);
  /// Workers finish what they hold, and end then, also after the daemon: for an upgrade, or SIGQUIT. One that is stopped is
  /// killed: nobody would be left to do that. Nothing is called any more, and conversations that no worker has yet are
  /// closed.
  ~Client() override;
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  bool has_room() const override;
  /// Goes to the ready worker with the fewest conversations, and among equals to the one that has waited longest. While
  /// none is ready, or all have yet to take what they were sent, it waits, at most about `patience`. Lost without a
  /// try: a token in use, more than most_targets targets or most_texts texts, a text longer than longest_text, a full
  /// queue.
  void start(std::uint64_t token, Kind kind, base::Fd connection, Parameters parameters, Done done) override;
  void stop(std::uint64_t token) override;
  using Conversations::resume;
  bool resume(std::uint64_t token, Done done, OnLine on_line) override;
  bool resume_handshake(std::uint64_t token, Done done, OnShaken on_shaken) override;
  void join(std::uint64_t token, base::Fd inner) override;
  /// Not of a worker from before an upgrade, which may be of a version that does not know the word.
  bool redirect(std::uint64_t token, Parameters parameters, Done done) override;
  bool resume_pages(std::uint64_t token, Done done, OnWish on_wish) override;
  void show(std::uint64_t token, PageMade page) override;
  int waiting_connection(std::uint64_t token) const override;
  /// Asks all workers that hold conversations, those from before an upgrade too, but for those of another version, and
  /// calls back when all have answered, or after progress_patience with what there is. Calls that come meanwhile are
  /// answered together by one more question, so that what they are told is never older than they are.
  void progress(Answered answered) override;

  /// With what workers for TLS make tickets: those there are, and those that are yet to be started.
  void use(const tls::TicketKeys& keys);

  /// For an upgrade: all workers there are, with what they hold. Changes nothing; the numbers are good as long as no
  /// other call is made and the loop does not run.
  [[nodiscard]] std::vector<InheritedWorker> hand_over() const;
  /// Is there nothing left that we would have to send to a worker? If not, the state cannot be handed over.
  [[nodiscard]] bool settled() const;
  /// Gives up as dead any worker that keeps us from being settled: its conversations are lost, those that wait are not.
  void give_up_stuck();
  /// Takes on a worker from before an upgrade: it finishes what it holds, gets nothing new, ends, and is reaped. What
  /// one of another version says is not understood: its conversations end as `unseen` when it ends. `take` gives the
  /// descriptor of a number, or none. Each of its conversations is to be resumed before the loop runs.
  void take_over(const InheritedWorker& worker, const std::function<base::Fd(int)>& take);

  /// For the end of the daemon. Ends all workers after `grace`, or when this object is destroyed (SIGKILL); conversations
  /// that they hold then are reported as lost. No other worker is started, and what is started afterwards is lost. During
  /// the grace time stop() is obeyed and ends are told, as long as the workers do their part.
  void terminate(std::chrono::milliseconds grace);
  /// The same at once.
  void terminate();

  /// Conversations that go on or wait.
  [[nodiscard]] std::size_t running() const;
  /// The pids of the workers that are ready, for the state dump.
  [[nodiscard]] std::vector<pid_t> workers() const;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
  spawn::Spawner& spawner_;
};

}  // namespace xsuperd::worker
