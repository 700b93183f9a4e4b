// SPDX-License-Identifier: MIT
#include "xsuperd/spawn/helper_process.hpp"

#include <fmt/format.h>
#include <sys/socket.h>

#include <cerrno>
#include <utility>
#include <variant>

#include "xsuperd/box/helper.hpp"

namespace xsuperd::spawn {

base::Result<HelperProcess> start_helper(Spawner& spawner, std::shared_ptr<const Recipe> recipe, std::string_view name) {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
    return base::system_error(errno, fmt::format("can't create a socket for {}", name));
  base::Fd ours(ends[0]);
  base::Fd its(ends[1]);
  auto outcome = spawner.start(Job{0, std::move(recipe), std::move(its), {}}, Spawner::Load::at_once);
  if (outcome)
    if (auto* started = std::get_if<Started>(&*outcome)) return HelperProcess{std::move(ours), std::move(started->pidfd), started->pid};
  const auto* failed = outcome ? std::get_if<StartFailed>(&*outcome) : nullptr;
  return base::system_error(failed ? failed->error : EAGAIN, fmt::format("can't start {}", name));
}

base::Result<box::BoxHelper> start_box_helper(Spawner& spawner) {
  auto recipe = std::make_shared<Recipe>();
  recipe->path = "/proc/self/exe";
  recipe->argv = {std::string(box::helper_name)};
  recipe->remote_host = false;
  auto helper = start_helper(spawner, std::move(recipe), "the helper that makes boxes");
  if (!helper) return helper.error();
  return box::BoxHelper{std::move(helper->socket), std::move(helper->process)};
}

}  // namespace xsuperd::spawn
