// SPDX-License-Identifier: MIT
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>

#include "xsuperd/spawn/recipe.hpp"
#include "xsuperd/tls/words.hpp"

namespace xsuperd::service {

/// What is counted for all services together, by word, since the daemon was started. A value; on the loop thread. Counting
/// allocates nothing.
struct Tallies {
  std::array<std::uint64_t, static_cast<std::size_t>(spawn::Step::exec) + 1> failed_starts{};             ///< by spawn::Step
  std::array<std::uint64_t, static_cast<std::size_t>(tls::Handshake::Result::left) + 1> handshakes{};  ///< by their result

  void failed_at(spawn::Step step) { ++failed_starts[static_cast<std::size_t>(step)]; }
  void shaken(tls::Handshake::Result result) { ++handshakes[static_cast<std::size_t>(result)]; }
};

}  // namespace xsuperd::service
