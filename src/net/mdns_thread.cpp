// SPDX-License-Identifier: MIT
#include "net/mdns_thread.hpp"

#ifdef XSUPERD_HAVE_AVAHI
#include <sys/eventfd.h>

#include <cerrno>
#include <system_error>
#include <thread>

#include "net/avahi_loop.hpp"
#include "net/avahi_session.hpp"
#include "xsuperd/base/signals_blocked.hpp"

namespace xsuperd::net {

MdnsThread::MdnsThread(std::function<void(std::string)> tell) : tell_(std::move(tell)) {}

void MdnsThread::want(Services services) {
  const std::lock_guard lock(mutex_);
  wanted_ = std::move(services);
  if (running_)
    ::eventfd_write(wake_.get(), 1);
  else if (!wanted_.empty())
    start();
}

void MdnsThread::start() {
  if (!wake_) wake_.reset(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!wake_) throw std::system_error(errno, std::generic_category(), "eventfd");
  const base::SignalsBlocked blocked;
  std::thread([self = shared_from_this()] { self->run(); }).detach();
  running_ = true;
}

void MdnsThread::end(std::chrono::milliseconds patience) {
  std::unique_lock lock(mutex_);
  tell_ = nullptr;
  wanted_.clear();
  if (running_) ::eventfd_write(wake_.get(), 1);
  ended_.wait_for(lock, patience, [this] { return !running_; });
}

void MdnsThread::tell(const std::string& sentence) {
  const std::lock_guard lock(mutex_);
  if (tell_) tell_(sentence);
}

/// What is wanted now; false, and the thread is over, when that is nothing and nothing is left to withdraw.
bool MdnsThread::take(Services& services, bool connected) {
  const std::lock_guard lock(mutex_);
  services = wanted_;
  if (!services.empty() || connected) return true;
  running_ = false;
  ended_.notify_all();
  return false;
}

/// What is wanted next is tried again, by another thread.
void MdnsThread::give_up(const std::string& why) {
  tell(why);
  const std::lock_guard lock(mutex_);
  running_ = false;
  ended_.notify_all();
}

void MdnsThread::run() {
  ::pthread_setname_np(::pthread_self(), "mdns");
  const auto avahi = base::loaded_functions<Avahi>();
  if (!avahi) return give_up("mdns: no service is announced: " + avahi.error().sentence);
  AvahiLoop loop(wake_.get());
  AvahiSession session(**avahi, loop.api(), [this](const std::string& sentence) { tell(sentence); });
  Services services;
  while (take(services, session.connected())) {
    session.serve(services);
    if (!services.empty()) loop.turn(session.patience());
  }
}

}  // namespace xsuperd::net
#endif
