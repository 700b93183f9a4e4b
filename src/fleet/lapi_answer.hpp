// SPDX-License-Identifier: MIT
// An answer of a Local API of CrowdSec, as it comes: HTTP/1.1 (RFC 9112) around JSON. Internal to fleet; pure.
#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "fleet/decisions.hpp"

namespace xsuperd::fleet {

inline constexpr std::uint64_t longest_answer = std::uint64_t{256} * 1024 * 1024;  ///< bytes of its body
inline constexpr std::uint32_t longest_answer_head = 16 * 1024;

/// Takes bytes and keeps decisions: however long the answer is, little of it is in memory at a time.
class LapiAnswer {
 public:
  LapiAnswer();
  ~LapiAnswer();
  LapiAnswer(const LapiAnswer&) = delete;
  LapiAnswer& operator=(const LapiAnswer&) = delete;

  enum class State : std::uint8_t { more, whole, wrong };
  /// `wrong`, see why(), is also what has something behind it. Not to be called after anything but `more`.
  [[nodiscard]] State feed(std::string_view bytes);
  /// The other side sends nothing any more.
  [[nodiscard]] State end();
  [[nodiscard]] const std::string& why() const;
  /// Of a whole one: may another be asked for on the same connection?
  [[nodiscard]] bool keep_alive() const;
  /// Of a whole one.
  [[nodiscard]] Decisions& decisions();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace xsuperd::fleet
