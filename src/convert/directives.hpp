// SPDX-License-Identifier: MIT
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "convert/unit_file.hpp"

/// The directives of units that have no equivalent in xinetd.conf, and what goes with each of them.
namespace xsuperd::convert {

/// What a directive did that the entry cannot say.
enum class Effect : std::uint8_t {
  nothing,   ///< nobody is less protected without it
  confines,  ///< the server: what it may see and do
  limits,    ///< what the server may use of the machine
  guards,    ///< who can reach the service, or whether anybody can
  prepares,  ///< what the server finds when it starts
  unknown,   ///< no directive of systemd that is known here
};

/// The effect of a directive of [Socket] or [Service] of systemd.exec(5), systemd.resource-control(5), systemd.kill(5),
/// systemd.socket(5), systemd.service(5) and systemd.unit(5), up to systemd 258.
[[nodiscard]] Effect effect_of(std::string_view section, std::string_view key);

/// Reports what nobody has looked at in the unit. Returns, for each directive that has one of the effects that protect,
/// why an entry that lacks it must not be served as it is. A directive that is overridden or off has none.
[[nodiscard]] std::vector<std::string> report_unused(const Unit& unit, Report& report);

}  // namespace xsuperd::convert
