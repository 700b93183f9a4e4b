// SPDX-License-Identifier: MIT
#include "control/connection.hpp"

#include <fmt/format.h>
#include <sys/socket.h>

#include <array>
#include <boost/asio/post.hpp>
#include <cerrno>

namespace xsuperd::control {

Connection::Connection(boost::asio::io_context& loop, base::Fd socket, Peer peer, const Server::Limits& limits,
                       const Server::Handler& handler, std::function<void(Connection*)> on_end)
    : loop_(loop),
      stream_(loop, socket.get()),
      deadline_(loop),
      peer_(peer),
      limits_(limits),
      handler_(handler),
      on_end_(std::move(on_end)) {
  (void)socket.release();  // stream_ has it, unless it threw
}

void Connection::start() {
  in_request_ = true;
  arm(limits_.request, [](Connection& self) { self.dismiss(Code::bad_request, "no request received in time"); });
  read();
}

void Connection::dismiss(Code code, std::string sentence) {
  if (closed_) return;
  ends_ = true;
  answering_ = true;
  answer(++request_, Reply::failed(code, std::move(sentence)));
}

void Connection::close() {
  if (std::exchange(closed_, true)) return;
  ++deadline_number_;
  deadline_.cancel();
  boost::system::error_code ignored;
  stream_.close(ignored);
  reply_ = {};
  if (auto on_end = std::move(on_end_)) on_end(this);
}

void Connection::arm(std::chrono::milliseconds limit, std::function<void(Connection&)> then) {
  deadline_.expires_after(limit);
  // A wait that ended before it was cancelled is still called: its number tells.
  deadline_.async_wait([weak = weak_from_this(), number = ++deadline_number_, then = std::move(then)](auto error) {
    const auto self = weak.lock();
    if (!error && self && !self->closed_ && number == self->deadline_number_) then(*self);
  });
}

/// The next step, after everybody else's turn.
void Connection::post(void (Connection::*next)()) {
  boost::asio::post(loop_, [weak = weak_from_this(), next] {
    const auto self = weak.lock();
    if (self && !self->closed_) self->attempt(next);
  });
}

/// A client whose connection cannot go on is to see that, and not to wait for a deadline.
void Connection::attempt(void (Connection::*step)()) {
  try {
    (this->*step)();
  } catch (...) {
    close();
    throw;
  }
}

void Connection::read() {
  if (std::exchange(reading_, true)) return;
  stream_.async_wait(stream_.wait_read, [weak = weak_from_this()](boost::system::error_code error) {
    const auto self = weak.lock();
    if (!self) return;
    self->reading_ = false;
    if (!error && !self->closed_ && !self->answering_) self->attempt(&Connection::on_readable);
  });
}

void Connection::on_readable() {
  if (receive() == Received::nothing && !closed_) read();
}

/// One piece of what has come, and the request that it completes. Closes at the end.
Connection::Received Connection::receive() {
  std::array<char, 16 * 1024> buffer;
  const ssize_t n = ::recv(stream_.native_handle(), buffer.data(), buffer.size(), MSG_DONTWAIT);
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) return Received::nothing;
  if (n <= 0) {
    close();
    return Received::nothing;
  }
  input_.feed({buffer.data(), static_cast<std::size_t>(n)});
  next_request();
  return Received::something;
}

bool Connection::could_give_way() {
  // A whole request may have come meanwhile, or may wait for its turn; the longest comes in a few pieces.
  const std::uint64_t before = request_;
  next_request();
  while (!closed_ && request_ == before && !answering_ && receive() == Received::something) {
  }
  if (closed_ || request_ != before) return false;
  return !answering_ || (blocked_ && std::chrono::steady_clock::now() - stalled_since_ > limits_.blocked);
}

void Connection::give_way() {
  if (!answering_) dismiss(Code::busy, "the control socket has too many clients, and this one was idle");
  close();
}

void Connection::next_request() {
  if (closed_ || answering_) return;
  if (const auto claimed = input_.too_long())
    return dismiss(Code::bad_request,
                   fmt::format("the request has {} bytes, but at most {} are allowed", *claimed, longest_request));
  if (const auto body = input_.next()) return handle(*body);
  if (input_.begun() && !std::exchange(in_request_, true))
    arm(limits_.request,
        [](Connection& self) { self.dismiss(Code::bad_request, "the request was not completed in time"); });
  read();
}

void Connection::handle(std::string_view text) {
  in_request_ = false;
  answering_ = true;
  const std::uint64_t number = ++request_;
  arm(limits_.answer, [number](Connection& self) {
    self.answer(number, Reply::failed(Code::failed, "the daemon did not answer in time"));
  });
  auto parsed = parse_request(text);
  if (auto* failure = std::get_if<Failure>(&parsed)) {
    ends_ = true;  // what else it sends can hardly be better
    return answer(number, {{}, {}, std::move(*failure)});
  }
  try {
    handler_(std::get<Request>(parsed), peer_, [weak = weak_from_this(), number](Reply reply) {
      if (const auto self = weak.lock()) self->answer(number, std::move(reply));
    });
  } catch (const std::exception& bug) {
    answer(number, Reply::failed(Code::failed, fmt::format("internal error: {}", bug.what())));
  }
}

void Connection::answer(std::uint64_t request, Reply reply) {
  if (closed_ || !answering_ || request != request_) return;
  ++request_;  // a second answer to it is dropped
  reply_ = std::move(reply);
  last_frame_ = false;
  next_frame();
}

std::string Connection::frame_of_rows() {
  if (!reply_.rows || reply_.failure) return {};
  try {
    return rows_text(reply_.rows, limits_.frame);
  } catch (const std::exception& bug) {
    reply_.failure = Failure{Code::failed, fmt::format("internal error: {}", bug.what()), {}};
    return {};
  }
}

void Connection::next_frame() {
  std::string body = frame_of_rows();
  last_frame_ = body.empty();
  out_ = frame(last_frame_ ? final_text(reply_) : body);
  out_done_ = 0;
  arm(limits_.taking, [](Connection& self) { self.close(); });
  send();
}

void Connection::send() {
  while (out_done_ < out_.size()) {
    const ssize_t n = ::send(stream_.native_handle(), out_.data() + out_done_, out_.size() - out_done_,
                             MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n >= 0) {
      out_done_ += static_cast<std::size_t>(n);
      blocked_ = false;
    } else if (errno == EAGAIN) {
      if (!std::exchange(blocked_, true)) stalled_since_ = std::chrono::steady_clock::now();
      return stream_.async_wait(stream_.wait_write, [weak = weak_from_this()](boost::system::error_code error) {
        const auto self = weak.lock();
        if (!error && self && !self->closed_) self->attempt(&Connection::send);
      });
    } else if (errno != EINTR) {
      return close();
    }
  }
  sent();
}

void Connection::sent() {
  if (!last_frame_) return post(&Connection::next_frame);
  out_ = {};
  reply_ = {};
  if (ends_) return close();
  answering_ = false;
  in_request_ = false;
  stalled_since_ = std::chrono::steady_clock::now();
  arm(limits_.idle, [](Connection& self) { self.close(); });
  post(&Connection::next_request);
}

}  // namespace xsuperd::control
