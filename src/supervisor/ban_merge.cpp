// SPDX-License-Identifier: MIT
#include "supervisor/ban_merge.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <optional>
#include <string_view>
#include <utility>

#include "xsuperd/policy/ban_origin.hpp"

namespace xsuperd::supervisor {

namespace {

using std::chrono::seconds;

base::Moment end_of(const std::optional<base::WallTime>& until, const BanTimes& at) {
  if (!until || *until - at.wall > policy::most_ban) return base::Moment::max();
  return at.now + std::chrono::duration_cast<base::Moment::duration>(*until - at.wall);
}

bool is_over(const std::optional<base::WallTime>& until, const BanTimes& at) { return until && *until <= at.wall; }

/// Of the line, or of what it says of ours. Takes the texts from there.
template <typename Part>
policy::BanList::Ban ban_of(const policy::Network& peer, Part& part, const BanTimes& at) {
  policy::BanList::Ban ban{.peer = peer, .until = end_of(part.until, at), .since = at.now};
  if (part.since && *part.since < at.wall) ban.since = at.now - std::chrono::duration_cast<base::Moment::duration>(at.wall - *part.since);
  ban.stays = !policy::ban_origin::goes_first(part.origin);
  ban.reason = std::move(part.reason);
  ban.origin = part.origin.empty() ? std::string(policy::ban_origin::file) : std::move(part.origin);
  return ban;
}

/// Behind a ban of ours there is none, and a ban of others is none of ours, whatever somebody has written.
bool has_ours(const policy::BanLine& line, const BanTimes& at) {
  return line.ours && policy::ban_origin::is_foreign(line.origin) && !policy::ban_origin::is_foreign(line.ours->origin) && !is_over(line.ours->until, at);
}

void apply(policy::BanLine& line, const BanTimes& at, policy::BanList& to, policy::BansBehind& behind) {
  if (!behind.peers.empty()) behind.forget(line.peer);
  const bool has = has_ours(line, at);
  if (is_over(line.until, at))
    to.remove(line.peer);
  else
    to.put(ban_of(line.peer, line, at), at.now);
  if (has) policy::ban_too(to, behind, ban_of(line.peer, *line.ours, at), at.now);
}

void apply(std::span<policy::BanLine> lines, const BanTimes& at, policy::BanList& to, policy::BansBehind& behind) {
  std::array<policy::Network, ban_lines_taken> peers;
  std::ranges::transform(lines, peers.begin(), &policy::BanLine::peer);
  to.expect({peers.data(), lines.size()});
  for (policy::BanLine& line : lines) apply(line, at, to, behind);
}

/// As it is, or as one more that says so of a peer who is banned already (decision B15.60).
void take_in(const policy::BanList::Ban& ban, base::Moment now, policy::BanList& bans, policy::BansBehind& behind) {
  const auto there = bans.find(ban.peer, now);
  const bool theirs = policy::ban_origin::is_foreign(ban.origin);
  if (!there || (!theirs && policy::ban_origin::is_foreign(there->origin))) return void(policy::ban_too(bans, behind, ban, now));
  if (theirs && !policy::ban_origin::is_foreign(there->origin)) return;  // what others have said makes no ban of ours theirs
  if (there->until < ban.until || (ban.stays && !there->stays))
    bans.add_until(ban.peer, ban.until, now, {.reason = ban.reason, .origin = ban.origin, .stays = ban.stays});
}

/// Only times that can be read again: what would end later has no end, and nothing was before 1970.
template <typename Part>
void put_times(Part& part, const policy::BanList::Ban& ban, const BanTimes& at) {
  part.since = std::max(at.wall - (at.now - ban.since), base::WallTime{});
  if (ban.until != base::Moment::max() && ban.until - at.now <= policy::latest_ban_end - at.wall)
    part.until = std::chrono::ceil<seconds>(at.wall + (ban.until - at.now));
}

}  // namespace

void put_ban_line(std::string& to, const policy::BanList::Ban& ban, const policy::BansBehind& behind, const BanTimes& at) {
  policy::BanLine line{.peer = ban.peer, .until = {}, .since = {}, .reason = ban.reason, .origin = ban.origin};
  put_times(line, ban, at);
  const bool theirs = policy::ban_origin::is_foreign(ban.origin);
  if (const auto* ours = theirs ? behind.find(ban.peer, policy::ban_origin::ours, at.now) : nullptr) {
    line.ours = {.reason = ours->reason, .origin = ours->origin};
    put_times(*line.ours, *ours, at);
  }
  policy::write_ban_line(to, line);
}

base::Result<BanFileReading> read_bans(const std::string& path, const BanTimes& at, policy::BanList& to, policy::BansBehind& behind) {
  return read_ban_file(path, [&](std::span<policy::BanLine> lines) { apply(lines, at, to, behind); });
}

bool BanMerge::some(policy::BanList& bans, policy::BansBehind& behind, base::Moment now, std::size_t most) {
  for (; most > 0; --most) {
    const auto ban = found_->list.next(cursor_);
    if (!ban) return true;
    if (now >= ban->until || lifted_.contains(ban->peer)) continue;
    take_in(*ban, now, bans, behind);
    if (const auto* ours = found_->behind.find(ban->peer, policy::ban_origin::ours, now)) take_in(*ours, now, bans, behind);
  }
  return false;
}

base::Result<void> BanMerge::all(const std::string& path, const BanTimes& at, policy::BanList& bans, policy::BansBehind& behind) {
  found_ = std::make_shared<Found>();  // somebody may be reading into the other one
  cursor_ = {};
  const auto reading = read_bans(path, at, found_->list, found_->behind);
  if (!reading) return reading.error();
  (void)some(bans, behind, at.now, no_limit);
  return {};
}

}  // namespace xsuperd::supervisor
