// SPDX-License-Identifier: MIT
// A pipe that nobody can read for us. Internal to service.
#pragma once
#include "xsuperd/base/fd.hpp"
#include "xsuperd/loop/watch.hpp"

namespace xsuperd::service {

/// Throws away what is written to a pipe, so that whoever writes is neither held up nor ended by SIGPIPE. The kernel does
/// it: no byte gets into our memory. Loop thread only.
class UnreadPipe {
 public:
  /// `on_end` is called once, when nobody has the pipe open for writing any more; it may destroy this.
  UnreadPipe(boost::asio::io_context& loop, int pipe, std::function<void()> on_end);

 private:
  void throw_away();

  base::Fd null_;
  int pipe_;  // its owner's
  std::function<void()> on_end_;
  loop::Watch watch_;
};

}  // namespace xsuperd::service
