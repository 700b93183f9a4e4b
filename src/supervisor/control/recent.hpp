// SPDX-License-Identifier: MIT
// What has happened lately, as replies tell of it. Internal to supervisor.
#pragma once
#include <boost/json.hpp>
#include <string_view>
#include <vector>

#include "xsuperd/log/history.hpp"

namespace xsuperd::supervisor {

/// How many records come with what is told of the daemon or a service.
inline constexpr std::size_t recent_records = 5;

/// A record that is kept.
[[nodiscard]] boost::json::object record_of(const log::History& history, log::History::Number number);
/// The last ones, oldest first: of the service, or of all where `id` is empty.
[[nodiscard]] std::vector<boost::json::object> recent(const log::History& history, std::string_view id = {});

}  // namespace xsuperd::supervisor
