// SPDX-License-Identifier: MIT
#include "service/unread_pipe.hpp"

#include <fcntl.h>

#include <cerrno>
#include <utility>

namespace xsuperd::service {

namespace {
constexpr std::size_t a_turn = 1U << 20;  // bytes; others come in between
}  // namespace

UnreadPipe::UnreadPipe(boost::asio::io_context& loop, int pipe, std::function<void()> on_end)
    : pipe_(pipe), on_end_(std::move(on_end)), watch_(loop, pipe, [this] { throw_away(); }) {
  watch_.wait();
}

void UnreadPipe::throw_away() {
  if (!null_) null_.reset(::open("/dev/null", O_WRONLY | O_CLOEXEC));
  if (!null_) return watch_.wait_later();  // no descriptor for the moment
  const ssize_t count = ::splice(pipe_, nullptr, null_.get(), nullptr, a_turn, SPLICE_F_NONBLOCK);
  if (count > 0 || (count < 0 && (errno == EAGAIN || errno == EINTR))) return watch_.wait();
  watch_.stop();
  const auto on_end = std::move(on_end_);
  on_end();
}

}  // namespace xsuperd::service
