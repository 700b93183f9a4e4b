// SPDX-License-Identifier: MIT
#include "xsuperd/box/helper.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "box/keeper.hpp"
#include "box/layout.hpp"
#include "box/messages.hpp"
#include "box/root_maker.hpp"

namespace xsuperd::box {

namespace {

struct Trouble {
  int error = 0;
  std::string what;
};

base::Fd open_of(pid_t pid, const char* what, int flags) {
  return base::Fd(::open(("/proc/" + std::to_string(pid) + "/" + what).c_str(), flags | O_CLOEXEC));
}

/// The namespaces that all boxes of a mould begin with.
struct MouldSpaces {
  base::Fd mounts, ipc;
};

/// What a mould's process writes when it is through.
struct MouldReport {
  int error = 0;
  char what[200] = {};
};

/// In a process of its own: makes the namespaces, reports, and keeps them until the helper has them.
[[noreturn]] void be_mould(const Mould& mould, int report_to) {
  MouldReport report;
  const int kinds = (mould.has_mounts() ? CLONE_NEWNS : 0) | (mould.ipc == Mould::Own::lent ? CLONE_NEWIPC : 0);
  if (::unshare(kinds) != 0) {
    report.error = errno;
    std::snprintf(report.what, sizeof report.what, "making namespaces");
  } else if (mould.has_mounts()) {
    const RootTrouble trouble = make_root(mould);
    report.error = trouble.error;
    std::snprintf(report.what, sizeof report.what, "%s", trouble.what.c_str());
  }
  if (::write(report_to, &report, sizeof report) == sizeof report) ::pause();  // until it is killed
  ::_exit(0);
}

class Helper {
 public:
  explicit Helper(int socket) : socket_(socket) {}
  int run();

 private:
  struct Known {
    Mould mould;
    std::optional<MouldSpaces> spaces;
  };
  struct Living {
    std::unique_ptr<Keeper> keeper;
    base::Fd network;  ///< to be lent again
  };

  bool take_request();
  void handle(const Request& request, const std::string& bytes);
  void make_box(const Request& request);
  void deliver(const Request& request, Known& known, std::unique_ptr<Keeper> keeper, base::Fd network);
  void refuse(const Request& request, const Trouble& trouble);
  Trouble make_spaces(Known& known);
  base::Fd network_for(const Mould& mould, Trouble& trouble);
  void reap();

  const int socket_;
  std::unordered_map<std::uint32_t, Known> moulds_;
  std::unordered_map<pid_t, Living> living_;
  std::vector<base::Fd> networks_;  ///< nobody is in them
};

int Helper::run() {
  constexpr int while_any_live = 1000;  // milliseconds; what ended ones leave behind is taken away at the next request, or so late
  while (true) {
    pollfd request{socket_, POLLIN, 0};
    const int ready = ::poll(&request, 1, living_.empty() ? -1 : while_any_live);
    reap();
    if (ready > 0 && !take_request()) return 0;
  }
}

bool Helper::take_request() {
  Request request;
  std::string bytes;
  switch (receive_request(socket_, request, bytes)) {
    case Received::nothing: return true;
    case Received::end: return false;
    case Received::one: break;
  }
  handle(request, bytes);
  return true;
}

void Helper::handle(const Request& request, const std::string& bytes) {
  switch (request.kind) {
    case Request::Kind::mould:
      if (auto mould = decode_mould(bytes)) moulds_[request.mould] = {std::move(*mould), std::nullopt};
      return;
    case Request::Kind::box: return make_box(request);
    case Request::Kind::forget: moulds_.erase(request.mould); return;
  }
}

/// Those that have ended: nothing runs on their memory any more, and what was lent to them is free.
void Helper::reap() {
  while (true) {
    const pid_t pid = ::waitpid(-1, nullptr, WNOHANG);
    if (pid <= 0 && !(pid == -1 && errno == EINTR)) return;
    const auto ended = living_.find(pid);
    if (ended == living_.end()) continue;
    if (ended->second.network) networks_.push_back(std::move(ended->second.network));
    living_.erase(ended);
  }
}

void Helper::refuse(const Request& request, const Trouble& trouble) {
  Reply reply{.id = request.id, .error = trouble.error == 0 ? EIO : trouble.error};
  std::snprintf(reply.what, sizeof reply.what, "%s", trouble.what.c_str());
  (void)send_reply(socket_, reply);
}

void Helper::make_box(const Request& request) {
  const auto found = moulds_.find(request.mould);
  if (found == moulds_.end()) return refuse(request, {EINVAL, "finding the mould"});
  Known& known = found->second;
  if (Trouble trouble = make_spaces(known); trouble.error != 0) return refuse(request, trouble);
  Trouble trouble;
  base::Fd network = network_for(known.mould, trouble);
  if (trouble.error != 0) return refuse(request, trouble);
  const Layout layout = layout_of(known.mould);
  auto keeper = std::make_unique<Keeper>(KeeperOrder{.mounts = known.spaces->mounts.get(),
                                                     .network = network.get(),
                                                     .ipc = known.spaces->ipc.get(),
                                                     .fresh_ipc = known.mould.ipc == Mould::Own::fresh,
                                                     .pids = known.mould.pids,
                                                     .own = layout.own,
                                                     .apart = known.mould.apart});
  if (keeper->error() != 0) return refuse(request, {keeper->error(), step_text(keeper->failed_step())});
  deliver(request, known, std::move(keeper), std::move(network));
}

void Helper::deliver(const Request& request, Known& known, std::unique_ptr<Keeper> keeper, base::Fd network) {
  const pid_t pid = keeper->pid();
  const base::Fd pidfd = keeper->take_pidfd();
  const bool lent = known.mould.network == Mould::Own::lent;
  living_.emplace(pid, Living{std::move(keeper), lent ? std::move(network) : base::Fd()});
  std::vector<base::Fd> views;
  std::vector<int> descriptors{pidfd.get()};
  if (known.mould.reuse) {
    if (known.mould.tmp) views.push_back(open_of(pid, "root/tmp", O_PATH | O_DIRECTORY));
    views.push_back(open_of(pid, "root/proc", O_RDONLY | O_DIRECTORY));
    for (const base::Fd& view : views) descriptors.push_back(view.get());
  }
  const bool complete = std::ranges::all_of(descriptors, [](int number) { return number >= 0; });
  if (complete && send_reply(socket_, {.id = request.id}, descriptors) == 0) return;
  ::kill(pid, SIGKILL);
  if (!complete) refuse(request, {ENOENT, "opening /tmp and /proc of the box"});
}

Trouble Helper::make_spaces(Known& known) {
  if (known.spaces) return {};
  const Mould& mould = known.mould;
  MouldSpaces spaces;
  if (!mould.has_mounts() && mould.ipc != Mould::Own::lent) {
    known.spaces = std::move(spaces);
    return {};
  }
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return {errno, "making a pipe"};
  const base::Fd from(ends[0]);
  base::Fd to(ends[1]);
  const pid_t pid = ::fork();
  if (pid == -1) return {errno, "making a process"};
  if (pid == 0) be_mould(mould, to.get());
  to.reset();
  MouldReport report;
  if (::read(from.get(), &report, sizeof report) != sizeof report) report.error = EIO;
  Trouble trouble{report.error, report.what};
  if (trouble.error == 0) {
    if (mould.has_mounts()) spaces.mounts = open_of(pid, "ns/mnt", O_RDONLY);
    if (mould.ipc == Mould::Own::lent) spaces.ipc = open_of(pid, "ns/ipc", O_RDONLY);
    const bool opened = (!mould.has_mounts() || spaces.mounts) && (mould.ipc != Mould::Own::lent || spaces.ipc);
    if (!opened) trouble = {errno, "opening namespaces in /proc"};
  }
  ::kill(pid, SIGKILL);
  while (::waitpid(pid, nullptr, 0) == -1 && errno == EINTR) {
  }
  if (trouble.error == 0) known.spaces = std::move(spaces);
  return trouble;
}

/// One that nobody is in, or a new one, in which the helper then is itself: it talks to nobody over a network.
base::Fd Helper::network_for(const Mould& mould, Trouble& trouble) {
  if (mould.network == Mould::Own::none) return {};
  if (mould.network == Mould::Own::lent && !networks_.empty()) {
    base::Fd network = std::move(networks_.back());
    networks_.pop_back();
    return network;
  }
  if (::unshare(CLONE_NEWNET) != 0) {
    trouble = {errno, "making a network namespace"};
    return {};
  }
  base::Fd network(::open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC));
  if (!network) trouble = {errno, "opening namespaces in /proc"};
  return network;
}

void prepare(int socket) {
  ::prctl(PR_SET_NAME, helper_name.data());
  ::prctl(PR_SET_DUMPABLE, 0);
  // As for the workers: what says what the daemon should do is for the daemon alone.
  for (const int number : {SIGHUP, SIGINT, SIGQUIT, SIGUSR1, SIGUSR2, SIGTERM, SIGPIPE}) std::signal(number, SIG_IGN);
  std::signal(SIGCHLD, SIG_DFL);
  if (socket > 0) ::syscall(SYS_close_range, 0, socket - 1, 0);
  ::syscall(SYS_close_range, socket + 1, ~0U, 0);
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) == 0) {
    files.rlim_cur = files.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &files);
  }
  ::setsid();
  if (::chdir("/") != 0) return;
}

}  // namespace

int run_box_helper(int socket) {
  prepare(socket);
  ::fcntl(socket, F_SETFD, FD_CLOEXEC);
  return Helper(socket).run();
}

}  // namespace xsuperd::box
