// SPDX-License-Identifier: MIT
#include "xsuperd/worker/process.hpp"

#include "xsuperd/converse/conversation.hpp"

namespace xsuperd::worker {

int run_worker(int socket_fd, const SandboxOptions& options) {
  return run_worker(socket_fd, options, converse::start);
}

}  // namespace xsuperd::worker
