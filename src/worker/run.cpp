// SPDX-License-Identifier: MIT
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <exception>
#include <utility>

#include "worker/channel.hpp"
#include "worker/server.hpp"
#include "xsuperd/base/daemon_socket.hpp"
#include "xsuperd/base/memory.hpp"
#include "xsuperd/worker/process.hpp"
#include "xsuperd/worker/protocol.hpp"

namespace xsuperd::worker {

namespace {

constexpr std::chrono::hours orphan_limit{1};

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

int run_worker(int socket_fd, const SandboxOptions& options, Starter starter) {
  auto socket = base::keep_only(socket_fd);
  if (!socket) return 1;
  if (const auto entered = enter_sandbox(options); !entered) {
    (void)Channel::send_now(socket->get(), encode(Failed{entered.error().sentence}));
    return 1;
  }
  base::give_back_memory();  // what the filter of system calls took to be made
  return serve(std::move(*socket), std::move(starter));
}

}  // namespace xsuperd::worker
