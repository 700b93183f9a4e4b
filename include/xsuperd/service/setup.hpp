// SPDX-License-Identifier: MIT
#pragma once
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "xsuperd/log/output.hpp"
#include "xsuperd/net/socket.hpp"
#include "xsuperd/policy/verdict.hpp"
#include "xsuperd/spawn/spawner.hpp"

namespace xsuperd::service {

/// A service as one configuration has it, with all that was computed from it.
struct Setup {
  std::shared_ptr<const policy::Policy> policy;
  std::shared_ptr<const spawn::Recipe> recipe;
  std::shared_ptr<log::Output> service_log;  ///< null: no logging
  std::shared_ptr<log::Output> event_log = {};  ///< null: nothing is recorded
  bool event_log_failed = false;  ///< it could not be opened: of a Runner that has one, that goes on
  bool logs_stay = false;  ///< for Runner::move_to(): those that it has go on
  [[nodiscard]] const config::Service& service() const { return policy->service(); }
};

/// Logs that take the place of those of a service; none: the one that it has goes on.
struct Outputs {
  std::optional<std::shared_ptr<log::Output>> service_log;
  std::optional<std::shared_ptr<log::Output>> event_log;
};

/// Sockets that were bound for a service before it runs, by the index of their places in config::Service::places().
using BoundSockets = std::vector<std::pair<std::size_t, net::Opened>>;

}  // namespace xsuperd::service
