// SPDX-License-Identifier: MIT
// The configuration on its way through an upgrade: not read again, but handed over. Internal to supervisor.
#pragma once
#include <memory>
#include <vector>

#include "supervisor/hand_over.hpp"
#include "xsuperd/config/names.hpp"

namespace xsuperd::supervisor {

/// A service by itself, with nothing left to inherit.
[[nodiscard]] HandOver::Service inherited_service(const config::Service& service);
/// Defaults, services and what is absent; runners add services of their own.
void hand_over_configuration(const config::Config& config, HandOver& state);

struct RestoredConfiguration {
  std::shared_ptr<const config::Config> config;
  std::vector<std::shared_ptr<const config::Service>> services;  ///< of HandOver::services, each in its place
};
/// Reads it back. Fails, with the reason, when one service cannot be what it was: a user is gone, an attribute is not
/// known. Look-ups may block.
[[nodiscard]] base::Result<RestoredConfiguration> restore_configuration(const HandOver& state, config::Names& names);

}  // namespace xsuperd::supervisor
