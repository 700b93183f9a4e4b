// SPDX-License-Identifier: MIT
#include "supervisor/ban_merge.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <string_view>
#include <utility>
#include "xsuperd/policy/ban_origin.hpp"

namespace xsuperd::supervisor {

namespace {

using std::chrono::seconds;

/// Takes the texts from the line.
policy::BanList::Ban ban_of(policy::BanLine& line, const BanTimes& at) {
  policy::BanList::Ban ban{.peer = line.peer, .until = base::Moment::max(), .since = at.now};
  if (line.until && *line.until - at.wall <= policy::most_ban)
    ban.until = at.now + std::chrono::duration_cast<base::Moment::duration>(*line.until - at.wall);
  if (line.since && *line.since < at.wall) ban.since = at.now - std::chrono::duration_cast<base::Moment::duration>(at.wall - *line.since);
  ban.stays = !policy::ban_origin::goes_first(line.origin);
  ban.reason = std::move(line.reason);
  ban.origin = line.origin.empty() ? std::string(policy::ban_origin::file) : std::move(line.origin);
  return ban;
}

void apply(std::span<policy::BanLine> lines, const BanTimes& at, policy::BanList& to) {
  std::array<policy::Network, ban_lines_taken> peers;
  std::ranges::transform(lines, peers.begin(), &policy::BanLine::peer);
  to.expect({peers.data(), lines.size()});
  for (policy::BanLine& line : lines) {
    if (line.until && *line.until <= at.wall)
      to.remove(line.peer);
    else
      to.put(ban_of(line, at), at.now);
  }
}

/// As it is, or as one more that says so of a peer who is banned already (decision B15.60).
void take_in(const policy::BanList::Ban& ban, base::Moment now, policy::BanList& bans) {
  const auto there = bans.find(ban.peer, now);
  if (!there)
    bans.put(ban, now);
  else if (policy::ban_origin::is_foreign(ban.origin) && !policy::ban_origin::is_foreign(there->origin))
    return;  // what others have said makes no ban of ours theirs
  else if (there->until < ban.until || (ban.stays && !there->stays))
    bans.add_until(ban.peer, ban.until, now, {.reason = ban.reason, .origin = ban.origin, .stays = ban.stays});
}

}  // namespace

/// Only times that can be read again: what would end later has no end, and nothing was before 1970.
void put_ban_line(std::string& to, const policy::BanList::Ban& ban, const BanTimes& at) {
  const auto& [now, wall] = at;
  const base::WallTime since = std::max(wall - (now - ban.since), base::WallTime{});
  policy::BanLine line{.peer = ban.peer, .until = {}, .since = since, .reason = ban.reason, .origin = ban.origin};
  if (ban.until != base::Moment::max() && ban.until - now <= policy::latest_ban_end - wall)
    line.until = std::chrono::ceil<seconds>(wall + (ban.until - now));
  policy::write_ban_line(to, line);
}

base::Result<BanFileReading> read_bans(const std::string& path, const BanTimes& at, policy::BanList& to) {
  return read_ban_file(path, [&](std::span<policy::BanLine> lines) { apply(lines, at, to); });
}

bool BanMerge::some(policy::BanList& bans, base::Moment now, std::size_t most) {
  for (; most > 0; --most) {
    const auto ban = found_->next(cursor_);
    if (!ban) return true;
    if (now < ban->until && !lifted_.contains(ban->peer)) take_in(*ban, now, bans);
  }
  return false;
}

base::Result<void> BanMerge::all(const std::string& path, const BanTimes& at, policy::BanList& bans) {
  found_ = std::make_shared<policy::BanList>(no_limit);  // somebody may be reading into the other one
  cursor_ = {};
  const auto reading = read_bans(path, at, *found_);
  if (!reading) return reading.error();
  (void)some(bans, at.now, no_limit);
  return {};
}

}  // namespace xsuperd::supervisor
