// SPDX-License-Identifier: MIT
#include "xsuperd/service/refusing_socket.hpp"

#include <utility>

#include "xsuperd/net/activated_sockets.hpp"
#include "xsuperd/net/socket.hpp"

namespace xsuperd::service {

using namespace std::chrono_literals;

RefusingSocket::RefusingSocket(Surroundings& around, Callbacks callbacks)
    : around_(around), callbacks_(std::move(callbacks)), rest_(around.loop, [this] { resume(); }) {}

void RefusingSocket::take(base::Fd socket) {
  listener_ = std::make_unique<net::Listener>(around_.loop, std::move(socket), callbacks_.on_readable);
}

void RefusingSocket::resume() {
  if (listener_) listener_->resume();
}

base::Fd RefusingSocket::release() {
  if (!listener_) return {};
  base::Fd socket = listener_->release();
  listener_.reset();
  return socket;
}

/// How many there were.
std::size_t RefusingSocket::turn_batch_away(const config::ListenSpec& spec, int& error) {
  std::size_t count = 0;
  if (spec.socket_type == config::SocketType::stream) {
    for (net::Connection& connection : listener_->accept_batch(spec.v6only, error, &around_.census.reserve)) {
      callbacks_.on_peer(std::move(connection));
      ++count;
    }
    return count;
  }
  for (; count < 64; ++count) {
    const auto head = net::peek_datagram(listener_->fd());
    if (!head) break;
    net::drop_datagram(listener_->fd());
    callbacks_.on_peer({{}, head->peer});
  }
  return count;
}

void RefusingSocket::turn_away(const std::string& service, const config::ListenSpec& spec) {
  int error = 0;
  if (turn_batch_away(spec, error) == 0) return none_turned_away(service, spec, error);
  listener_->again();
}

/// It was readable, and nothing could be taken: at once it would be readable again.
void RefusingSocket::none_turned_away(const std::string& service, const config::ListenSpec& spec, int error) {
  const auto facts = net::facts_of(listener_->fd());
  const std::string why = facts ? net::misfit(*facts, spec) : facts.error().sentence;
  if (!why.empty() && callbacks_.on_useless(why)) return;
  if (error != 0 && why.empty())
    around_.log.error("service {}, accept: {}; trying again in a second", service, base::errno_text(error));
  rest_.set(around_.clock.timer_length(error != 0 || !why.empty() ? 1000ms : 100ms));
}

}  // namespace xsuperd::service
