// SPDX-License-Identifier: MIT
#pragma once
#include <chrono>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "spawn/arguments.hpp"
#include "spawn/child.hpp"
#include "spawn/child_stack.hpp"
#include "spawn/group_clone.hpp"
#include "xsuperd/spawn/spawner.hpp"

namespace xsuperd::spawn {

/// How children are made; the same for all launchers of a spawner.
struct Manner {
  /// Not 0: CLONE_FILES, the child starts in our descriptor table and copies what lies below this number, so
  /// that its cost does not grow with what the daemon has open. 0: the kernel copies the whole table.
  unsigned first_high = 0;
  bool pidfd_clone = true;
  int null_slot = -1;  ///< the low descriptor that has /dev/null
  Beginning begins = {};  ///< nothing known: children set all their ids
};

/// Clears O_NONBLOCK for the server, and puts it back unless the server got the socket.
class BlockingSocket {
 public:
  BlockingSocket() = default;
  BlockingSocket(int fd, bool wanted);
  void undo() const;

 private:
  [[nodiscard]] bool changed() const;

  int fd_ = -1;
  int flags_ = -1;
};

/// One start, and everything that its child uses until it has executed its program or ended: from then on it is
/// *through*, before that the Launch must neither be destroyed nor used again. Belongs to one thread at a time.
class Launch {
 public:
  Launch() = default;  ///< throws when there is no memory
  Launch(const Launch&) = delete;
  Launch& operator=(const Launch&) = delete;

  /// Takes the job of the next start. The one before must be finished.
  void prepare(Job&& job);
  /// Makes the child, which finds its connection on the descriptor `socket`, and what becomes 2 on `errors`; -1: the same.
  void clone(const Manner& manner, int socket, int errors);
  /// Before clone(): the calling thread has what the recipe allows a thread to have in advance.
  void inherits() { plan_.inherited = true; }
  /// Instead of clone(): there is no child, and for this reason.
  void fail(Step step, int error);

  /// Waits until the child is through; false when `patience` is over.
  [[nodiscard]] bool wait(std::chrono::nanoseconds patience) const;
  /// Waits until the child uses a descriptor table of its own, or is through. Nothing but memory comes between.
  void wait_for_table() const;
  [[nodiscard]] bool through() const { return __atomic_load_n(&plan_.child, __ATOMIC_ACQUIRE) == 0; }

  /// The outcome, once it is through. The Launch may then be used again.
  [[nodiscard]] Outcome finish();
  /// Gives the child away as a server that runs, though it is not through. A failure of its exec will show in
  /// its exit status. To be followed by dispose() when it is through.
  [[nodiscard]] Outcome presume();
  /// Instead of finish(): takes away what may be left of a child that is through.
  void dispose();
  /// Sends SIGKILL to the child, which must not have been given away.
  void kill() const;
  /// Takes the child away if it has ended; then it is through.
  [[nodiscard]] bool reap_now();

  /// The file that is executed. Valid from prepare() to finish().
  [[nodiscard]] const std::string& program() const { return job_.recipe->path; }
  [[nodiscard]] int socket() const { return job_.socket.get(); }
  [[nodiscard]] const Job& job() const { return job_; }

  bool counted_slow = false;  ///< SlowPrograms has it

 private:
  [[nodiscard]] int open_pidfd();
  void enter_and_clone(const Manner& manner);
  void clone_here(const Manner& manner);
  [[nodiscard]] GroupClone into_group(const Manner& manner);
  [[nodiscard]] bool clone_into_group(const Manner& manner);
  void clone_ushered(const Manner& manner);
  void leave_nothing_shared();

  Job job_;
  Arguments arguments_;
  ChildPlan plan_;
  std::vector<const char*> writable_files_;
  ChildStack stack_;
  BlockingSocket blocking_;
  pid_t pid_ = 0;  ///< 0: there is none, or it was given away
  base::Fd pidfd_;
  Ushered ushered_;            ///< of a start whose child is born in a control group that limits memory
  int born_ = 0, born_pidfd_ = -1;  ///< written by the kernel: its child
};

/// The outcome, or a start that is not through yet.
using Launched = std::variant<Outcome, std::unique_ptr<Launch>>;

}  // namespace xsuperd::spawn
