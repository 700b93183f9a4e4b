// SPDX-License-Identifier: MIT
// Who of several targets takes a connection. Internal to converse.
#pragma once
#include <chrono>
#include <cstddef>
#include <vector>

#include "converse/socket.hpp"
#include "xsuperd/base/address.hpp"
#include "xsuperd/converse/conversation.hpp"

namespace xsuperd::converse {

/// Connects to one target after the other until one takes it. What went wrong with the last one stands in the report.
class TargetSearch {
 public:
  TargetSearch(Socket& target, Report& report, std::vector<base::Endpoint> targets)
      : target_(target), report_(report), targets_(std::move(targets)) {}

  enum class State : std::uint8_t {
    connecting,  ///< to another one than before the call, which has its time; or to the same
    connected,
    failed,      ///< there are no more
  };
  /// The first of them.
  [[nodiscard]] State begin() { return next(); }
  /// Something has happened to the socket. `anew` becomes true when another target is being tried since.
  [[nodiscard]] State look(bool& anew);
  /// The one that is tried has had its time.
  [[nodiscard]] State too_late();

 private:
  [[nodiscard]] State next();
  [[nodiscard]] State over(int error);
  void note(int error);

  Socket& target_;
  Report& report_;
  std::vector<base::Endpoint> targets_;
  std::size_t at_ = 0;  // the one that is tried, or will be
};

/// Sends the target what stands in front of all bytes of the peer, as far as it takes that now, and shortens `texts` by it: `some`
/// when nothing is left, else `later` or `failed`.
[[nodiscard]] Moved greet(Socket& target, std::vector<std::string>& texts);

}  // namespace xsuperd::converse
