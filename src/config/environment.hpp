// SPDX-License-Identifier: MIT
// Internal to config.
#pragma once
#include <optional>

#include "xsuperd/config/model.hpp"

namespace xsuperd::config {

/// The environment of a server, without REMOTE_HOST (fact B6.16): the daemon's whole one, or with passenv just those
/// variables in the order of the list; then env, which replaces in place or appends.
[[nodiscard]] Words build_environment(const Words& of_daemon, const std::optional<Words>& passenv,
                                      const std::optional<Words>& env);

}  // namespace xsuperd::config
