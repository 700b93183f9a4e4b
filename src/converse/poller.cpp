// SPDX-License-Identifier: MIT
#include "converse/poller.hpp"

#include <cerrno>
#include <csignal>
#include <system_error>

#include "converse/socket.hpp"

namespace xsuperd::converse {

boost::asio::execution_context::id Poller::id;

namespace {
constexpr std::uint32_t everything = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLPRI | EPOLLET;
}

Poller& Poller::of(boost::asio::io_context& loop) { return boost::asio::use_service<Poller>(loop); }

Poller::Poller(boost::asio::io_context& loop)
    : service(loop), epoll_(::epoll_create1(EPOLL_CLOEXEC)), now_(std::chrono::steady_clock::now()) {
  if (!epoll_) throw std::system_error(errno, std::system_category(), "epoll_create1");
  // send(2) can be told not to raise it, splice(2) cannot.
  std::signal(SIGPIPE, SIG_IGN);
  watch_.emplace(loop, epoll_.get());
  timer_.emplace(loop);
}

void Poller::shutdown() {
  ++turn_;
  ++timer_turn_;
  if (watch_) (void)watch_->release();
  watch_.reset();
  timer_.reset();
}

int Poller::add(Socket& socket) {
  epoll_event event{everything, {.ptr = &socket}};
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, socket.fd(), &event) != 0) return errno;
  ++sockets_;
  wait();
  return 0;
}

void Poller::remove(Socket& socket, bool gone) {
  // The descriptor may be open elsewhere too, so closing it need not take it off the set.
  if (!gone) ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, socket.fd(), nullptr);
  for (std::size_t i = next_; i < size_; ++i)
    if (batch_[i].data.ptr == &socket) batch_[i].data.ptr = nullptr;
  if (--sockets_ > 0 || !waiting_ || !watch_) return;
  waiting_ = false;
  ++turn_;
  watch_->cancel();
}

void Poller::again(Socket& socket) {
  epoll_event event{everything, {.ptr = &socket}};
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, socket.fd(), &event);
}

/// While there are no sockets nothing is waited for, and the loop may end.
void Poller::wait() {
  if (waiting_ || sockets_ == 0) return;
  waiting_ = true;
  watch_->async_wait(watch_->wait_read, [this, turn = turn_](boost::system::error_code error) {
    if (error || turn != turn_) return;
    dispatch();
    waiting_ = false;
    wait();
  });
}

/// One batch at a time: what else there is makes the descriptor readable again at once.
void Poller::dispatch() {
  now_ = std::chrono::steady_clock::now();
  const int count = ::epoll_wait(epoll_.get(), batch_.data(), static_cast<int>(batch_.size()), 0);
  size_ = count > 0 ? static_cast<std::size_t>(count) : 0;
  next_ = 0;
  while (next_ < size_) {
    const epoll_event& event = batch_[next_++];
    if (auto* socket = static_cast<Socket*>(event.data.ptr)) socket->note(event.events).ready();
  }
}

void Poller::wait_for_deadline() {
  if (!timer_) return;
  if (deadlines_.empty()) {
    if (timer_set_) timer_->cancel();
    timer_set_.reset();
    ++timer_turn_;
    return;
  }
  const base::Moment first = deadlines_.begin()->first;
  if (timer_set_ && *timer_set_ <= first) return;
  timer_set_ = first;
  timer_->expires_at(first);
  timer_->async_wait([this, turn = ++timer_turn_](boost::system::error_code error) {
    if (error || turn != timer_turn_) return;
    timer_set_.reset();
    dispatch_deadlines();
    wait_for_deadline();
  });
}

void Poller::dispatch_deadlines() {
  now_ = std::chrono::steady_clock::now();
  while (!deadlines_.empty() && deadlines_.begin()->first <= now_) {
    Deadline& passed = *deadlines_.begin()->second;
    deadlines_.erase(deadlines_.begin());
    passed.place_.reset();
    passed.handler_.expired();
  }
}

void Deadline::set(base::Moment when) {
  if (place_) {
    auto node = poller_.deadlines_.extract(*place_);
    node.key() = when;
    place_ = poller_.deadlines_.insert(std::move(node));
  } else {
    place_ = poller_.deadlines_.emplace(when, this);
  }
  poller_.wait_for_deadline();
}

void Deadline::clear() {
  if (!place_) return;
  poller_.deadlines_.erase(*place_);
  place_.reset();
  if (poller_.deadlines_.empty()) poller_.wait_for_deadline();
}

}  // namespace xsuperd::converse
