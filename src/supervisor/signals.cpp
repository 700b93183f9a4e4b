// SPDX-License-Identifier: MIT
#include "supervisor/signals.hpp"

#include <sys/signalfd.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <system_error>

#include "xsuperd/loop/watch.hpp"

namespace xsuperd::supervisor {

namespace {
base::Fd open_signalfd(bool with_sigchld) {
  sigset_t all;
  ::sigfillset(&all);
  if (!with_sigchld) ::sigdelset(&all, SIGCHLD);
  base::Fd fd(::signalfd(-1, &all, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!fd) throw std::system_error(errno, std::generic_category(), "signalfd");
  return fd;
}
}  // namespace

struct Signals::Impl {
  Impl(boost::asio::io_context& loop, std::function<void(int)> handler, bool with_sigchld)
      : fd(open_signalfd(with_sigchld)), on_signal(std::move(handler)), watch(loop, fd.get(), [this] { take(); }) {
    watch.wait();
  }

  void take() {
    signalfd_siginfo info{};
    while (::read(fd.get(), &info, sizeof info) == static_cast<ssize_t>(sizeof info))
      on_signal(static_cast<int>(info.ssi_signo));
    watch.wait();
  }

  base::Fd fd;
  std::function<void(int)> on_signal;
  loop::Watch watch;
};

Signals::Signals(boost::asio::io_context& loop, std::function<void(int)> on_signal, bool with_sigchld)
    : impl_(std::make_unique<Impl>(loop, std::move(on_signal), with_sigchld)) {}
Signals::~Signals() = default;

}  // namespace xsuperd::supervisor
