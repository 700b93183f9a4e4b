// SPDX-License-Identifier: MIT
#include "supervisor/manager_link.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <ctime>

#include "xsuperd/base/fd.hpp"
#include "xsuperd/base/text.hpp"
#include "xsuperd/loop/off_loop.hpp"

namespace xsuperd::supervisor {

namespace {

constexpr std::uint64_t no_cookie = 0;

/// A number that no other socket has, however often it was duplicated or handed on.
std::uint64_t cookie_of(int fd) {
  std::uint64_t cookie = 0;
  socklen_t size = sizeof cookie;
  if (::getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &size) != 0) return no_cookie;
  return cookie;
}

std::uint64_t monotonic_microseconds() {
  std::timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000 + static_cast<std::uint64_t>(now.tv_nsec) / 1000;
}

std::string counted(std::size_t count, std::string_view what) {
  return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
}

}  // namespace

std::string status_line(std::size_t services, std::size_t servers, const std::vector<std::string>& failed) {
  constexpr std::size_t named = 5;
  std::string line = fmt::format("{}, {}", counted(services, "service"), counted(servers, "instance"));
  if (failed.empty()) return line;
  line += "; failed:";
  for (std::size_t i = 0; i < failed.size() && i < named; ++i) {
    line += ' ';
    line += base::escaped(failed[i], 64);
  }
  if (failed.size() > named) line += fmt::format(" and {} more", failed.size() - named);
  return line;
}

ManagerLink::ManagerLink(boost::asio::io_context& loop, std::unique_ptr<net::ServiceManager> manager, Terms terms,
                         Asks asks)
    : loop_(loop),
      manager_(std::move(manager)),
      terms_(terms),
      asks_(std::move(asks)),
      status_alarm_(loop, [this] { tell_status(); }),
      store_alarm_(loop, [this] { update_store(); }),
      watchdog_alarm_(loop, [this] { watch(); }) {
  if (manager_) speaker_.emplace(1);
}

ManagerLink::~ManagerLink() {
  if (speaker_) speaker_->join();
}

void ManagerLink::off_loop(std::function<base::Result<void>()> word) {
  loop::off_loop(*speaker_, loop_, std::move(word), [this, alive = std::weak_ptr(alive_)](const base::Result<void>& said) {
    if (said || alive.expired() || std::exchange(complained_, true)) return;
    asks_.on_trouble(said.error().sentence);
  });
}

void ManagerLink::say(std::string lines) {
  off_loop([manager = manager_, lines = std::move(lines)] { return manager->tell(lines); });
}

void ManagerLink::kept_before(const std::vector<Kept>& sockets) {
  for (const Kept& one : sockets) {
    const auto [known, is_new] = kept_.try_emplace(one.name, cookie_of(one.fd));
    if (!is_new) known->second = no_cookie;
  }
}

void ManagerLink::ready() {
  if (!manager_ || ending_) return;
  status_ = asks_.status();
  status_told_ = std::chrono::steady_clock::now();
  // The number is the same after an upgrade, and another one for a daemon that went into the background.
  say(fmt::format("READY=1\nMAINPID={}\nSTATUS={}", ::getpid(), status_));
  update_store();
  if (!std::exchange(begun_, true) && terms_.watchdog) watch();
}

void ManagerLink::reloading() {
  if (!manager_ || ending_) return;
  status_.clear();
  say(fmt::format("RELOADING=1\nMONOTONIC_USEC={}\nSTATUS=Reading the configuration", monotonic_microseconds()));
}

void ManagerLink::stopping() {
  if (!manager_ || std::exchange(ending_, true)) return;
  status_alarm_.cancel();
  store_alarm_.cancel();
  say("STOPPING=1\nSTATUS=Ending the servers");
}

void ManagerLink::changed() {
  if (!manager_ || !begun_ || ending_ || status_alarm_.is_set()) return;
  const auto since = std::chrono::steady_clock::now() - status_told_;
  status_alarm_.set(std::max<std::chrono::milliseconds>(
      status_delay, std::chrono::ceil<std::chrono::milliseconds>(status_pause - since)));
}

void ManagerLink::tell_status() {
  std::string now = asks_.status();
  if (ending_ || now == status_) return;
  status_ = std::move(now);
  status_told_ = std::chrono::steady_clock::now();
  say("STATUS=" + status_);
}

void ManagerLink::sockets_changed() {
  if (!manager_ || !begun_ || ending_ || store_alarm_.is_set()) return;
  store_alarm_.set(store_delay);
}

/// What goes, first: the manager does not take a socket that it has already under another name.
void ManagerLink::update_store() {
  if (ending_) return;
  std::unordered_map<std::string, std::uint64_t> wanted;
  std::vector<Kept> sockets = asks_.sockets();
  for (const Kept& one : sockets) wanted.try_emplace(one.name, cookie_of(one.fd));
  for (const auto& [name, cookie] : kept_) {
    const auto still = wanted.find(name);
    if (still != wanted.end() && still->second == cookie) continue;
    off_loop([manager = manager_, name = name] { return manager->forget(name); });
  }
  for (const Kept& one : sockets) {
    const std::uint64_t cookie = wanted[one.name];
    if (cookie != cookie_of(one.fd)) continue;  // another one has that name already
    const auto before = kept_.find(one.name);
    if (before != kept_.end() && before->second == cookie) continue;
    auto copy = std::make_shared<base::Fd>(::fcntl(one.fd, F_DUPFD_CLOEXEC, 0));
    if (*copy) off_loop([manager = manager_, name = one.name, copy] { return manager->store(copy->get(), name); });
  }
  kept_ = std::move(wanted);
  check_room();
}

/// The manager does not say that it has closed what did not fit any more.
void ManagerLink::check_room() {
  if (!terms_.store || kept_.size() <= *terms_.store || std::exchange(overflow_told_, true)) return;
  asks_.on_trouble(fmt::format("the service manager keeps at most {} descriptors (FileDescriptorStoreMax), and there "
                               "are {} sockets to keep: {} of them will be closed while the daemon is restarted",
                               *terms_.store, kept_.size(), kept_.size() - *terms_.store));
}

/// The loop itself says that it lives: when it hangs nobody does.
void ManagerLink::watch() {
  watchdog_alarm_.set(std::chrono::duration_cast<std::chrono::milliseconds>(*terms_.watchdog / 2));
  say("WATCHDOG=1");
}

}  // namespace xsuperd::supervisor
