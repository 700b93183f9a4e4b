// SPDX-License-Identifier: MIT
// What takes more than one question. Internal to ctl.
#pragma once
#include <optional>

#include "ctl/commands.hpp"
#include "xsuperd/control/client.hpp"

namespace xsuperd::ctl {

/// A connection and what the daemon refused last.
class Conversation {
 public:
  explicit Conversation(control::Client& client) : client_(client) {}
  /// An error is a connection that failed; with `failure` set the answer is empty.
  [[nodiscard]] base::Result<void> ask(const control::Request& request, Answer& answer);
  std::optional<control::Failure> failure;

 private:
  control::Client& client_;
};

/// --persist: writes the file of the service, and has the daemon read it where it does not serve the service yet. What
/// the daemon is to do besides comes afterwards.
[[nodiscard]] base::Result<void> persist(Conversation& daemon, const Arguments& arguments);
/// --wait: until the service has no session left.
[[nodiscard]] base::Result<void> wait_for_end(Conversation& daemon, const Arguments& arguments);

}  // namespace xsuperd::ctl
