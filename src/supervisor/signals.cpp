// SPDX-License-Identifier: MIT
#include "supervisor/signals.hpp"

#include <sys/signalfd.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <cerrno>
#include <csignal>
#include <system_error>

namespace xsuperd::supervisor {

namespace {
int open_signalfd(bool with_sigchld) {
  sigset_t all;
  ::sigfillset(&all);
  if (!with_sigchld) ::sigdelset(&all, SIGCHLD);
  const int fd = ::signalfd(-1, &all, SFD_CLOEXEC | SFD_NONBLOCK);
  if (fd < 0) throw std::system_error(errno, std::generic_category(), "signalfd");
  return fd;
}
}  // namespace

struct Signals::Impl {
  Impl(boost::asio::io_context& loop, std::function<void(int)> handler, bool with_sigchld)
      : watch(loop, open_signalfd(with_sigchld)), on_signal(std::move(handler)) {
    wait();
  }

  void wait() {
    watch.async_wait(watch.wait_read, [this](boost::system::error_code error) {
      if (error) return;
      signalfd_siginfo info{};
      while (::read(watch.native_handle(), &info, sizeof info) == static_cast<ssize_t>(sizeof info))
        on_signal(static_cast<int>(info.ssi_signo));
      wait();
    });
  }

  boost::asio::posix::stream_descriptor watch;
  std::function<void(int)> on_signal;
};

Signals::Signals(boost::asio::io_context& loop, std::function<void(int)> on_signal, bool with_sigchld)
    : impl_(std::make_unique<Impl>(loop, std::move(on_signal), with_sigchld)) {}
Signals::~Signals() = default;

}  // namespace xsuperd::supervisor
