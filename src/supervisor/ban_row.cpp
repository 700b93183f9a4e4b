// SPDX-License-Identifier: MIT
#include "supervisor/ban_row.hpp"

#include <chrono>

namespace xsuperd::supervisor {

control::reply::Ban ban_row(const policy::BanList::Ban& ban, base::Moment now) {
  const auto since = std::chrono::system_clock::now() - (now - ban.since);
  control::reply::Ban row{.address = ban.peer.text(), .seconds_left = {}, .reason = {}, .origin = {}, .since = {}, .hits = ban.hits};
  if (ban.until != base::Moment::max())
    row.seconds_left = static_cast<std::uint64_t>(std::chrono::ceil<std::chrono::seconds>(ban.until - now).count());
  if (!ban.reason.empty()) row.reason = ban.reason;
  if (!ban.origin.empty()) row.origin = ban.origin;
  row.since = std::chrono::duration_cast<std::chrono::seconds>(since.time_since_epoch()).count();
  return row;
}

}  // namespace xsuperd::supervisor
