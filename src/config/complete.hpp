// SPDX-License-Identifier: MIT
// Makes a service whole: inference, look-ups and the rules between attributes (facts B2.45 to B2.61). Internal.
#pragma once
#include <optional>

#include "config/written.hpp"
#include "xsuperd/config/attribute.hpp"

namespace xsuperd::config {

/// Fills everything beyond name, id, place and settings; the settings have the defaults merged in. False after
/// reporting why the service is refused. `environment` is the daemon's, as of names.environment().
[[nodiscard]] bool complete(Service& service, const Written& written, const Settings& defaults,
                            const SharedWords& environment, Names& names, Diagnostics& diagnostics);

/// Services that tell what runs here have local peers only, where nobody has said who is admitted (decision B15.14).
void admit_local_peers(Service& service);

/// The environment of a server, without REMOTE_HOST (fact B6.16): the daemon's whole one, or with passenv just those
/// variables in the order of the list; then env, which replaces in place or appends.
[[nodiscard]] Words build_environment(const Words& of_daemon, const std::optional<Words>& passenv,
                                      const std::optional<Words>& env);

}  // namespace xsuperd::config
