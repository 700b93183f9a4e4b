// SPDX-License-Identifier: MIT
#pragma once
#include <optional>
#include <set>
#include <string>
#include <string_view>

/// The groups of system calls of systemd.exec(5), as of systemd 252 with what later ones added, and how @system-service and
/// our @service differ. Pure.
namespace xsuperd::convert {

/// The calls of a group such as "@mount", with those of the groups in it; nothing for one that is not known here, and for
/// those that are larger than what a service could do without. `of_service`: without the groups in it that are outside of
/// @system-service.
[[nodiscard]] std::optional<std::set<std::string>> calls_of_group(std::string_view name, bool of_service = false);
/// Has @system-service none of its calls, so that to take them off it changes nothing?
[[nodiscard]] bool is_outside_system_service(std::string_view group);
/// What our @service leaves and @system-service does not have.
[[nodiscard]] std::set<std::string> left_by_service();
/// What our @service takes away and @system-service has, as SystemCallFilter= writes it.
[[nodiscard]] std::string_view taken_by_service();

}  // namespace xsuperd::convert
