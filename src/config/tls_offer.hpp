// SPDX-License-Identifier: MIT
// Reads what a service with tls = yes names. Internal to config.
#pragma once
#include "config/written.hpp"
#include "xsuperd/config/files.hpp"
#include "xsuperd/config/model.hpp"
#include "xsuperd/config/names.hpp"

namespace xsuperd::config {

/// Fills Service::offer and Service::target_offer of a service that is complete otherwise. False after reporting why it is
/// refused: it is never served in plain text instead. `names` null: what is wrong with the files is not asked.
[[nodiscard]] bool read_offer(Service& service, const Written& written, Files& files, Names* names, Diagnostics& diagnostics);

}  // namespace xsuperd::config
