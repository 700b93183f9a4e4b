// SPDX-License-Identifier: MIT
#pragma once
#include <utility>

#include "xsuperd/base/error.hpp"
#include "xsuperd/config/listen.hpp"
#include "xsuperd/net/socket_path.hpp"

namespace xsuperd::service {

/// The file of an endpoint's UNIX socket, if it has one of its own: of a service manager's socket the file is the manager's.
/// Loop thread only.
class OwnedPath {
 public:
  /// A socket has been opened for the specification; `own`: by the daemon.
  void note(const config::ListenSpec& spec, bool own) {
    file_ = own && spec.has_path() ? net::path_of_socket(spec.name) : net::SocketPath{};
  }
  /// Gives the file its owner, group and mode anew; fails with a sentence. Without a file nothing happens.
  [[nodiscard]] base::Result<void> give_away(const config::SocketOptions& options) const {
    if (file_.path.empty()) return {};
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
