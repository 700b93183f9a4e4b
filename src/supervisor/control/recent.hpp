// SPDX-License-Identifier: MIT
// What has happened lately, as replies tell of it. Internal to supervisor.
#pragma once
#include <string_view>
#include <vector>

#include "xsuperd/control/schema/command.hpp"
#include "xsuperd/log/history.hpp"

namespace xsuperd::supervisor {

/// How many records come with what is told of the daemon or a service.
inline constexpr std::size_t recent_records = 5;

/// A record that is kept.
[[nodiscard]] control::EventRecord record_of(const log::History& history, log::History::Number number);
/// The last ones, at most so many, oldest first: of the service, or of all where `id` is empty.
[[nodiscard]] std::vector<control::EventRecord> recent(const log::History& history, std::string_view id = {},
                                                       std::size_t most = recent_records);

}  // namespace xsuperd::supervisor
