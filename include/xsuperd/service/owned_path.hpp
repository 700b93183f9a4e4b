// SPDX-License-Identifier: MIT
#pragma once
#include <unistd.h>

#include <utility>

#include "xsuperd/base/error.hpp"
#include "xsuperd/config/listen.hpp"
#include "xsuperd/net/socket_path.hpp"

namespace xsuperd::service {

/// The file of an endpoint's UNIX socket, if it has one of its own: of a service manager's socket the file is the manager's.
/// Loop thread only.
class OwnedPath {
 public:
  /// Gives the file its owner, group and mode anew, the daemon's where the options say nothing; fails with a sentence. Without a
  /// file nothing happens.
  [[nodiscard]] base::Result<void> give_away(config::SocketOptions options) const {
    if (file_.path.empty()) return {};
    options.owner = options.owner.value_or(::geteuid());
    options.group = options.group.value_or(::getegid());
    return net::give_away(file_, options);
  }
  /// Removes it.
  void remove() { net::remove_path(std::exchange(file_, {})); }

  /// Its owner is another endpoint now.
  [[nodiscard]] net::SocketPath release() { return std::exchange(file_, {}); }
  void take(net::SocketPath file) { file_ = std::move(file); }
  [[nodiscard]] const net::SocketPath& file() const { return file_; }

 private:
  net::SocketPath file_;
};

}  // namespace xsuperd::service
