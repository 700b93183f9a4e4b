// SPDX-License-Identifier: MIT
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "convert/unit_file.hpp"
#include "xsuperd/config/files.hpp"

/// Where units and their drop-ins are found, systemd.unit(5) "Unit File Load Path".
namespace xsuperd::convert {

[[nodiscard]] std::string directory_of(const std::string& path);

/// The unit of that path with all its drop-ins; nothing after reporting that it cannot be read. An instance without a
/// file of its own is read from its template. For a unit in a directory of systemd, drop-ins in its other directories
/// count, too.
[[nodiscard]] std::optional<Unit> read_unit(config::Files& files, const std::string& path, Report& report);

/// The path of the unit that a unit at `beside` means by `name`: the one that systemd would take where `beside` is in
/// a directory of it, else the one in the same directory, whether it exists or not.
[[nodiscard]] std::string find_unit(config::Files& files, const std::string& beside, const std::string& name);

}  // namespace xsuperd::convert
