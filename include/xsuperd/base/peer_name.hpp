// SPDX-License-Identifier: MIT
#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace xsuperd::base {

/// What is known of a peer's name (decision B15.15).
struct PeerName {
  enum class State : std::uint8_t {
    not_asked,  ///< nobody has looked yet
    unknown,    ///< the peer has no confirmed name, for certain
    known,
    failed,     ///< the look-up failed: no answer in time, or a failing name server
  };
  State state = State::not_asked;
  std::vector<std::string> names = {};    ///< lower case, forward-confirmed (B12.30)
  std::vector<std::string> claimed = {};  ///< lower case; the address claims them, and they do not lead back to it
  bool operator==(const PeerName&) const = default;
};

}  // namespace xsuperd::base
