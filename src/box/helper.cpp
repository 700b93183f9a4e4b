// SPDX-License-Identifier: MIT
#include "xsuperd/box/helper.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "box/groups.hpp"
#include "box/keeper.hpp"
#include "box/messages.hpp"
#include "box/namespaces.hpp"

namespace xsuperd::box {

namespace {

class Helper {
 public:
  explicit Helper(int socket) : socket_(socket) {}
  int run();

 private:
  struct Known {
    Mould mould;
    std::optional<MouldSpaces> spaces = std::nullopt;
    base::Fd hanging = {};  ///< pidfd of a process that lays out its files and does not get through
  };
  struct Living {
    void* room = nullptr;
    base::Fd network = {};  ///< to be lent again
  };

  [[nodiscard]] bool begin();
  bool take_request();
  void handle(const Request& request, const std::string& bytes);
  void forget(std::uint32_t number);
  void make_boxes(std::uint32_t number, std::uint32_t count);
  [[nodiscard]] Trouble make_box(Known& known, std::vector<base::Fd>& descriptors);
  [[nodiscard]] Trouble make_box_in(Known& known, std::vector<base::Fd>& descriptors);
  [[nodiscard]] Trouble make_group(const Mould& mould, Groups::Group& group);
  void for_each_path(std::string_view paths, void (Groups::*what)(const std::string&));
  [[nodiscard]] Trouble start(const Known& known, base::Fd network, std::vector<base::Fd>& descriptors);
  [[nodiscard]] Trouble add_views(const Mould& mould, pid_t pid, int ready, std::vector<base::Fd>& descriptors) const;
  bool deliver(std::uint32_t number, std::uint32_t count, const std::vector<base::Fd>& descriptors);
  void refuse(std::uint32_t number, std::uint32_t count, const Trouble& trouble);
  void reap();

  const int socket_;
  bool broken_ = false;  ///< an answer did not get through
  Namespaces namespaces_;
  Rooms rooms_;
  Groups groups_{::getppid()};
  std::vector<std::uint32_t> made_;  ///< numbers of control groups, of boxes that are about to be delivered
  base::Fd alive_, end_;  ///< a pipe whose writing end nobody else has
  std::unordered_map<std::uint32_t, Known> moulds_;
  std::unordered_map<pid_t, Living> living_;
};

bool Helper::begin() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return false;
  alive_.reset(ends[0]);
  end_.reset(ends[1]);
  return !namespaces_.begin().happened();
}

int Helper::run() {
  if (!begin()) return 1;
  constexpr int while_any_live = 1000;  // milliseconds; what ended ones leave behind is taken away at the next request, or so late
  while (true) {
    pollfd request{socket_, POLLIN, 0};
    const int rest = groups_.rest();
    const int ready = ::poll(&request, 1, rest >= 0 ? rest : living_.empty() ? -1 : while_any_live);
    reap();
    if (groups_.rest() == 0) groups_.tend();
    if (ready > 0 && !take_request()) return groups_.end(), 0;
    if (broken_) return 1;  // the daemon starts another, and these boxes end with us
  }
}

bool Helper::take_request() {
  Request request;
  std::string bytes;
  switch (receive_request(socket_, request, bytes)) {
    case Received::nothing: return true;
    case Received::short_of_descriptors:
    case Received::end: return false;
    case Received::one: break;
  }
  handle(request, bytes);
  return true;
}

void Helper::handle(const Request& request, const std::string& bytes) {
  switch (request.kind) {
    case Request::Kind::mould:
      if (auto mould = decode_mould(bytes)) moulds_[request.mould] = Known{std::move(*mould)};
      return;
    case Request::Kind::box:
      make_boxes(request.mould, request.boxes);
      return (void)namespaces_.go_home();  // what is in the last box ends with it, and not with the next one that is made
    case Request::Kind::forget: return forget(request.mould);
    case Request::Kind::kill: return for_each_path(bytes, &Groups::kill);
    case Request::Kind::drop: return for_each_path(bytes, &Groups::drop);
  }
}

void Helper::forget(std::uint32_t number) {
  const auto node = moulds_.extract(number);
  if (node) groups_.forget(node.mapped().mould);
  if (moulds_.empty()) namespaces_.drop_networks();
}

void Helper::for_each_path(std::string_view paths, void (Groups::*what)(const std::string&)) {
  if (!groups_.begun() && namespaces_.go_home().happened()) return;
  while (!paths.empty()) {
    const auto end = std::min(paths.find('\0'), paths.size());
    (groups_.*what)(std::string(paths.substr(0, end)));
    paths.remove_prefix(std::min(end + 1, paths.size()));
  }
}

/// Those that have ended: nothing runs on their memory any more, and what was lent to them is free.
void Helper::reap() {
  while (!living_.empty()) {
    const pid_t pid = ::waitpid(-1, nullptr, WNOHANG);
    if (pid <= 0 && !(pid == -1 && errno == EINTR)) return;
    const auto ended = living_.find(pid);
    if (ended == living_.end()) continue;
    rooms_.give(ended->second.room);
    if (ended->second.network && !moulds_.empty()) namespaces_.take_back(std::move(ended->second.network));
    living_.erase(ended);
  }
}

/// Boxes that are used once travel together, as many as a message has room for.
void Helper::make_boxes(std::uint32_t number, std::uint32_t count) {
  const auto found = moulds_.find(number);
  if (found == moulds_.end()) return refuse(number, count, {EINVAL, "finding the mould"});
  Known& known = found->second;
  const std::uint32_t together = known.mould.reuse ? 1 : most_reply_descriptors / descriptors_of(known.mould);
  while (count > 0) {
    std::vector<base::Fd> descriptors;
    std::uint32_t made = 0;
    made_.clear();
    Trouble trouble;
    while (made < std::min(count, together) && !trouble.happened())
      if (trouble = make_box(known, descriptors); !trouble.happened()) ++made;
    if (made > 0 && !deliver(number, made, descriptors)) return (void)(broken_ = true);
    count -= made;
    if (trouble.happened()) return refuse(number, count, trouble);
  }
}

Trouble Helper::make_group(const Mould& mould, Groups::Group& group) {
  if (!mould.has_group()) return {};
  if (!groups_.begun())
    if (Trouble trouble = namespaces_.go_home(); trouble.happened()) return trouble;
  return groups_.make(mould, group);
}

Trouble Helper::make_box(Known& known, std::vector<base::Fd>& descriptors) {
  Groups::Group group;
  if (Trouble trouble = make_group(known.mould, group); trouble.happened()) return trouble;
  Trouble trouble = make_box_in(known, descriptors);
  if (!group.directory) return trouble;
  if (trouble.happened()) return groups_.drop(group.path), trouble;
  descriptors.push_back(std::move(group.directory));
  made_.push_back(group.number);
  return trouble;
}

Trouble Helper::make_box_in(Known& known, std::vector<base::Fd>& descriptors) {
  if (!known.spaces) {
    MouldSpaces spaces;
    if (Trouble trouble = namespaces_.make(known.mould, spaces, known.hanging); trouble.happened()) return trouble;
    known.spaces = std::move(spaces);
  }
  base::Fd network;
  if (Trouble trouble = namespaces_.enter_new_box(known.mould, *known.spaces, network); trouble.happened()) return trouble;
  return start(known, std::move(network), descriptors);
}

Trouble Helper::start(const Known& known, base::Fd network, std::vector<base::Fd>& descriptors) {
  const Mould& mould = known.mould;
  int ready[2] = {-1, -1};
  const bool proc = mould.reuse && mould.pids;
  if (proc && ::pipe2(ready, O_CLOEXEC) != 0) return {errno, "making a pipe"};
  const base::Fd told(ready[0]);
  base::Fd tells(ready[1]);
  int error = 0;
  Keeper keeper = start_keeper({mould.pids, mould.apart, alive_.get(), proc ? mould.proc_options() : nullptr, tells.get()}, rooms_, error);
  if (error != 0) return {error, "making a process"};
  tells.reset();
  const bool lent = mould.network == Mould::Own::lent;
  living_.emplace(keeper.pid, Living{keeper.room, lent ? std::move(network) : base::Fd()});
  descriptors.push_back(std::move(keeper.process));
  return proc ? add_views(mould, keeper.pid, told.get(), descriptors) : Trouble{};
}

/// For whoever looks whether a box is as new.
Trouble Helper::add_views(const Mould& mould, pid_t pid, int ready, std::vector<base::Fd>& descriptors) const {
  char byte = 0;
  Trouble trouble;
  if (::read(ready, &byte, 1) != 1) trouble = {EIO, "mounting /proc"};
  if (!trouble.happened() && mould.tmp) {
    descriptors.push_back(namespaces_.open_of(pid, "root/tmp", O_PATH | O_DIRECTORY));
    if (!descriptors.back()) trouble = {errno, "opening /tmp of the box"};
  }
  if (!trouble.happened()) {
    descriptors.push_back(namespaces_.open_of(pid, "root/proc", O_RDONLY | O_DIRECTORY));
    if (!descriptors.back()) trouble = {errno, "opening /proc of the box"};
  }
  if (trouble.happened()) {
    ::kill(pid, SIGKILL);
    descriptors.clear();
  }
  return trouble;
}

bool Helper::deliver(std::uint32_t number, std::uint32_t count, const std::vector<base::Fd>& descriptors) {
  std::vector<int> numbers;
  for (const base::Fd& one : descriptors) numbers.push_back(one.get());
  Reply reply{.mould = number, .boxes = count};
  std::ranges::copy(made_, reply.groups);
  return send_reply(socket_, reply, numbers) == 0;
}

void Helper::refuse(std::uint32_t number, std::uint32_t count, const Trouble& trouble) {
  Reply reply{.mould = number, .boxes = count, .error = trouble.error == 0 ? EIO : trouble.error};
  std::snprintf(reply.what, sizeof reply.what, "%s", trouble.what.c_str());
  (void)send_reply(socket_, reply);
}

void prepare(int socket) {
  ::prctl(PR_SET_NAME, helper_name.data());
  ::prctl(PR_SET_DUMPABLE, 0);
  // As for the workers: what says what the daemon should do is for the daemon alone.
  for (const int number : {SIGHUP, SIGINT, SIGQUIT, SIGUSR1, SIGUSR2, SIGTERM, SIGPIPE}) std::signal(number, SIG_IGN);
  std::signal(SIGCHLD, SIG_DFL);
  if (socket > 0) ::syscall(SYS_close_range, 0, socket - 1, 0);
  ::syscall(SYS_close_range, socket + 1, ~0U, 0);
  ::fcntl(socket, F_SETFD, FD_CLOEXEC);
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) == 0) {
    files.rlim_cur = files.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &files);
  }
  ::setsid();
}

}  // namespace

int run_box_helper(int socket) {
  prepare(socket);
  return Helper(socket).run();
}

}  // namespace xsuperd::box
