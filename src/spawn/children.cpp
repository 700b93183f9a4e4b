// SPDX-License-Identifier: MIT
#include "xsuperd/spawn/children.hpp"

#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/unordered/unordered_flat_map.hpp>
#include <cerrno>
#include <deque>
#include <utility>
#include <vector>

namespace xsuperd::spawn {

namespace {

struct Watch {
  explicit Watch(boost::asio::io_context& loop) : pidfd(loop) {}

  boost::asio::posix::stream_descriptor pidfd;
  std::uint64_t token = 0;
  pid_t pid = 0;
};

/// Takes the child's status if it has ended.
bool reap(const Watch& watch, int pidfd, Ended& ended) {
  siginfo_t info{};
  int answer = 0;
  do {
    answer = ::waitid(P_PIDFD, static_cast<id_t>(pidfd), &info, WEXITED | WNOHANG);
  } while (answer == -1 && errno == EINTR);
  if (answer == 0 && info.si_pid == 0) return false;
  ended = {.token = watch.token, .pid = watch.pid};
  if (answer == -1) return true;
  ended.signalled = info.si_code != CLD_EXITED;
  ended.value = info.si_status;
  return true;
}

}  // namespace

struct Children::Impl : std::enable_shared_from_this<Impl> {
  Impl(boost::asio::io_context& the_loop, std::function<void(const Ended&)> handler)
      : loop(the_loop), on_end(std::move(handler)) {}

  Watch& unused_watch();
  void wait(Watch& watch);
  void look(Watch& watch);
  void forget(Watch& watch);

  boost::asio::io_context& loop;
  std::function<void(const Ended&)> on_end;
  std::deque<Watch> slab;      // watches never move
  std::vector<Watch*> unused;  // of the slab; as large as it, so that forgetting never allocates
  boost::unordered_flat_map<std::uint64_t, Watch*> running;
};

Watch& Children::Impl::unused_watch() {
  if (unused.empty()) {
    unused.reserve(slab.size() + 1);
    unused.push_back(&slab.emplace_back(loop));
  }
  return *unused.back();
}

void Children::Impl::wait(Watch& watch) {
  // The slab goes with its owner; a watch is used again only after its wait has ended, so there is never a
  // second.
  watch.pidfd.async_wait(watch.pidfd.wait_read,
                         [owner = weak_from_this(), &watch](const boost::system::error_code& error) {
                           const auto impl = owner.lock();
                           if (impl && !error) impl->look(watch);
                         });
}

void Children::Impl::look(Watch& watch) {
  Ended ended;
  if (!reap(watch, watch.pidfd.native_handle(), ended)) return wait(watch);
  forget(watch);
  on_end(ended);
}

void Children::Impl::forget(Watch& watch) {
  boost::system::error_code ignored;
  watch.pidfd.close(ignored);
  running.erase(watch.token);
  unused.push_back(&watch);
}

Children::Children(boost::asio::io_context& loop, std::function<void(const Ended&)> on_end)
    : impl_(std::make_shared<Impl>(loop, std::move(on_end))) {}

Children::~Children() = default;

void Children::watch(std::uint64_t token, pid_t pid, base::Fd pidfd) {
  Watch& watch = impl_->unused_watch();
  watch.pidfd.assign(pidfd.get());
  (void)pidfd.release();
  watch.token = token;
  watch.pid = pid;
  impl_->running[token] = &watch;
  impl_->unused.pop_back();
  impl_->wait(watch);
}

bool Children::signal(std::uint64_t token, int number) {
  const auto found = impl_->running.find(token);
  if (found == impl_->running.end()) return false;
  return ::syscall(SYS_pidfd_send_signal, found->second->pidfd.native_handle(), number, nullptr, 0U) == 0;
}

int Children::pidfd(std::uint64_t token) const {
  const auto found = impl_->running.find(token);
  return found == impl_->running.end() ? -1 : found->second->pidfd.native_handle();
}

std::size_t Children::size() const { return impl_->running.size(); }

void Children::abandon() { impl_ = std::make_shared<Impl>(impl_->loop, impl_->on_end); }

}  // namespace xsuperd::spawn
