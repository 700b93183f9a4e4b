// SPDX-License-Identifier: MIT
// A part of lints(). Internal to config.
#pragma once
#include <vector>

#include "xsuperd/config/diagnostic.hpp"
#include "xsuperd/config/model.hpp"

namespace xsuperd::config {

/// Elements of access lists that mean something else than they look like, or than they mean to xinetd: warnings, each
/// element once.
[[nodiscard]] std::vector<Diagnostic> value_lints(const Config& config);

}  // namespace xsuperd::config
