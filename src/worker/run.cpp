// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <linux/close_range.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <cerrno>
#include <exception>
#include <utility>

#include "worker/channel.hpp"
#include "worker/server.hpp"
#include "xsuperd/base/memory.hpp"
#include "xsuperd/worker/process.hpp"
#include "xsuperd/worker/protocol.hpp"

namespace xsuperd::worker {

namespace {

constexpr int daemon_socket = 3;  // where the worker has it, alone beside 0, 1 and 2
constexpr std::chrono::hours orphan_limit{1};

void close_from(int first) {
  if (::syscall(SYS_close_range, first, ~0U, 0) == 0) return;
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  const int last = static_cast<int>(std::min<rlim_t>(files.rlim_cur, 1 << 20));
  for (int fd = first; fd < last; ++fd) ::close(fd);
}

int serve(base::Fd socket, Starter starter) try {
  boost::asio::io_context loop(1);
  const Server server(loop, std::move(socket), std::move(starter), orphan_limit, [&loop] { loop.stop(); });
  loop.run();
  return 0;
} catch (const std::exception&) {
  // A bug, or no memory. The daemon sees us end, and starts another worker.
  return 1;
}

}  // namespace

base::Result<base::Fd> keep_only(int socket_fd) {
  if (socket_fd == daemon_socket)
    ::fcntl(socket_fd, F_SETFD, FD_CLOEXEC);
  else if (::dup3(socket_fd, daemon_socket, O_CLOEXEC) < 0)
    return base::system_error(errno, "placing the daemon's socket failed");
  base::Fd socket(daemon_socket);
  close_from(daemon_socket + 1);
  const int null = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  if (null < 0) return base::system_error(errno, "opening /dev/null failed");
  for (int fd = 0; fd < 3; ++fd) ::dup2(null, fd);
  if (null > 2) ::close(null);
  return socket;
}

int run_worker(int socket_fd, const SandboxOptions& options, Starter starter) {
  auto socket = keep_only(socket_fd);
  if (!socket) return 1;
  if (const auto entered = enter_sandbox(options); !entered) {
    (void)Channel::send_now(socket->get(), encode(Failed{entered.error().sentence}));
    return 1;
  }
  base::give_back_memory();  // what the filter of system calls took to be made
  return serve(std::move(*socket), std::move(starter));
}

}  // namespace xsuperd::worker
