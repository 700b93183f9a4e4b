// SPDX-License-Identifier: MIT
#pragma once
#include <functional>
#include <memory>
#include <string>

#include "xsuperd/config/model.hpp"
#include "xsuperd/loop/alarm.hpp"
#include "xsuperd/net/listener.hpp"
#include "xsuperd/service/surroundings.hpp"

namespace xsuperd::service {

/// The second socket of a steered service: the kernel leads peers there that the server must not meet, and they are turned
/// away as by any other service. Loop thread only.
class RefusingSocket {
 public:
  struct Callbacks {
    /// Something waits there: turn_away() is to be called.
    std::function<void()> on_readable;
    /// This one is to be turned away; the connection is empty for datagrams.
    std::function<void(net::Connection)> on_peer;
    /// It is of no use any more, for that reason. True: it has been closed.
    std::function<bool(const std::string& why)> on_useless;
  };
  RefusingSocket(Surroundings& around, Callbacks callbacks);

  [[nodiscard]] bool open() const { return listener_ != nullptr; }
  /// Its number, or -1.
  [[nodiscard]] int fd() const { return listener_ ? listener_->fd() : -1; }
  /// It is this one; waited for after resume().
  void take(base::Fd socket);
  void resume();
  [[nodiscard]] base::Fd release();
  void close() { listener_.reset(); }
  /// Takes those that wait there, as many as one turn of the loop may. `service` is for messages.
  void turn_away(const std::string& service, const config::ListenSpec& spec);

 private:
  std::size_t turn_batch_away(const config::ListenSpec& spec, int& error);
  void none_turned_away(const std::string& service, const config::ListenSpec& spec, int error);

  Surroundings& around_;
  const Callbacks callbacks_;
  std::unique_ptr<net::Listener> listener_;
  loop::Alarm rest_;  ///< when it is waited for again
};

}  // namespace xsuperd::service
