// SPDX-License-Identifier: MIT
// Where a service listens: what its bind and its listen come to. Internal to config; loader.hpp has what others may call. Pure.
#pragma once
#include <string>
#include <vector>

#include "xsuperd/config/model.hpp"

namespace xsuperd::config {

/// Why a service of that type cannot have that element; empty when it can.
[[nodiscard]] std::string element_misfit(const Service& service, const ListenElement& element);
/// These, and behind them those of its `listen`, whether or not they overlap or are too many.
[[nodiscard]] std::vector<ListenSpec> beside_elements(const Service& service, std::vector<ListenSpec> places);

}  // namespace xsuperd::config
