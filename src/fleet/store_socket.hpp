// SPDX-License-Identifier: MIT
// A connection to the store or the Local API, in the clear or through TLS. Internal to fleet.
#pragma once
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "xsuperd/base/fd.hpp"
#include "xsuperd/tls/engine.hpp"

namespace xsuperd::fleet {

/// Takes bytes that are to go out, and gives those that have come. Never waits: whoever owns it waits for fd(). What is kept
/// to be sent is bounded by what its owner gives it.
class StoreSocket final : private tls::Transport {
 public:
  /// `fd` is connected and non-blocking. Without `context` nothing is said through TLS.
  StoreSocket(base::Fd fd, std::shared_ptr<const tls::Context> context);
  StoreSocket(const StoreSocket&) = delete;
  StoreSocket& operator=(const StoreSocket&) = delete;

  [[nodiscard]] int fd() const { return fd_.get(); }
  void send(std::string& bytes);
  /// Goes on with the handshake, and sends what can be sent. False: the connection is of no use any more, see why().
  [[nodiscard]] bool push();
  /// How many bytes have come, 0: none now; nothing: it is of no use any more.
  [[nodiscard]] std::optional<std::size_t> receive(std::span<char> to);
  /// Is it to be called when something can be written?
  [[nodiscard]] bool wants_to_write() const { return blocked_; }
  [[nodiscard]] const std::string& why() const { return why_; }
  /// Is it of no use because the other side has closed it? Whoever needs to know that nothing is missing sees it in what has come.
  [[nodiscard]] bool ended() const { return ended_; }

 private:
  tls::Moved receive(std::span<char> to, std::size_t& count) override;
  tls::Moved send(std::string_view bytes, std::size_t& count) override;
  [[nodiscard]] bool shake();
  [[nodiscard]] bool fail(std::string why);

  const base::Fd fd_;
  std::unique_ptr<tls::Engine> engine_;
  bool shaken_ = false;
  bool ended_ = false;
  bool blocked_ = false;  ///< the last attempt to write has found no room
  std::string pending_;
  std::size_t sent_ = 0;  ///< of pending_
  std::string why_;
};

}  // namespace xsuperd::fleet
