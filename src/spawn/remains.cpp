// SPDX-License-Identifier: MIT
#include "spawn/remains.hpp"

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
/// For each some microseconds.
constexpr int processes_a_turn = 128;

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

LivingGroups::LivingGroups(std::set<pid_t> groups) : groups_(std::move(groups)), proc_(::opendir("/proc"), ::closedir) {}

bool LivingGroups::go_on() {
  for (int i = 0; proc_ && i < processes_a_turn; ++i) {
    const dirent* entry = ::readdir(proc_.get());
    if (!entry) return false;
    if (std::isdigit(static_cast<unsigned char>(entry->d_name[0])) == 0) continue;
    const pid_t group = group_of(::dirfd(proc_.get()), entry->d_name);
    told_ = told_ || group != 0;
    if (groups_.contains(group)) living_.insert(group);
  }
  return proc_ != nullptr;
}

bool LivingGroups::empty(pid_t group) const { return told_ && groups_.contains(group) && !living_.contains(group); }

void Remains::take(pid_t leader, base::Fd pidfd, Clock::time_point until) {
  if (Clock::now() >= until) return end_group(leader, pidfd);
  groups_.push_back({leader, std::move(pidfd), until});
  if (!alarm_.is_set()) alarm_.set(first_look);
}

bool Remains::holds(pid_t leader) const {
  return std::any_of(groups_.begin(), groups_.end(), [leader](const Group& group) { return group.leader == leader; });
}

void Remains::look() {
  if (groups_.empty()) return;
  alarm_.set(look_again);  // first: what follows takes memory
  if (!scan_) {
    std::set<pid_t> leaders;
    for (const Group& group : groups_) leaders.insert(group.leader);
    scan_ = std::make_unique<LivingGroups>(std::move(leaders));
  }
  if (scan_->go_on()) return alarm_.set(0ms);
  const auto scan = std::move(scan_);
  const auto now = Clock::now();
  std::erase_if(groups_, [&](const Group& group) {
    if (!is_ours_still(group.pidfd, group.leader)) return true;
    const bool over = now >= group.until;
    if (!scan->empty(group.leader) && !over) return false;
    over ? end_group(group.leader, group.pidfd) : reap(group.pidfd);
    return true;
  });
  tell_if_gone();
}

void Remains::end() {
  if (groups_.empty()) return;
  for (const Group& group : groups_)
    if (is_ours_still(group.pidfd, group.leader)) end_group(group.leader, group.pidfd);
  groups_.clear();
  tell_if_gone();
}

void Remains::tell_if_gone() {
  if (!groups_.empty()) return;
  scan_.reset();
  alarm_.cancel();
  if (on_gone) on_gone();
}

void Remains::abandon() {
  groups_.clear();
  scan_.reset();
  alarm_.cancel();
  on_gone = {};
}

}  // namespace xsuperd::spawn
