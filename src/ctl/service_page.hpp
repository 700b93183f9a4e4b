// SPDX-License-Identifier: MIT
// What `top` shows of a single service. Internal to ctl; pure, but for the character set of the locale.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "ctl/activity_page.hpp"
#include "ctl/commands.hpp"

namespace xsuperd::ctl {

struct ServiceDetail {
  reply::Service service;
  control::Time now;
  std::vector<reply::Session> sessions;
  std::vector<control::EventRecord> recent;  ///< the last ones, oldest first
};
/// From what the daemon has answered to `show` and `sessions` of one service; nothing, if it told of none.
[[nodiscard]] std::optional<ServiceDetail> detail_of(const Answer& show, const Answer& sessions);

/// `detail` may be null as long as there is none. Sessions, of which there may be many, come last.
[[nodiscard]] Page service_page(const std::string& id, const ServiceDetail* detail, const std::optional<Rates>& rates,
                                const View& view, PageSize size);

}  // namespace xsuperd::ctl
