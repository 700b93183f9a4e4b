// SPDX-License-Identifier: MIT
#pragma once
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

/// The control socket: how a running daemon is asked and told things (xsuperd-control(7)).
namespace xsuperd::control {

/// The most bytes that a request may have, without its length.
inline constexpr std::size_t longest_request = 64 * 1024;
/// The most bytes of one frame of a reply. A reply may have any number of them.
inline constexpr std::size_t longest_reply_frame = 4 * 1024 * 1024;

/// `body` as it travels: its length in four bytes, the most significant first, and then itself. `body` is shorter than
/// 4 GiB.
[[nodiscard]] std::string frame(std::string_view body);

/// Takes frames out of a stream of bytes, however it is cut. A value; keeps no more than was fed and not yet taken.
class FrameReader {
 public:
  explicit FrameReader(std::size_t most) : most_(most) {}

  /// Bytes that have arrived. To be followed by next() until that gives nothing.
  void feed(std::string_view bytes) { bytes_.append(bytes); }
  /// The body of the next whole frame; nothing while it is not complete, and forever once too_long().
  [[nodiscard]] std::optional<std::string> next();
  /// The length that the frame at hand claims, when that is more than allowed. Known from its first four bytes: no room
  /// is ever made for it.
  [[nodiscard]] std::optional<std::size_t> too_long() const;
  /// Has a frame begun that is not complete?
  [[nodiscard]] bool begun() const { return !bytes_.empty(); }

 private:
  [[nodiscard]] std::optional<std::size_t> length() const;

  std::size_t most_;
  std::string bytes_;
};

}  // namespace xsuperd::control
