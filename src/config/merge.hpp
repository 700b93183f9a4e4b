// SPDX-License-Identifier: MIT
// From entries to settings: what each line means, and what the defaults add. Internal to config.
#pragma once
#include "xsuperd/config/attribute.hpp"

namespace xsuperd::config {

enum class Applied : std::uint8_t { good, bad_value };

/// Applies the lines of one entry to `settings`, which may hold what came before (the defaults of earlier files, or
/// inherited lists). Findings B2.23 to B2.28 are reported.
[[nodiscard]] Applied apply(const ValueContext& context, Settings& settings);

/// The lists that += and -= of a service start from (fact B2.40; decision B15.4).
[[nodiscard]] Settings inherited_lists(const Settings& defaults);
/// Everything else that the defaults give when the service is silent (fact B2.41).
void inherit(Settings& settings, const Settings& defaults);

}  // namespace xsuperd::config
