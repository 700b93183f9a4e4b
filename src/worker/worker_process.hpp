// SPDX-License-Identifier: MIT
#pragma once
#include <sys/types.h>

#include <functional>

#include "xsuperd/base/fd.hpp"
#include "xsuperd/spawn/children.hpp"

namespace xsuperd::worker {

/// The process of one worker, or none. Loop thread only.
class WorkerProcess {
 public:
  /// `on_end` is called when it has ended; there is none then.
  WorkerProcess(boost::asio::io_context& loop, std::function<void(const spawn::Ended&)> on_end);

  /// Waits for the end of this one. To be called when there is none. Throws std::bad_alloc.
  void watch(pid_t pid, base::Fd pidfd);
  [[nodiscard]] bool there() const { return children_.size() > 0; }
  /// 0 when there is none.
  [[nodiscard]] pid_t pid() const { return pid_; }
  /// The number of its pidfd, or -1.
  [[nodiscard]] int pidfd() const;
  /// Is it stopped, as by SIGSTOP?
  [[nodiscard]] bool stopped() const;
  /// Does nothing when there is none.
  void kill();
  /// It lives on, and nobody waits for its end.
  void abandon() { children_.abandon(); }

 private:
  pid_t pid_ = 0;
  spawn::Children children_;
};

}  // namespace xsuperd::worker
