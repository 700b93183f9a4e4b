// SPDX-License-Identifier: MIT
#pragma once
#include <memory>
#include <string>

#include "xsuperd/base/error.hpp"
#include "xsuperd/config/model.hpp"
#include "xsuperd/net/socket_state.hpp"

namespace xsuperd::service {

/// Whether servers have had the socket of a wait = yes service, what it must be like, and signs that somebody has changed
/// it since (decision B15.27). Loop thread only.
class ForeignState {
 public:
  /// Has a server had it?
  [[nodiscard]] bool foreign() const { return foreign_; }
  void set(bool foreign) { foreign_ = foreign; }
  /// It is another socket, one that no server has had.
  void forget();
  /// Is it known what it must be like: since it has come back, or because it is lent?
  [[nodiscard]] bool is_known() const { return required_ != nullptr; }
  void require(net::SocketState state) { required_ = std::make_unique<net::SocketState>(std::move(state)); }

  /// A server has given it back: makes it what it must be like. Of one that is not lent that is found out anew, and so it
  /// may be wrong what was thought before. Fails when it cannot be used any more.
  [[nodiscard]] base::Result<void> bring_back(int socket, const config::ListenSpec& spec, bool is_lent);
  /// The configuration of the socket is another one.
  void require_anew(int socket, const config::ListenSpec& spec, bool is_lent);
  /// What somebody has changed; empty: nothing, as far as it is known what it must be like.
  [[nodiscard]] std::string tampered(int socket, const config::ListenSpec& spec) const;

  /// It was readable, and something was there; or nothing was. The latter too often is a sign: true then.
  void something_there() { readable_in_vain_ = 0; }
  [[nodiscard]] bool nothing_there_again();

 private:
  bool foreign_ = false;
  unsigned readable_in_vain_ = 0;
  std::unique_ptr<net::SocketState> required_;
};

}  // namespace xsuperd::service
