// SPDX-License-Identifier: MIT
#pragma once
#include <string>

#include "xsuperd/config/model.hpp"

namespace xsuperd::config {

/// Says which other service of the configuration has the endpoint of `service` (decision B15.25), such as "service b has tcp
/// port 7001 on all addresses (FILE:LINE)"; empty where none has. For a service whose address has been found only now. Pure.
[[nodiscard]] std::string taken_by_another(const Config& config, const Service& service);

}  // namespace xsuperd::config
