// SPDX-License-Identifier: MIT
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "xsuperd/config/model.hpp"
#include "xsuperd/service/surroundings.hpp"
#include "xsuperd/spawn/spawner.hpp"

namespace xsuperd::service {

/// How a server is started by hand.
struct ByHand {
  std::optional<std::vector<std::string>> arguments;  ///< in place of the service's; none: those
  bool traced = false;
};

/// The server of a service, which starts a program for each connection, on descriptors 0 to 2 of this process: as for a
/// connection from 127.0.0.1, and in all else as the daemon would start it.
[[nodiscard]] spawn::Job job_by_hand(const config::Service& service, const DaemonFacts& daemon, const ByHand& how);

}  // namespace xsuperd::service
