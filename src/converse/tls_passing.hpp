// SPDX-License-Identifier: MIT
// Bytes pass between a connection in TLS and one in the clear. Internal to converse.
#pragma once
#include <memory>
#include <string>
#include <string_view>

#include "converse/poller.hpp"
#include "converse/socket.hpp"
#include "xsuperd/converse/conversation.hpp"
#include "xsuperd/tls/engine.hpp"

namespace xsuperd::converse {

/// Between `covered`, over which TLS is spoken, and `plain`, which both belong to the conversation. The end of one half becomes
/// the end of the same half on the other side.
class TlsPassing : private tls::Transport {
 public:
  TlsPassing(Poller& poller, Socket& covered, Socket& plain, std::shared_ptr<const tls::Context> context);

  /// As tls::Engine has them.
  [[nodiscard]] tls::Engine::Shaking shake();
  [[nodiscard]] tls::Handshake outcome() const { return engine_.outcome(); }

  /// As tls::Engine has it, for the covered connection.
  [[nodiscard]] tls::Placed into_kernel() { return engine_.into_kernel(covered_.fd()); }

  enum class State : std::uint8_t {
    open,  ///< there is, or will be, more to pass
    cut,   ///< the covered connection has broken, or ended before TLS had
    torn,  ///< the plain one has broken: the other side has been told what there was, but not that this was all
    over,  ///< both sides have said all
  };
  /// After the handshake: passes on what can be passed on now. `tears`: a plain connection that breaks is not the same as one
  /// that ends.
  [[nodiscard]] State run(bool tears);
  /// Instead of that, when nothing comes from the plain side any more: says on the covered one that this was all, unless it was not.
  void say_end() {
    if (down_ != Half::over && down_rest_.empty()) close_down();
  }
  /// The plain side has said all, and the covered one has not taken all of it yet.
  [[nodiscard]] bool takes_leave() const { return down_ == Half::closing || (!down_rest_.empty() && plain_.no_more_to_come()); }
  /// Bytes in the clear: from the covered side, and to it.
  [[nodiscard]] std::uint64_t up() const { return up_count_; }
  [[nodiscard]] std::uint64_t down() const { return down_count_; }

 private:
  enum class Half : std::uint8_t { open, closing, over };

  tls::Moved receive(std::span<char> to, std::size_t& count) override;
  tls::Moved send(std::string_view bytes, std::size_t& count) override;
  void pass_up();
  [[nodiscard]] bool read_up();
  void pass_down(bool tears);
  [[nodiscard]] bool read_down(bool tears);
  void close_down();
  [[nodiscard]] bool give_plain(std::string_view text);
  [[nodiscard]] bool give_covered(std::string_view text);

  Poller& poller_;
  Socket& covered_;
  Socket& plain_;
  tls::Engine engine_;
  Half up_ = Half::open, down_ = Half::open;  // from the covered side, and to it
  std::string up_rest_, down_rest_;           // in the clear: what the other side has not taken yet
  std::uint64_t up_count_ = 0, down_count_ = 0;
  std::size_t budget_ = 0;   // of bytes that may be read in this turn
  std::size_t fruitless_ = 0;  // bytes read since there was something in the clear
  bool cut_ = false, torn_ = false;
};

}  // namespace xsuperd::converse
