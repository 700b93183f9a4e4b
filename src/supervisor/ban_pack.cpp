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

}  // namespace

void pack_bans(const BanList& bans, base::Moment now, HandOver& state) {
  std::map<std::pair<std::string, std::string>, std::size_t> numbers;
  auto out = std::back_inserter(state.ban_table);
  for (const BanList::Ban& ban : bans.snapshot()) {
    if (ban.until <= now) continue;
    const auto [text, fresh] = numbers.try_emplace({ban.reason, ban.origin}, numbers.size());
    if (fresh) state.ban_texts.push_back({ban.reason, ban.origin});
    const std::int64_t left = (ban.until - now).count(), age = (now - ban.since).count();
    fmt::format_to(out, "{} {} {} {} {} {}\n", ban.peer.text(), left <= longest ? left : -1, std::clamp<std::int64_t>(age, 0, longest), ban.hits,
                   ban.stays ? 1 : 0, text->second);
  }
}

base::Result<std::vector<BanList::Ban>> unpack_bans(const HandOver& state, base::Moment now) {
  std::vector<BanList::Ban> all;
  std::string_view rest = state.ban_table;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    if (!read(rest.substr(0, end), state.ban_texts, now, all.emplace_back()))
      return base::Error{0, fmt::format("ban_table: line {} is not right", all.size())};
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return all;
}

std::string ban_trouble(const HandOver& state) {
  const auto bans = unpack_bans(state, state.now);
  return bans ? std::string() : bans.error().sentence;
}

}  // namespace xsuperd::supervisor
