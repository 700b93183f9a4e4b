// SPDX-License-Identifier: MIT
#include "xsuperd/supervisor/background.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>

#include "xsuperd/supervisor/process.hpp"

namespace xsuperd::supervisor {

namespace {

/// Of the bytes of a report: the start is over, and good. No text has it.
constexpr char good_end = '\0';
/// Less than a pipe holds: there is always room for the end.
constexpr std::size_t most_said = 32u << 10;

bool is_control(char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7f'; }

void show(std::string_view text) {
  while (!text.empty()) {
    const ssize_t count = ::write(2, text.data(), text.size());
    if (count < 0 && errno != EINTR) return;
    text.remove_prefix(count < 0 ? 0 : static_cast<std::size_t>(count));
  }
}

/// The status with which the parent ends when the child has not said that all is well.
int status_of_failure(pid_t child, const std::string& program) {
  int status = 0;
  pid_t ended = -1;
  while ((ended = ::waitpid(child, &status, 0)) < 0 && errno == EINTR) {
  }
  if (ended == child && WIFSIGNALED(status))
    show(fmt::format("{}: the daemon was ended by signal {} while it started\n", program, WTERMSIG(status)));
  return ended == child && WIFEXITED(status) ? std::max(1, WEXITSTATUS(status)) : 1;
}

/// In the parent: shows what the child says, until that is over.
[[noreturn]] void wait_for_start(pid_t child, base::Fd report, const std::string& program) {
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);  // who waits may be stopped from waiting
  char buffer[4096];
  while (true) {
    const ssize_t count = ::read(report.get(), buffer, sizeof buffer);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) ::_exit(status_of_failure(child, program));
    const std::string_view text(buffer, static_cast<std::size_t>(count));
    const std::size_t end = text.find(good_end);
    show(text.substr(0, end));
    if (end != text.npos) ::_exit(0);
  }
}

}  // namespace

StartReport StartReport::on_terminal() {
  if (::isatty(2) != 1) return {};
  // Opened anew: the flags of what we have inherited are those of other processes, too.
  return {base::Fd(::open("/proc/self/fd/2", O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)), false};
}

void StartReport::say(std::string_view text) {
  if (!to_) return;
  std::string line(text.substr(0, 4096));
  std::replace_if(line.begin(), line.end(), is_control, '?');
  line += '\n';
  if (said_ + line.size() > most_said) return;
  said_ += line.size();
  (void)!::write(to_.get(), line.data(), line.size());
}

void StartReport::done() {
  if (to_ && awaited_) (void)!::write(to_.get(), &good_end, 1);
  to_.reset();
}

base::Result<StartReport> daemonize(const std::string& program) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return base::system_error(errno, "pipe");
  base::Fd reader(ends[0]);
  base::Fd writer(ends[1]);
  pid_t pid = -1;
  for (int tries = 0; tries < 5 && (pid = ::fork()) < 0; ++tries) ::sleep(1);
  if (pid < 0) return base::system_error(errno, "fork");
  if (pid > 0) {
    writer.reset();
    wait_for_start(pid, std::move(reader), program);
  }
  ::fcntl(writer.get(), F_SETFL, O_NONBLOCK);  // a parent that was stopped does not stop us
  silence_stdio(2);
  ::setsid();
  return StartReport(std::move(writer), true);
}

void StartErrors::write(const std::shared_ptr<log::Output>& to, log::Level level, base::WallTime when,
                        const log::Event& event) {
  if (report_.heard() && to.get() == daemon_log_ && level <= log::Level::error) {
    const std::string line = log::text_of(event);
    const std::string_view text = line;
    const std::size_t brace = text.starts_with('{') ? text.find("} ") : text.npos;
    report_.say(fmt::format("{}: {}", program_, brace == text.npos ? text : text.substr(brace + 2)));
  }
  sink_.write(to, level, when, event);
}

}  // namespace xsuperd::supervisor
