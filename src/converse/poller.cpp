// SPDX-License-Identifier: MIT
#include "converse/poller.hpp"

#include <csignal>

#include "converse/socket.hpp"

namespace xsuperd::converse {

boost::asio::execution_context::id Poller::id;

namespace {
constexpr std::uint32_t everything = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLPRI | EPOLLET;
}

Poller& Poller::of(boost::asio::io_context& loop) { return boost::asio::use_service<Poller>(loop); }

Poller::Poller(boost::asio::io_context& loop)
    : service(loop), now_(std::chrono::steady_clock::now()) {
  // send(2) can be told not to raise it, splice(2) cannot.
  std::signal(SIGPIPE, SIG_IGN);
  watch_.emplace(loop, set_.fd());
  timer_.emplace(loop);
}

void Poller::shutdown() {
  ++turn_;
  ++timer_turn_;
  if (watch_) (void)watch_->release();
  watch_.reset();
  timer_.reset();
}

std::uint64_t Poller::number_of(std::uint32_t place) const { return std::uint64_t{places_[place].owners} << 32 | place; }

int Poller::add(Socket& socket) {
  if (free_places_.empty()) {
    free_places_.reserve(places_.size() + 1);  // so that giving back never allocates
    free_places_.push_back(static_cast<std::uint32_t>(places_.size()));
    places_.emplace_back();
  }
  const std::uint32_t place = free_places_.back();
  if (const int error = set_.add(socket.fd(), everything, number_of(place)); error != 0) return error;
  free_places_.pop_back();
  places_[place].socket = &socket;
  socket.place(place);
  ++sockets_;
  wait();
  return 0;
}

void Poller::remove(Socket& socket, bool closing) {
  if (!closing) set_.remove(socket.fd());
  Place& place = places_[socket.place()];
  place.socket = nullptr;
  ++place.owners;
  free_places_.push_back(socket.place());
  if (--sockets_ > 0 || !waiting_ || !watch_) return;
  waiting_ = false;
  ++turn_;
  watch_->cancel();
}

void Poller::again(Socket& socket) {
  (void)set_.change(socket.fd(), everything, number_of(socket.place()));
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
  constexpr std::size_t batch = 128;
  set_.take<batch>([this](std::uint64_t number, std::uint32_t events) {
    const Place place = places_[static_cast<std::uint32_t>(number)];
    // A socket that another one's handler has removed, or that lives on in another process, is nobody's.
    if (place.socket && place.owners == number >> 32) place.socket->note(events).ready();
  });
}

void Poller::wait_for_deadline() {
  if (!timer_) return;
  const std::optional<base::Moment> first = deadlines_.next();
  if (!first) {
    if (timer_set_) timer_->cancel();
    timer_set_.reset();
    ++timer_turn_;
    return;
  }
  if (timer_set_ && *timer_set_ <= *first) return;
  timer_set_ = first;
  timer_->expires_at(*first);
  timer_->async_wait([this, turn = ++timer_turn_](boost::system::error_code error) {
    if (error || turn != timer_turn_) return;
    timer_set_.reset();
    dispatch_deadlines();
    wait_for_deadline();
  });
}

void Poller::dispatch_deadlines() {
  now_ = std::chrono::steady_clock::now();
  while (const std::optional<Deadline*> passed = deadlines_.take_due(now_)) (*passed)->handler_.expired();
}

void Deadline::set(base::Moment when) {
  if (!poller_.deadlines_.move(place_, when)) place_ = poller_.deadlines_.add(when, this);
  poller_.wait_for_deadline();
}

void Deadline::clear() {
  if (poller_.deadlines_.cancel(place_) && poller_.deadlines_.empty()) poller_.wait_for_deadline();
}

}  // namespace xsuperd::converse
