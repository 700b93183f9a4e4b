// SPDX-License-Identifier: MIT
#include <sys/socket.h>

#include <cerrno>

#include "supervisor/impl.hpp"

namespace xsuperd::supervisor {

/// Our own program under another name, by the spawner like every other process: a fork of this process, with its
/// threads, would be a gamble.
base::Result<net::LibwrapHelper> Supervisor::Impl::start_libwrap_helper() {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
    return base::system_error(errno, "can't create a socket for the libwrap helper");
  base::Fd ours(ends[0]);
  base::Fd its(ends[1]);
  auto recipe = std::make_shared<spawn::Recipe>();
  recipe->path = "/proc/self/exe";
  recipe->argv = {std::string(net::libwrap_program_name)};
  recipe->environment = names.environment();
  recipe->environment.push_back("XSUPERD_WRAP_IDENTITY=" + options.identity.program);
  recipe->environment.push_back("XSUPERD_WRAP_FACILITY=" + std::to_string(options.facility));
  recipe->remote_host = false;
  spawn::Job job{0, std::move(recipe), std::move(its), {}};
  auto outcome = spawner->start(std::move(job), spawn::Spawner::Load::at_once);
  if (outcome)
    if (auto* started = std::get_if<spawn::Started>(&*outcome))
      return net::LibwrapHelper{std::move(ours), std::move(started->pidfd)};
  const auto* failed = outcome ? std::get_if<spawn::StartFailed>(&*outcome) : nullptr;
  return base::system_error(failed ? failed->error : EAGAIN, "can't start the libwrap helper");
}

}  // namespace xsuperd::supervisor
