// SPDX-License-Identifier: MIT
// Internal to supervisor.
#pragma once
#include <functional>
#include <memory>

#include "xsuperd/base/fd.hpp"

namespace boost::asio {
class io_context;
}

namespace xsuperd::supervisor {

/// Reads signals from a signalfd on the loop: no handler ever runs, which the spawner relies on. Expects that
/// block_signals() was called before any thread was made.
class Signals {
 public:
  Signals(boost::asio::io_context& loop, std::function<void(int)> on_signal, bool with_sigchld);
  ~Signals();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace xsuperd::supervisor
