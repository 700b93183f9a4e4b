// SPDX-License-Identifier: MIT
#include "ctl/execution.hpp"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <exception>
#include <utility>

namespace xsuperd::ctl {

namespace {

/// Beyond it only the end of the process is waited for.
constexpr std::size_t most_text = 4 * 1024 * 1024;

[[noreturn]] void run_and_end(const std::function<int(std::FILE*)>& command, base::Fd output) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  ::setenv("NO_COLOR", "1", 1);   // what it prints is shown as text, though its standard output is a terminal
  std::signal(SIGTSTP, SIG_DFL);  // else ncurses' handler is run twice for one terminal
  std::FILE* out = ::fdopen(output.release(), "w");
  int status = 1;
  try {
    if (out) status = command(out);
  } catch (const std::exception& bug) {
    std::fprintf(out, "xsuperctl: fatal: %s\n", bug.what());
  }
  if (out) std::fflush(out);
  ::_exit(status);  // the terminal is the parent's to restore
}

}  // namespace

base::Result<Execution> Execution::begin(const std::function<int(std::FILE*)>& command) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return base::system_error(errno, "pipe2");
  base::Fd output(ends[0]), input(ends[1]);
  ::fcntl(output.get(), F_SETFL, O_NONBLOCK);
  const ::pid_t process = ::fork();
  if (process < 0) return base::system_error(errno, "fork");
  if (process == 0) run_and_end(command, std::move(input));
  return Execution(std::move(output), process);
}

Execution::Execution(Execution&& other) noexcept
    : output_(std::move(other.output_)),
      process_(std::exchange(other.process_, 0)),
      text_(std::move(other.text_)),
      status_(other.status_),
      done_(other.done_) {}

Execution::~Execution() {
  if (process_ == 0) return;
  ::kill(process_, SIGKILL);
  reap();
}

void Execution::go_on() {
  std::array<char, 64 * 1024> buffer;
  while (!done_) {
    const ssize_t n = ::read(output_.get(), buffer.data(), buffer.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EAGAIN) return;
    if (n > 0 && text_.size() < most_text) text_.append(buffer.data(), static_cast<std::size_t>(n));
    if (n > 0) continue;
    reap();
    done_ = true;
  }
}

void Execution::reap() {
  int how = 0;
  while (::waitpid(process_, &how, 0) < 0 && errno == EINTR) {
  }
  status_ = WIFSIGNALED(how) ? 128 + WTERMSIG(how) : WEXITSTATUS(how);
  process_ = 0;
}

}  // namespace xsuperd::ctl
