// SPDX-License-Identifier: MIT
// The rows of attributes about limits of a fleet: sorted by name, and merged into the table in attributes.cpp. Internal to config.
#pragma once
#include <array>

#include "config/row.hpp"
#include "config/xinetd_reading.hpp"

namespace xsuperd::config {

inline constexpr std::array fleet_rows{
    attr<&Settings::fleet_per_source>({.name = "fleet_per_source", .where = Where::both, .synopsis = "NUMBER|UNLIMITED",
        .initial = "UNLIMITED", .example = "fleet_per_source = 4",
        .text = "How many connections one source may have at a time to services of this id on all hosts that share the store of ban_share. "
                "Further ones are refused with the reason fleet_per_source. What other hosts have is known only roughly; see Limits of "
                "a fleet.",
        .difference = "Not in xinetd.", .without = Without::more, .parse = values::fleet_per_source,
        .concerns = concerning::known_requests, .xinetd = {.instead = "each host counts a source by itself"}}),
    attr<&Settings::fleet_rate>({.name = "fleet_rate", .where = Where::both, .synopsis = "NUMBER/PERIOD|UNLIMITED", .initial = "UNLIMITED",
        .example = "fleet_rate = 60/minute",
        .text = "How many connections of one source are admitted per second, minute, hour or day to services of this id on all hosts that "
                "share the store of ban_share. Further ones are refused with the reason fleet_rate. What other hosts have admitted is known "
                "only roughly; see Limits of a fleet.",
        .difference = "Not in xinetd.", .without = Without::more, .parse = values::fleet_rate,
        .concerns = concerning::known_requests, .xinetd = {.instead = "a source may come as often as it likes"}}),
};

}  // namespace xsuperd::config
