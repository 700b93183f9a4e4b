// SPDX-License-Identifier: MIT
#include "spawn/remains.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <utility>

namespace xsuperd::spawn {

namespace {

using namespace std::chrono_literals;

constexpr std::chrono::milliseconds first_look{10};
constexpr std::chrono::milliseconds look_again{100};

/// The group of a process that is not dead, or 0: the third word behind the name, which may hold anything (proc(5)).
pid_t group_of(int proc, const char* process) {
  const std::string path = std::string(process) + "/stat";
  const base::Fd fd(::openat(proc, path.c_str(), O_RDONLY | O_CLOEXEC));
  char text[512]{};
  if (!fd || ::read(fd.get(), text, sizeof text - 1) <= 0) return 0;
  const char* behind = std::strrchr(text, ')');
  char state = 0;
  int parent = 0;
  int group = 0;
  if (!behind || std::sscanf(behind + 1, " %c %d %d", &state, &parent, &group) != 3) return 0;
  return state == 'Z' || state == 'X' ? 0 : group;
}

void reap(const base::Fd& pidfd) {
  siginfo_t info{};
  while (::waitid(P_PIDFD, static_cast<id_t>(pidfd.get()), &info, WEXITED | WNOHANG) == -1 && errno == EINTR) {
  }
}

void end_group(pid_t leader, const base::Fd& pidfd) {
  if (leader > 1) ::kill(-leader, SIGKILL);
  reap(pidfd);
}

/// Somebody else may have taken it away.
bool is_ours_still(const base::Fd& pidfd, pid_t leader) {
  siginfo_t info{};
  const int answer = ::waitid(P_PIDFD, static_cast<id_t>(pidfd.get()), &info, WEXITED | WNOHANG | WNOWAIT);
  return answer == 0 && info.si_pid == leader;
}

}  // namespace

std::set<pid_t> living_groups(const std::set<pid_t>& groups) {
  const std::unique_ptr<DIR, int (*)(DIR*)> proc(::opendir("/proc"), ::closedir);
  if (!proc) return groups;
  std::set<pid_t> living;
  bool told = false;
  while (const dirent* entry = ::readdir(proc.get())) {
    if (std::isdigit(static_cast<unsigned char>(entry->d_name[0])) == 0) continue;
    const pid_t group = group_of(::dirfd(proc.get()), entry->d_name);
    told = told || group != 0;
    if (groups.contains(group)) living.insert(group);
  }
  return told ? living : groups;
}

void Remains::take(pid_t leader, base::Fd pidfd, Clock::time_point until) {
  if (Clock::now() >= until) return end_group(leader, pidfd);
  groups_.push_back({leader, std::move(pidfd), until});
  look_later(first_look);
}

bool Remains::holds(pid_t leader) const {
  return std::any_of(groups_.begin(), groups_.end(), [leader](const Group& group) { return group.leader == leader; });
}

void Remains::look_later(std::chrono::milliseconds pause) {
  if (std::exchange(waiting_, true)) return;
  timer_.expires_after(pause);
  timer_.async_wait([weak = weak_from_this()](boost::system::error_code) {
    const auto self = weak.lock();
    if (!self) return;
    self->waiting_ = false;
    self->look();
  });
}

void Remains::look() {
  if (groups_.empty()) return;
  std::set<pid_t> leaders;
  for (const Group& group : groups_) leaders.insert(group.leader);
  const std::set<pid_t> living = living_groups(leaders);
  const auto now = Clock::now();
  std::erase_if(groups_, [&](const Group& group) {
    if (!is_ours_still(group.pidfd, group.leader)) return true;
    const bool over = now >= group.until;
    if (living.contains(group.leader) && !over) return false;
    over ? end_group(group.leader, group.pidfd) : reap(group.pidfd);
    return true;
  });
  if (!groups_.empty()) return look_later(look_again);
  if (on_gone) on_gone();
}

void Remains::end() {
  for (Group& group : groups_) group.until = Clock::time_point::min();
  look();
}

void Remains::abandon() {
  groups_.clear();
  on_gone = {};
}

}  // namespace xsuperd::spawn
