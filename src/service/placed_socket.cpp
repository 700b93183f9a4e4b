// SPDX-License-Identifier: MIT
#include "xsuperd/service/placed_socket.hpp"

#include <utility>

namespace xsuperd::service {

PlacedSocket::PlacedSocket(boost::asio::io_context& loop, base::DescriptorReserve& reserve, EndpointId id,
                           config::ListenSpec spec)
    : loop_(loop), reserve_(reserve), id_(id), spec_(std::move(spec)) {}

void PlacedSocket::watch(base::Fd socket, std::function<void()> ready) {
  listener_ = std::make_unique<net::Listener>(loop_, std::move(socket), std::move(ready));
}

base::Fd PlacedSocket::release() {
  if (!listener_) return {};
  base::Fd socket = listener_->release();
  listener_.reset();
  return socket;
}

}  // namespace xsuperd::service
