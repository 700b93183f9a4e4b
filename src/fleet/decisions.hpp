// SPDX-License-Identifier: MIT
// What a Local API of CrowdSec has decided: JSON (RFC 8259). Internal to fleet.
#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "xsuperd/fleet/words.hpp"

namespace xsuperd::fleet {

inline constexpr std::size_t most_decisions = 500'000;   ///< of one answer, and so many that are deleted; others are left out
inline constexpr std::size_t most_scenarios = 4096;      ///< by name; beyond them a ban has no reason
inline constexpr std::size_t longest_json_text = 65'536;  ///< of one string; a longer one breaks the answer
inline constexpr std::size_t deepest_json = 8;

/// Reads an answer of /v1/decisions/stream as it comes, and keeps what of it concerns us in a few dozen bytes each: bans of
/// addresses and networks. What is none of that, or makes no sense by itself, is passed over. A value that is moved about;
/// pure.
class Decisions {
 public:
  Decisions();
  ~Decisions();
  Decisions(Decisions&&) noexcept;
  Decisions& operator=(Decisions&&) noexcept;

  /// False, from then on: it is not JSON, or breaks a bound.
  bool feed(std::string_view bytes);
  /// To be called once, when there are no more bytes: was it one whole answer of a Local API?
  [[nodiscard]] bool finish();
  /// What comes next, first all that are deleted: a peer of whom one decision is deleted and another made is banned. `ago`: so many
  /// seconds have passed since it came. Nothing: that was the last.
  [[nodiscard]] std::optional<Word> next(std::uint64_t ago);
  [[nodiscard]] std::uint32_t left_out() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace xsuperd::fleet
