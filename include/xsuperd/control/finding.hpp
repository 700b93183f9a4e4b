// SPDX-License-Identifier: MIT
#pragma once
#include "xsuperd/config/diagnostic.hpp"
#include "xsuperd/control/schema/daemon.hpp"

namespace xsuperd::control {

/// A finding about a configuration as replies and xsuperctl --json have it; what is not known is null. Pure.
[[nodiscard]] reply::Finding finding_of(const config::Diagnostic& diagnostic);
/// The reverse, for whoever prints it: what is missing or makes no sense stays as it is in a new Diagnostic. Pure.
[[nodiscard]] config::Diagnostic diagnostic_of(const reply::Finding& finding);

}  // namespace xsuperd::control
