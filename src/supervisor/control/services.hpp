// SPDX-License-Identifier: MIT
// Services, as requests mean them and as replies tell of them. Internal to supervisor.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "supervisor/control/view.hpp"
#include "xsuperd/control/message.hpp"
#include "xsuperd/control/schema/services.hpp"

namespace xsuperd::supervisor {

/// What words mean, as policy::meant_by() says.
struct Selection {
  Services services;                       ///< each once
  std::optional<control::Failure> failure; ///< about the first word that means none of the services
};
[[nodiscard]] Selection select_services(const View& daemon, const std::vector<std::string>& words, bool retired_too);
/// The services that an argument means; a failure, too, when there is no word.
[[nodiscard]] Selection services_meant(const View& daemon, const control::request::Services& arguments);
/// The same of entries that are not served. A word that means none of them is passed over.
[[nodiscard]] std::vector<const config::Absent*> select_absent(const config::Config& config,
                                                               const std::vector<std::string>& words);

// All below is pure.
/// Nothing for a time that never was.
[[nodiscard]] control::Time time_of(base::WallTime when);
[[nodiscard]] control::reply::Place place_of(const config::Place& place);
/// What an administrator, and then the socket, have to say.
[[nodiscard]] std::string_view state_word(const service::Runner& runner);
/// `to` gets the counts.
void tell_counters(const service::Counters& counters, control::reply::Counters& to);
/// `instances` of a service; nothing when there is no limit.
[[nodiscard]] std::optional<std::uint64_t> limit_of(const config::Service& service);
/// How many servers and conversations there are.
[[nodiscard]] std::size_t running_sessions(const service::Runner& runner);
/// Why its socket is closed though it should be open, as a sentence; nothing for any other service.
[[nodiscard]] std::optional<std::string> trouble_of(const service::Runner& runner);
/// All that `stats` tells.
[[nodiscard]] control::reply::StatsRow stats_row(const service::Runner& runner);
/// All that `list` tells.
[[nodiscard]] control::reply::Service told(const service::Runner& runner);
[[nodiscard]] std::vector<control::reply::Service> told(const Services& services);
[[nodiscard]] control::reply::Absent told(const config::Absent& absent);
/// How many entries are not served.
[[nodiscard]] control::reply::LeftOut left_out(const config::Config& config);

}  // namespace xsuperd::supervisor
