// SPDX-License-Identifier: MIT
#include "box/groups.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <memory>

#include "box/group_files.hpp"
#include "xsuperd/base/text.hpp"

namespace xsuperd::box {

namespace {

constexpr std::chrono::milliseconds first_rest{10}, longest_rest{500};

Trouble made(int parent, const char* name) {
  if (::mkdirat(parent, name, 0755) == 0 || errno == EEXIST) return {};
  return {errno, "making a control group"};
}

Trouble told(int group, const std::vector<GroupText>& texts) {
  for (const GroupText& one : texts)
    if (const int error = write_file(group, one.file.c_str(), one.text); error != 0 && one.file != "memory.oom.group")
      return {error, fmt::format("writing {} of a control group", one.file)};
  return {};
}

/// Once through all that are there. How many could not be moved, and are there still.
Trouble move_all(int from, int to, std::size_t& left) {
  left = 0;
  const auto processes = read_file(from, "cgroup.procs");
  if (!processes) return {EIO, "reading the processes of the control group"};
  for (const std::string_view word : words_of(*processes)) {
    const int error = write_file(to, "cgroup.procs", word);
    if (error != 0 && error != ESRCH) return {error, "moving the daemon's processes into a control group of their own"};
    ++left;
  }
  return {};
}

/// Whoever still has a box of a helper that is gone speaks of it by its number.
std::uint32_t any_number() {
  std::uint32_t number = 0;
  if (::getrandom(&number, sizeof number, GRND_NONBLOCK) != sizeof number) number = static_cast<std::uint32_t>(::getpid());
  return number;
}

}  // namespace

Groups::Groups(pid_t daemon) : daemon_(daemon), last_(any_number()) {}

Trouble Groups::begin() {
  if (boxes_) return {};
  const auto place = own_group();
  if (!place) return {ENOENT, "finding the daemon's control group"};
  if (!is_delegated(*place, daemon_)) return {EPERM, "making control groups: that of the daemon is not delegated to it:"};
  own_ = open_directory(AT_FDCWD, place->directory.c_str());
  if (!own_) return {errno, "opening the daemon's control group"};
  const bool machine = ::faccessat(own_.get(), "cgroup.type", F_OK, 0) != 0;
  if (Trouble trouble = go_into_leaf(own_.get(), machine); trouble.happened()) return trouble;
  remove_stale();
  const std::string name = boxes_name(daemon_);
  if (Trouble trouble = made(own_.get(), name.c_str()); trouble.happened()) return trouble;
  boxes_ = open_directory(own_.get(), name.c_str());
  return boxes_ ? Trouble{} : Trouble{errno, "opening a control group"};
}

/// That of a whole machine may have processes, and its kernel's cannot be moved.
Trouble Groups::go_into_leaf(int own, bool machine) {
  if (machine) return {};
  if (Trouble trouble = made(own, daemon_leaf.data()); trouble.happened()) return trouble;
  const base::Fd leaf = open_directory(own, daemon_leaf.data());
  if (!leaf) return {errno, "opening a control group"};
  constexpr int rounds = 100;  // somebody may be starting processes all the time
  std::size_t left = 1;
  for (int round = 0; round < rounds && left > 0; ++round)
    if (Trouble trouble = move_all(own, leaf.get(), left); trouble.happened()) return trouble;
  return left == 0 ? Trouble{} : Trouble{EBUSY, "moving the daemon's processes into a control group of their own"};
}

/// A daemon with boxes is in the leaf.
bool Groups::lives(std::int64_t daemon) const {
  const auto leaf = read_file(own_.get(), fmt::format("{}/cgroup.procs", daemon_leaf).c_str());
  if (!leaf) return ::kill(static_cast<pid_t>(daemon), 0) == 0 || errno != ESRCH;
  return has_word(*leaf, std::to_string(daemon));
}

/// As far as nobody is in them: a daemon may end and leave its servers alive.
void Groups::remove_stale() {
  const int copy = ::openat(own_.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const std::unique_ptr<DIR, int (*)(DIR*)> list(copy >= 0 ? ::fdopendir(copy) : nullptr, ::closedir);
  while (list) {
    const dirent* entry = ::readdir(list.get());
    if (entry == nullptr) break;
    const auto daemon = daemon_of(entry->d_name);
    if (!daemon || *daemon == daemon_ || lives(*daemon)) continue;
    (void)remove_group(own_.get(), entry->d_name);
  }
}

Trouble Groups::enable_in(int group, std::string_view controller) {
  const int error = write_file(group, "cgroup.subtree_control", fmt::format("+{}", controller));
  return error == 0 ? Trouble{} : Trouble{error, fmt::format("enabling the controller {} for control groups", controller)};
}

Trouble Groups::enable(const Mould& mould) {
  for (const std::string_view controller : controllers_for(mould)) {
    if (enabled_.contains(controller)) continue;
    for (const int group : {own_.get(), boxes_.get()})
      if (Trouble trouble = enable_in(group, controller); trouble.happened()) return trouble;
    enabled_.emplace(controller);
  }
  return {};
}

Trouble Groups::make_service(const Mould& mould) {
  forgotten_.erase(mould.service);
  auto found = std::ranges::find(services_, mould.service, &Service::id);
  if (found == services_.end()) {
    const std::string name = service_name(mould.service);
    if (Trouble trouble = made(boxes_.get(), name.c_str()); trouble.happened()) return trouble;
    Service service{.id = mould.service, .directory = open_directory(boxes_.get(), name.c_str())};
    if (!service.directory) return {errno, "opening a control group"};
    found = services_.insert(services_.end(), std::move(service));
  }
  for (const std::string_view controller : controllers_for(mould)) {
    if (std::ranges::find(found->controllers, controller) != found->controllers.end()) continue;
    if (Trouble trouble = enable_in(found->directory.get(), controller); trouble.happened()) return trouble;
    found->controllers.emplace_back(controller);
  }
  if (found->amounts == mould.together) return {};
  if (Trouble trouble = told(found->directory.get(), changed_limit_texts(found->amounts, mould.together)); trouble.happened()) return trouble;
  found->amounts = mould.together;
  return {};
}

Trouble Groups::make(const Mould& mould, Group& to) {
  if (Trouble trouble = begin(); trouble.happened()) return trouble;
  if (Trouble trouble = enable(mould); trouble.happened()) return trouble;
  if (mould.together.any())
    if (Trouble trouble = make_service(mould); trouble.happened()) return trouble;
  const std::string_view service = mould.together.any() ? std::string_view(mould.service) : std::string_view();
  do {
    to.number = ++last_;
    to.path = box_path(service, to.number);
    if (::mkdirat(boxes_.get(), to.path.c_str(), 0755) == 0) break;
    if (errno != EEXIST) return {errno, "making a control group"};
  } while (true);
  to.directory = open_directory(boxes_.get(), to.path.c_str());
  Trouble trouble = to.directory ? told(to.directory.get(), limit_texts(mould.each, true)) : Trouble{errno, "opening a control group"};
  if (trouble.happened()) drop(to.path);
  return trouble;
}

void Groups::kill(const std::string& path) {
  if (!is_box_path(path) || begin().happened()) return;
  if (const base::Fd group = open_directory(boxes_.get(), path.c_str())) kill_all(group.get());
}

void Groups::drop(const std::string& path) {
  if (!is_box_path(path) || begin().happened()) return;
  const base::Fd group = open_directory(boxes_.get(), path.c_str());
  if (!group) return;
  if (is_populated(group.get()).value_or(true)) kill_all(group.get());
  if (remove_group(boxes_.get(), path.c_str())) return remove_forgotten();
  dying_.push_back(path);
  rest_ = first_rest;
  next_ = std::min(next_, Clock::now() + rest_);
}

void Groups::forget(const Mould& mould) {
  if (!mould.together.any() || !boxes_) return;
  forgotten_.insert(mould.service);
  remove_forgotten();
}

/// Those that have boxes still stay.
void Groups::remove_forgotten() {
  std::erase_if(forgotten_, [this](const std::string& id) {
    if (::unlinkat(boxes_.get(), service_name(id).c_str(), AT_REMOVEDIR) != 0 && errno != ENOENT) return false;
    std::erase_if(services_, [&](const Service& one) { return one.id == id; });
    return true;
  });
}

int Groups::rest() const {
  if (dying_.empty()) return -1;
  return static_cast<int>(std::max(std::chrono::ceil<std::chrono::milliseconds>(next_ - Clock::now()), std::chrono::milliseconds(0)).count());
}

void Groups::tend() {
  std::erase_if(dying_, [this](const std::string& path) {
    if (remove_group(boxes_.get(), path.c_str())) return true;
    if (const base::Fd group = open_directory(boxes_.get(), path.c_str())) kill_all(group.get());
    return false;
  });
  remove_forgotten();
  rest_ = std::min(rest_ * 2, longest_rest);
  next_ = dying_.empty() ? Clock::time_point::max() : Clock::now() + rest_;
}

void Groups::end() {
  if (!boxes_) return;
  constexpr int tries = 50;  // what has been killed is still ending
  for (int i = 0; i < tries && !dying_.empty(); ++i) {
    tend();
    if (!dying_.empty()) ::usleep(10'000);
  }
  (void)remove_group(own_.get(), boxes_name(daemon_).c_str());
}

}  // namespace xsuperd::box
