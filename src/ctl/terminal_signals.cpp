// SPDX-License-Identifier: MIT
#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <csignal>
#include <iterator>

#include "ctl/terminal.hpp"

namespace xsuperd::ctl {

namespace {

/// Whoever makes us ignore one, as nohup(1) does, means it; a signal that is kept back would no longer be ignored.
bool ignored(int signal) {
  struct sigaction now{};
  return ::sigaction(signal, nullptr, &now) == 0 && now.sa_handler == SIG_IGN;
}

}  // namespace

struct TerminalSignals::Mask {
  sigset_t set{};
};

TerminalSignals::TerminalSignals() : before_(std::make_unique<Mask>()) {
  sigset_t wanted;
  ::sigemptyset(&wanted);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGWINCH})
    if (!ignored(signal)) ::sigaddset(&wanted, signal);
  ::sigprocmask(SIG_BLOCK, &wanted, &before_->set);
  signals_.reset(::signalfd(-1, &wanted, SFD_CLOEXEC | SFD_NONBLOCK));
  // Without it they shall at least have the effect that they always have.
  if (!signals_) ::sigprocmask(SIG_SETMASK, &before_->set, nullptr);
}

TerminalSignals::~TerminalSignals() { ::sigprocmask(SIG_SETMASK, &before_->set, nullptr); }

int TerminalSignals::next() {
  signalfd_siginfo info{};
  return ::read(signals_.get(), &info, sizeof info) == sizeof info ? static_cast<int>(info.ssi_signo) : 0;
}

Woken wait_at(Terminal& terminal, TerminalSignals& signals, pollfd other, std::chrono::milliseconds patience,
              const std::function<bool(Press)>& press) {
  pollfd all[]{{terminal.descriptor(), POLLIN, 0}, {signals.descriptor(), POLLIN, 0}, other};
  // Interrupted, as after the program was stopped and goes on, it is drawn again.
  if (::poll(all, std::size(all), static_cast<int>(patience.count())) <= 0) return {};
  Woken woken{.other = all[2].revents != 0};
  while (const int signal = all[1].revents != 0 ? signals.next() : 0)
    if (signal == SIGWINCH)
      terminal.adapt();
    else
      woken.ending = Ending{signal};
  if (!woken.ending && (all[0].revents & (POLLHUP | POLLERR | POLLNVAL)) != 0) woken.ending = Ending{};
  if (woken.ending || all[0].revents == 0) return woken;
  for (Press one = terminal.press(); one.key != Key::none && press(one); one = terminal.press()) {
  }
  return woken;
}

int exit_after(Ending ending) {
  if (ending.signal == 0) return 0;
  std::signal(ending.signal, SIG_DFL);  // ncurses has put a handler of its own there
  ::raise(ending.signal);
  return 128 + ending.signal;
}

}  // namespace xsuperd::ctl
