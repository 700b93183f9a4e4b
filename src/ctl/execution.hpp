// SPDX-License-Identifier: MIT
// One run of a command for `watch`. Internal to ctl.
#pragma once
#include <cstdio>
#include <functional>
#include <string>

#include <sys/types.h>

#include "xsuperd/base/error.hpp"
#include "xsuperd/base/fd.hpp"

namespace xsuperd::ctl {

/// A command in a process of its own, so that keys are heard however long it takes. Used as poll(2) says: while it is not
/// done, `go_on` whenever the descriptor has something to read. Its process is gone when this is. For programs of one thread.
class Execution {
 public:
  /// `command` gets where to print everything, and returns its exit status. Fails when no process can be made.
  [[nodiscard]] static base::Result<Execution> begin(const std::function<int(std::FILE*)>& command);
  Execution(Execution&& other) noexcept;
  Execution& operator=(Execution&&) = delete;
  ~Execution();

  [[nodiscard]] int descriptor() const { return output_.get(); }
  /// Takes what is there, without waiting for more.
  void go_on();
  [[nodiscard]] bool done() const { return done_; }
  /// What it has printed, as far as that is not more than anybody would read; of one that is done.
  [[nodiscard]] const std::string& text() const { return text_; }
  /// As a shell has it: 128 + N for signal N.
  [[nodiscard]] int status() const { return status_; }

 private:
  Execution(base::Fd output, ::pid_t process) : output_(std::move(output)), process_(process) {}
  void reap();

  base::Fd output_;
  ::pid_t process_;  ///< 0: reaped
  std::string text_;
  int status_ = 0;
  bool done_ = false;
};

}  // namespace xsuperd::ctl
