// SPDX-License-Identifier: MIT
#include "supervisor/ban_pack.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <utility>

namespace xsuperd::supervisor {

namespace {

using policy::BanList;

/// The words of a line, and the numbers among them.
class Words {
 public:
  explicit Words(std::string_view line) : rest_(line) {}
  std::string_view next() {
    const std::size_t end = std::min(rest_.find(' '), rest_.size());
    const std::string_view word = rest_.substr(0, end);
    rest_.remove_prefix(std::min(end + 1, rest_.size()));
    return word;
  }
  /// False when it is no such number.
  template <typename Number>
  bool number(Number& value, Number least, Number most) {
    const std::string_view word = next();
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
    return error == std::errc() && end == word.data() + word.size() && value >= least && value <= most;
  }
  [[nodiscard]] bool ended() const { return rest_.empty(); }

 private:
  std::string_view rest_;
};

/// A century, in nanoseconds: more than most_ban. What takes longer is for ever.
constexpr std::int64_t longest = std::int64_t{100} * 366 * 86'400 * 1'000'000'000;
static_assert(std::chrono::nanoseconds(policy::most_ban).count() < longest);

/// As far as there are moments.
base::Moment later_by(base::Moment from, std::int64_t nanoseconds) {
  std::int64_t sum = 0;
  if (__builtin_add_overflow(std::int64_t{from.time_since_epoch().count()}, nanoseconds, &sum))
    return nanoseconds < 0 ? base::Moment::min() : base::Moment::max();
  return base::Moment(std::chrono::nanoseconds(sum));
}

bool read(std::string_view line, const std::vector<HandOver::BanText>& texts, base::Moment now, BanList::Ban& ban) {
  Words words(line);
  const auto peer = policy::Network::parse(words.next());
  std::int64_t left = 0, age = 0;
  std::uint32_t text = 0, stays = 0;
  const bool right = peer && words.number<std::int64_t>(left, -1, longest) && words.number<std::int64_t>(age, 0, longest) &&
                     words.number<std::uint32_t>(ban.hits, 0, UINT32_MAX) && words.number<std::uint32_t>(stays, 0, 1) &&
                     words.number<std::uint32_t>(text, 0, UINT32_MAX) && words.ended() && text < texts.size();
  if (!right) return false;
  ban.peer = *peer;
  ban.until = left < 0 ? base::Moment::max() : later_by(now, left);
  ban.since = later_by(now, -age);
  ban.stays = stays != 0;
  ban.reason = texts[text].reason;
  ban.origin = texts[text].origin;
  return true;
}

/// Writes the lines of one table. Their texts are in the state, each once.
class Packing {
 public:
  Packing(base::Moment now, HandOver& state) : now_(now), state_(state) {}
  void put(std::string& table, const BanList::Ban& ban) {
    if (ban.until <= now_) return;
    const auto [text, fresh] = numbers_.try_emplace({ban.reason, ban.origin}, numbers_.size());
    if (fresh) state_.ban_texts.push_back({ban.reason, ban.origin});
    const std::int64_t left = (ban.until - now_).count(), age = (now_ - ban.since).count();
    fmt::format_to(std::back_inserter(table), "{} {} {} {} {} {}\n", ban.peer.text(), left <= longest ? left : -1,
                   std::clamp<std::int64_t>(age, 0, longest), ban.hits, ban.stays ? 1 : 0, text->second);
  }

 private:
  const base::Moment now_;
  HandOver& state_;
  std::map<std::pair<std::string, std::string>, std::size_t> numbers_;
};

base::Result<std::vector<BanList::Ban>> unpack(std::string_view table, std::string_view name, const HandOver& state, base::Moment now) {
  std::vector<BanList::Ban> all;
  while (!table.empty()) {
    const std::size_t end = std::min(table.find('\n'), table.size());
    if (!read(table.substr(0, end), state.ban_texts, now, all.emplace_back()))
      return base::Error{0, fmt::format("{}: line {} is not right", name, all.size())};
    table.remove_prefix(std::min(end + 1, table.size()));
  }
  return all;
}

}  // namespace

void pack_bans(const BanList& bans, const policy::BansBehind& behind, base::Moment now, HandOver& state) {
  Packing packing(now, state);
  for (const BanList::Ban& ban : bans.snapshot()) packing.put(state.ban_table, ban);
  for (const auto& [peer, all] : behind.peers) {
    if (!bans.contains(peer, now)) continue;
    for (const BanList::Ban& ban : all) packing.put(state.bans_behind, ban);
  }
}

base::Result<std::vector<BanList::Ban>> unpack_bans(const HandOver& state, base::Moment now) {
  return unpack(state.ban_table, "ban_table", state, now);
}

base::Result<std::vector<BanList::Ban>> unpack_bans_behind(const HandOver& state, base::Moment now) {
  return unpack(state.bans_behind, "bans_behind", state, now);
}

std::string ban_trouble(const HandOver& state) {
  if (const auto bans = unpack_bans(state, state.now); !bans) return bans.error().sentence;
  const auto behind = unpack_bans_behind(state, state.now);
  return behind ? std::string() : behind.error().sentence;
}

}  // namespace xsuperd::supervisor
