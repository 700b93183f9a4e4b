// SPDX-License-Identifier: MIT
#pragma once
#include <functional>
#include <memory>

#include "xsuperd/base/descriptor_reserve.hpp"
#include "xsuperd/config/model.hpp"
#include "xsuperd/net/listener.hpp"
#include "xsuperd/service/state_snapshot.hpp"

namespace xsuperd::service {

/// A place where a service listens, and the socket there while it is open. Loop thread only.
class PlacedSocket {
 public:
  PlacedSocket(const PlacedSocket&) = delete;
  PlacedSocket& operator=(const PlacedSocket&) = delete;

  [[nodiscard]] EndpointId id() const { return id_; }
  [[nodiscard]] const config::ListenSpec& spec() const { return spec_; }
  [[nodiscard]] bool open() const { return listener_ != nullptr; }
  /// The number of the socket, or -1.
  [[nodiscard]] int fd() const { return listener_ ? listener_->fd() : -1; }

  /// Waits for the socket, or does so no more. Without one nothing happens.
  void resume() {
    if (listener_) listener_->resume();
  }
  void pause() {
    if (listener_) listener_->pause();
  }
  /// A handler of what was waited for is done. Only while it is open, like the next one.
  void again() { listener_->again(); }
  /// As net::Listener::accept_batch(), with the reserve.
  [[nodiscard]] net::Listener::Batch accept_batch(bool keep_family, int& error) {
    return listener_->accept_batch(spec_.v6only || keep_family, error, &reserve_);
  }
  /// For a server; empty when there is no descriptor to be had, or no socket.
  [[nodiscard]] base::Fd duplicate() const { return listener_ ? listener_->duplicate() : base::Fd(); }

 protected:
  /// Loop and reserve outlive it.
  PlacedSocket(boost::asio::io_context& loop, base::DescriptorReserve& reserve, EndpointId id, config::ListenSpec spec);
  ~PlacedSocket() = default;

  /// It is this one, and `ready` is called while it is waited for. One that was open is closed.
  void watch(base::Fd socket, std::function<void()> ready);
  /// It is closed here; empty when it was not open.
  [[nodiscard]] base::Fd release();
  /// The same place, with other options.
  void configure(const config::ListenSpec& spec) { spec_ = spec; }

 private:
  boost::asio::io_context& loop_;
  base::DescriptorReserve& reserve_;
  const EndpointId id_;
  config::ListenSpec spec_;
  std::unique_ptr<net::Listener> listener_;
};

}  // namespace xsuperd::service
