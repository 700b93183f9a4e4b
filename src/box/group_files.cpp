// SPDX-License-Identifier: MIT
#include "box/group_files.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <memory>
#include <vector>

#include "xsuperd/base/text.hpp"

namespace xsuperd::box {

namespace {

std::vector<std::string> directories_in(int directory) {
  std::vector<std::string> names;
  const int copy = ::openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const std::unique_ptr<DIR, int (*)(DIR*)> list(copy >= 0 ? ::fdopendir(copy) : nullptr, ::closedir);
  while (list)
    if (const dirent* entry = ::readdir(list.get()); entry == nullptr)
      break;
    else if (entry->d_type == DT_DIR && entry->d_name[0] != '.')
      names.emplace_back(entry->d_name);
  return names;
}

/// The fourth word of /proc/PID/stat, behind a name that may hold anything.
pid_t parent_of(pid_t pid) {
  const auto stat = read_file(AT_FDCWD, fmt::format("/proc/{}/stat", pid).c_str());
  const auto name_end = stat ? stat->rfind(')') : std::string::npos;
  if (!stat || name_end == std::string::npos) return 0;
  const auto words = base::split_words(std::string_view(*stat).substr(name_end + 1));
  return words.size() > 1 ? static_cast<pid_t>(base::parse_number(words[1], 0, 1 << 30).value_or(0)) : 0;
}

bool comes_from(pid_t pid, pid_t daemon) {
  for (int generations = 0; pid > 1 && generations < 100; ++generations, pid = parent_of(pid))
    if (pid == daemon) return true;
  return pid == daemon;
}

bool is_marked(const std::string& directory) {
  char value[2] = {};
  for (const char* name : {"trusted.delegate", "user.delegate"})
    if (::getxattr(directory.c_str(), name, value, sizeof value) == 1 && value[0] == '1') return true;
  return false;
}

bool has_only(const std::string& directory, pid_t daemon) {
  const auto processes = read_file(AT_FDCWD, (directory + "/cgroup.procs").c_str());
  if (!processes) return false;
  for (const std::string_view word : words_of(*processes)) {
    const auto pid = base::parse_number(word, 0, 1 << 30);
    if (!pid || !comes_from(static_cast<pid_t>(*pid), daemon)) return false;
  }
  return true;
}

bool is_limited(int directory, const char* name) {
  const auto text = read_file(directory, name);
  return text && !text->starts_with("max");
}

bool has_counted(int directory, const char* name, std::string_view what) {
  const auto text = read_file(directory, name);
  return text && counter(*text, what).value_or(0) > 0;
}

/// A machine that has no memory left ends processes, too, and then no limit was met. What the service's group itself has
/// counted is apart from what its boxes have.
void tell_memory(int group, Struck& struck) {
  if (!has_counted(group, "memory.events", "oom_kill")) return;
  struck.memory = has_counted(group, "memory.events", "oom");
  struck.service_memory = !struck.memory && is_limited(group, "../memory.max") && has_counted(group, "../memory.events.local", "oom");
}

/// Older kernels count in the group whose process was refused, whichever group's limit it was.
void tell_tasks(int group, Struck& struck) {
  const auto most = read_file(group, "pids.max");
  const auto peak = read_file(group, "pids.peak");
  const bool own = most && !most->starts_with("max");
  const bool of_service = is_limited(group, "../pids.max");
  const auto number = [](const std::string& text) { return base::parse_number(base::trim(text), 0).value_or(0); };
  const bool reached = own && (!of_service || !peak || number(*peak) >= number(*most));
  (reached ? struck.tasks : struck.service_tasks) = reached || of_service;
}

}  // namespace

std::optional<std::string> read_file(int directory, const char* name) {
  constexpr std::size_t most = 1 << 20;
  const base::Fd file(::openat(directory, name, O_RDONLY | O_CLOEXEC));
  if (!file) return std::nullopt;
  std::string text;
  char part[4096];
  while (text.size() < most) {
    const ssize_t n = ::read(file.get(), part, sizeof part);
    if (n == 0) return text;
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return std::nullopt;
    text.append(part, static_cast<std::size_t>(n));
  }
  return text;
}

int write_file(int directory, const char* name, std::string_view text) {
  const base::Fd file(::openat(directory, name, O_WRONLY | O_CLOEXEC));
  if (!file) return errno;
  ssize_t n = 0;
  do n = ::write(file.get(), text.data(), text.size());
  while (n == -1 && errno == EINTR);
  return n == -1 ? errno : 0;
}

base::Fd open_directory(int directory, const char* name) { return base::Fd(::openat(directory, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW)); }

std::optional<GroupPlace> own_group() {
  const auto cgroup = read_file(AT_FDCWD, "/proc/self/cgroup");
  const auto mountinfo = read_file(AT_FDCWD, "/proc/self/mountinfo");
  return cgroup && mountinfo ? group_place(*cgroup, *mountinfo) : std::nullopt;
}

bool is_delegated(const GroupPlace& place, pid_t daemon) {
  if (::access(place.directory.c_str(), W_OK) != 0) return false;
  if (place.at_top || is_marked(place.directory)) return true;
  return has_only(place.directory, daemon);
}

Struck struck_in(int group) {
  Struck struck;
  tell_memory(group, struck);
  if (has_counted(group, "pids.events", "max")) tell_tasks(group, struck);
  return struck;
}

std::optional<bool> is_populated(int group) {
  const auto events = read_file(group, "cgroup.events");
  const auto populated = events ? counter(*events, "populated") : std::nullopt;
  return populated ? std::optional(*populated != 0) : std::nullopt;
}

/// To end takes processor time, too: what there is of it must not be shared by all who end. Before Linux 5.14 they are
/// killed one by one: who is born meanwhile is found when this is called again.
void kill_all(int group) {
  (void)write_file(group, "cpu.max", "max");
  if (write_file(group, "cgroup.kill", "1") != ENOENT) return;
  for (const std::string& name : directories_in(group))
    if (const base::Fd below = open_directory(group, name.c_str())) kill_all(below.get());
  const auto processes = read_file(group, "cgroup.procs");
  if (!processes) return;
  for (const std::string_view word : words_of(*processes))
    if (const auto pid = base::parse_number(word, 2, 1 << 30)) ::kill(static_cast<pid_t>(*pid), SIGKILL);
}

bool remove_group(int parent, const char* name) {
  if (::unlinkat(parent, name, AT_REMOVEDIR) == 0 || errno == ENOENT) return true;
  if (const base::Fd group = open_directory(parent, name))
    for (const std::string& below : directories_in(group.get())) (void)remove_group(group.get(), below.c_str());
  return ::unlinkat(parent, name, AT_REMOVEDIR) == 0 || errno == ENOENT;
}

}  // namespace xsuperd::box
