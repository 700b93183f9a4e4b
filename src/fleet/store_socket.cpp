// SPDX-License-Identifier: MIT
#include "fleet/store_socket.hpp"

#include <sys/socket.h>

#include <cerrno>
#include <utility>

#include "xsuperd/base/error.hpp"

namespace xsuperd::fleet {

using tls::Moved;

StoreSocket::StoreSocket(base::Fd fd, std::shared_ptr<const tls::Context> context) : fd_(std::move(fd)), shaken_(!context) {
  if (context) engine_ = std::make_unique<tls::Engine>(std::move(context), static_cast<tls::Transport&>(*this));
}

bool StoreSocket::fail(std::string why) {
  why_ = std::move(why);
  return false;
}

void StoreSocket::send(std::string& bytes) {
  pending_.append(bytes);
  bytes.clear();
}

bool StoreSocket::shake() {
  switch (engine_->shake()) {
    case tls::Engine::Shaking::going_on: return true;
    case tls::Engine::Shaking::done: return shaken_ = true;
    case tls::Engine::Shaking::failed: break;
  }
  const tls::Handshake outcome = engine_->outcome();
  return fail("the TLS handshake with it failed: " + (outcome.detail.empty() ? std::string("no reason given") : outcome.detail));
}

bool StoreSocket::push() {
  blocked_ = false;
  if (!shaken_ && !shake()) return false;
  while (shaken_ && sent_ < pending_.size()) {
    std::size_t count = 0;
    const std::string_view rest = std::string_view(pending_).substr(sent_);
    const Moved moved = engine_ ? engine_->write(rest, count) : send(rest, count);
    if (moved == Moved::later) return true;
    if (moved != Moved::some) return fail("the connection to it broke");
    sent_ += count;
  }
  if (shaken_) {
    pending_.clear();
    sent_ = 0;
  }
  return true;
}

std::optional<std::size_t> StoreSocket::receive(std::span<char> to) {
  if (!shaken_ && !shake()) return std::nullopt;
  if (!shaken_) return 0;
  std::size_t count = 0;
  const Moved moved = engine_ ? engine_->read(to, count) : receive(to, count);
  if (moved == Moved::later) return 0;
  if (moved == Moved::some) return count;
  ended_ = moved == Moved::end || moved == Moved::cut;
  (void)fail(moved == Moved::failed ? "the connection to it broke" : "it has closed the connection");
  return std::nullopt;
}

Moved StoreSocket::receive(std::span<char> to, std::size_t& count) {
  const ssize_t got = ::recv(fd_.get(), to.data(), to.size(), 0);
  if (got == 0) return Moved::end;
  if (got < 0) return errno == EAGAIN || errno == EINTR ? Moved::later : Moved::failed;
  count = static_cast<std::size_t>(got);
  return Moved::some;
}

Moved StoreSocket::send(std::string_view bytes, std::size_t& count) {
  const ssize_t sent = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
  if (sent < 0 && errno != EAGAIN && errno != EINTR) return Moved::failed;
  if (sent < 0) return blocked_ = true, Moved::later;
  count = static_cast<std::size_t>(sent);
  return Moved::some;
}

}  // namespace xsuperd::fleet
