// SPDX-License-Identifier: MIT
#include "supervisor/orphans.hpp"

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <utility>

namespace xsuperd::supervisor {

namespace {
/// A dead child, left as it is; 0 when there is none.
pid_t dead_child() {
  siginfo_t info{};
  return ::waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0 ? info.si_pid : 0;
}

bool is_dead(pid_t child) {
  siginfo_t info{};
  return ::waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == child;
}

bool reap(pid_t child) {
  siginfo_t info{};
  return ::waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOHANG) == 0 && info.si_pid == child;
}
}  // namespace

std::vector<pid_t> children_of_this_process() {
  namespace fs = std::filesystem;
  std::vector<pid_t> children;
  std::error_code error;
  bool listed = false;  // proc(5): the file is there with CONFIG_PROC_CHILDREN alone
  // A thread that ends meanwhile leaves its children to another; they are seen at the next look.
  for (fs::directory_iterator task("/proc/self/task", error), end; !error && task != end; task.increment(error)) {
    std::ifstream list(task->path() / "children");
    listed = listed || list.is_open();
    for (pid_t child = 0; list >> child;) children.push_back(child);
  }
  if (listed) return children;
  if (const pid_t dead = dead_child(); dead != 0) children.push_back(dead);
  return children;
}

bool Orphans::possible() {
  int subreaper = 0;
  ::prctl(PR_GET_CHILD_SUBREAPER, &subreaper);
  siginfo_t info{};
  const bool children = ::waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0 || errno != ECHILD;
  return ::getpid() == 1 || subreaper != 0 || children;
}

void Orphans::look_soon() {
  if (!soon_.is_set()) soon_.set(std::chrono::milliseconds(500));
}

void Orphans::look() {
  if (dead_child() != 0) look_soon();  // first: what follows takes memory and descriptors
  const std::vector<pid_t> before = std::exchange(suspects_, {});
  for (const pid_t child : children_of_this_process()) {
    if (!is_dead(child) || spared_(child)) continue;
    if (std::find(before.begin(), before.end(), child) == before.end())
      suspects_.push_back(child);
    else if (reap(child))
      on_reaped_(child);
  }
  if (!suspects_.empty() || dead_child() != 0)
    look_soon();
  else
    soon_.cancel();
}

}  // namespace xsuperd::supervisor
