// SPDX-License-Identifier: MIT
#include "xsuperd/spawn/children.hpp"

#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/unordered/unordered_flat_map.hpp>
#include <cerrno>
#include <csignal>
#include <deque>
#include <optional>
#include <utility>
#include <vector>

#include "spawn/remains.hpp"
#include "xsuperd/base/make_room.hpp"
#include "xsuperd/base/poll_set.hpp"
#include "xsuperd/loop/alarm.hpp"
#include "xsuperd/loop/watch.hpp"

namespace xsuperd::spawn {

namespace {

struct Watch {
  base::Fd pidfd;
  std::uint64_t token = 0;
  pid_t pid = 0;
  std::optional<Remains::Clock::time_point> rest_until;  // it was told to end: its group may live on until then
};

std::chrono::microseconds time_of(const timeval& time) {
  return std::chrono::seconds(time.tv_sec) + std::chrono::microseconds(time.tv_usec);
}

Usage usage_of(const rusage& used) {
  return {time_of(used.ru_utime), time_of(used.ru_stime), static_cast<std::uint64_t>(used.ru_maxrss) * 1024};
}

/// waitid(2) as the kernel has it: the C library's does not tell what the child has used.
int wait_for(int pidfd, siginfo_t& info, int options, rusage& used) {
  return static_cast<int>(::syscall(SYS_waitid, P_PIDFD, pidfd, &info, options, &used));
}

/// Takes the child's status if it has ended. One whose group is looked after stays as it is.
bool reap(const Watch& watch, Ended& ended) {
  const int options = WEXITED | WNOHANG | (watch.rest_until ? WNOWAIT : 0);
  siginfo_t info{};
  rusage used{};
  int answer = 0;
  do {
    answer = wait_for(watch.pidfd.get(), info, options, used);
  } while (answer == -1 && errno == EINTR);
  if (answer == 0 && info.si_pid == 0) return false;
  ended = {.token = watch.token, .pid = watch.pid};
  if (answer == -1) return true;
  ended.signalled = info.si_code != CLD_EXITED;
  ended.value = info.si_status;
  ended.usage = usage_of(used);
  return true;
}

}  // namespace

/// The pidfds are in a set of their own, of which the loop watches the one descriptor: Asio would take a
/// system call more to enter each, to wait for it and to let it go.
struct Children::Impl : std::enable_shared_from_this<Impl> {
  Impl(boost::asio::io_context& the_loop, std::function<void(const Ended&)> handler)
      : loop(the_loop),
        on_end(std::move(handler)),
        set_watch(loop, set.fd(), [this] { set_readable(); }),
        room(loop, [this] { enter_again(); }) {}

  Watch& unused_watch();
  [[nodiscard]] bool enter(std::uint64_t token);
  void enter_later(std::uint64_t token);
  void enter_again();
  void wait();
  void set_readable();
  void look_around();
  void look(std::uint64_t token);
  void forget(Watch& watch);
  void give_up() {
    given_up = true;
    set_watch.stop();
    room.cancel();
  }

  boost::asio::io_context& loop;
  std::function<void(const Ended&)> on_end;
  std::function<void(std::uint64_t)> on_killed;
  base::PollSet set;
  loop::Watch set_watch;
  bool given_up = false;  // on_end is not called any more
  std::vector<std::uint64_t> left_out;  // for whom the set had no room
  loop::Alarm room;
  std::deque<Watch> slab;      // watches never move
  std::vector<Watch*> unused;  // of the slab; as large as it, so that forgetting never allocates
  boost::unordered_flat_map<std::uint64_t, Watch*> running;
  std::shared_ptr<Remains> remains = std::make_shared<Remains>(loop);
};

Watch& Children::Impl::unused_watch() {
  if (unused.empty()) {
    if (unused.capacity() <= slab.size()) unused.reserve(2 * slab.size() + 16);
    unused.push_back(&slab.emplace_back());
  }
  return *unused.back();
}

/// The kernel gets the token: a pidfd may be open in a child that has not executed its program yet, and so be
/// reported after it was closed here.
bool Children::Impl::enter(std::uint64_t token) {
  const auto found = running.find(token);
  if (found == running.end()) return true;
  return set.add(found->second->pidfd.get(), EPOLLIN, token) == 0;
}

/// The kernel lacks memory, or the user may not watch more (epoll(7), max_user_watches): the child runs, and its
/// end is noticed as soon as there is room.
void Children::Impl::enter_later(std::uint64_t token) {
  left_out.push_back(token);
  if (!room.is_set()) room.set(std::chrono::seconds(1));
}

void Children::Impl::enter_again() {
  std::erase_if(left_out, [this](std::uint64_t token) { return enter(token); });
  if (!left_out.empty()) room.set(std::chrono::seconds(1));
}

/// While there are no children nothing is waited for, and the loop may end.
void Children::Impl::wait() {
  if (!given_up && !running.empty()) set_watch.wait();
}

void Children::Impl::set_readable() {
  const auto self = shared_from_this();  // a handler may destroy the Children
  look_around();
  wait();
}

void Children::Impl::look_around() {
  constexpr std::size_t batch = 64;
  const auto look_unless_given_up = [this](std::uint64_t token, std::uint32_t) {
    if (!given_up) look(token);
  };
  while (set.take<batch>(look_unless_given_up) == batch && !given_up) {
  }
}

void Children::Impl::look(std::uint64_t token) {
  const auto found = running.find(token);
  Ended ended;
  if (found == running.end() || !reap(*found->second, ended)) return;
  forget(*found->second);
  on_end(ended);
}

void Children::Impl::forget(Watch& watch) {
  if (watch.rest_until) {
    set.remove(watch.pidfd.get());
    remains->take(watch.pid, std::move(watch.pidfd), *watch.rest_until);
    watch.rest_until.reset();
  }
  watch.pidfd.reset();
  running.erase(watch.token);
  unused.push_back(&watch);
}

Children::Children(boost::asio::io_context& loop, std::function<void(const Ended&)> on_end)
    : impl_(std::make_shared<Impl>(loop, std::move(on_end))) {}

Children::~Children() { impl_->give_up(); }

void Children::expect(std::size_t number) {
  if (number > impl_->slab.size()) {
    impl_->unused.reserve(std::max(number, 2 * impl_->slab.size() + 16));
    while (impl_->slab.size() < number) impl_->unused.push_back(&impl_->slab.emplace_back());
  }
  if (impl_->left_out.capacity() < number) impl_->left_out.reserve(2 * number);
  if (impl_->running.max_load() < number) impl_->running.reserve(2 * number);
}

void Children::watch(std::uint64_t token, pid_t pid, base::Fd pidfd) {
  Watch& watch = impl_->unused_watch();
  watch.pidfd = std::move(pidfd);
  watch.token = token;
  watch.pid = pid;
  watch.rest_until.reset();
  base::make_room(impl_->running);
  impl_->running[token] = &watch;
  impl_->unused.pop_back();
  if (!impl_->enter(token)) impl_->enter_later(token);
  impl_->wait();
}

bool Children::signal(std::uint64_t token, int number, std::chrono::milliseconds patience) {
  const auto found = impl_->running.find(token);
  if (found == impl_->running.end()) return false;
  Watch& watch = *found->second;
  if (::syscall(SYS_pidfd_send_signal, watch.pidfd.get(), number, nullptr, 0U) != 0) return false;
  // It began as the leader of a session, and cannot leave its group. Until it is reaped no other can have its id.
  if (watch.pid > 1) ::kill(-watch.pid, number);
  if (number == SIGKILL && impl_->on_killed) impl_->on_killed(token);
  if (number != SIGTERM && number != SIGKILL) return true;
  const auto until = Remains::Clock::now() + (number == SIGKILL ? std::chrono::milliseconds(0) : patience);
  watch.rest_until = std::min(watch.rest_until.value_or(until), until);
  return true;
}

void Children::on_killed(std::function<void(std::uint64_t)> killed) { impl_->on_killed = std::move(killed); }
std::size_t Children::remains() const { return impl_->remains->size(); }
bool Children::holds(pid_t pid) const { return impl_->remains->holds(pid); }
void Children::end_remains() { impl_->remains->end(); }
void Children::on_remains_gone(std::function<void()> gone) { impl_->remains->on_gone = std::move(gone); }

int Children::pidfd(std::uint64_t token) const {
  const auto found = impl_->running.find(token);
  return found == impl_->running.end() ? -1 : found->second->pidfd.get();
}

std::size_t Children::size() const { return impl_->running.size(); }

void Children::abandon() {
  impl_->remains->abandon();
  impl_->give_up();
  impl_ = std::make_shared<Impl>(impl_->loop, impl_->on_end);
}

}  // namespace xsuperd::spawn
