// SPDX-License-Identifier: MIT
// For what peers are banned, and for how long.
#include <algorithm>
#include <array>

#include "config/print.hpp"
#include "config/values.hpp"
#include "xsuperd/config/vocabulary.hpp"

namespace xsuperd::config {

namespace {

/// What an element of ban_on is made of: CAUSE, CAUSE:ONE, CAUSE:ONE:TWO.
struct Parts {
  std::string_view cause, one, two;
  explicit Parts(std::string_view word) : cause(word.substr(0, word.find(':'))) {
    if (cause.size() == word.size()) return;
    const std::string_view rest = word.substr(cause.size() + 1);
    one = rest.substr(0, rest.find(':'));
    if (one.size() < rest.size()) two = rest.substr(one.size() + 1);
  }
};

/// "10/1m".
bool set_number(std::string_view word, BanCause& cause) {
  const std::size_t slash = word.find('/');
  if (slash == word.npos) return false;
  const auto count = base::parse_number(word.substr(0, slash), 1, 1'000'000);
  const auto window = values::seconds_of(word.substr(slash + 1), 1, values::a_day);
  if (!count || !window) return false;
  cause.count = static_cast<std::uint32_t>(*count);
  cause.window = cause.count > 1 ? *window : 0;
  return true;
}

constexpr std::string_view number_hint = "expected NUMBER/TIME, as in 10/1m, with a time of up to a day";

bool same_event(const BanCause& a, const BanCause& b) { return a.kind == b.kind && a.status == b.status; }

/// It becomes part of commands.
bool is_name_in_nftables(std::string_view word) {
  constexpr std::size_t longest = 64;
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  const auto fits = [&](char c) { return letter(c) || (c >= '0' && c <= '9') || c == '_' || c == '-'; };
  return !word.empty() && word.size() <= longest && letter(word.front()) && std::ranges::all_of(word, fits);
}

struct Wrong {
  std::string sentence;
  std::string hint;
};

/// What follows `exit`: a status, a number in a time, or both.
std::optional<Wrong> set_exit(const Parts& parts, BanCause& cause) {
  const bool number_only = parts.one.find('/') != std::string_view::npos;
  if (!number_only && !parts.one.empty()) {
    const auto status = base::parse_number(parts.one, 0, 255);
    if (!status) return Wrong{fmt::format("'{}' is not an exit status", parts.one), "expected a number from 0 to 255"};
    cause.status = static_cast<int>(*status);
  }
  const std::string_view number = number_only ? parts.one : parts.two;
  if (number_only && !parts.two.empty()) return Wrong{fmt::format("'{}' is not an exit status", parts.one), "write exit:STATUS:NUMBER/TIME"};
  if (number.empty() || set_number(number, cause)) return std::nullopt;
  return Wrong{fmt::format("'{}' is not a number in a time", number), std::string(number_hint)};
}

std::optional<Wrong> set_others(const Parts& parts, BanCause& cause) {
  if (!parts.two.empty()) return Wrong{fmt::format("only exit takes a status: {}", parts.one), std::string(number_hint)};
  if (cause.kind == BanCause::Kind::sensor)
    return parts.one.empty() ? std::nullopt : std::optional(Wrong{"sensor takes no number", "each touch of a sensor counts"});
  if (cause.kind == BanCause::Kind::penalty) {
    const auto time = values::seconds_of(parts.one, 1, values::a_day);
    if (!time) return Wrong{fmt::format("'{}' is not a time for penalty", parts.one), "write penalty:TIME, as in penalty:10m"};
    cause.window = *time;
    return std::nullopt;
  }
  if (parts.one.empty() || set_number(parts.one, cause)) return std::nullopt;
  return Wrong{fmt::format("'{}' is not a number in a time", parts.one), std::string(number_hint)};
}

std::optional<Wrong> read_cause(std::string_view word, BanCause& cause) {
  const Parts parts(word);
  const auto known = find_word(vocabulary<BanCause::Kind>(), parts.cause);
  if (!known)
    return Wrong{fmt::format("'{}' is not a cause of a ban", parts.cause),
                 "expected exit, exit:STATUS, signal, timeout, refused, penalty:TIME or sensor"};
  if (word.ends_with(':')) return Wrong{fmt::format("something is missing at the end of '{}'", word), std::string(number_hint)};
  cause.kind = *known;
  return cause.kind == BanCause::Kind::exit ? set_exit(parts, cause) : set_others(parts, cause);
}

}  // namespace

namespace values {

bool ban_on(const ValueContext& c, Settings& s, const Assignment& a) {
  std::vector<BanCause> all;
  for (std::size_t i = 0; i < a.values.size(); ++i)
    if (const auto wrong = read_cause(a.values[i].text, all.emplace_back())) return refused(c, a, i, wrong->sentence, wrong->hint);
  if (!s.ban_on || (a.op == Operator::set && !c.defaults)) s.ban_on.emplace();
  for (const BanCause& one : all) {
    std::erase_if(*s.ban_on, [&one](const BanCause& other) { return same_event(one, other); });
    if (a.op != Operator::remove) s.ban_on->push_back(one);
  }
  return true;
}

bool ban_time(const ValueContext& c, Settings& s, const Assignment& a) {
  constexpr std::uint32_t ten_years = 3660 * a_day;
  const auto time_at = [&](std::size_t index) { return seconds_of(a.values[index].text, 1, ten_years); };
  const auto bad_time = [&](std::size_t index) {
    return refused(c, a, index, fmt::format("'{}' is not a time for a ban", a.values[index].text), "expected a time, as in '30', '5m', '2h' or '7d'");
  };
  const auto first = time_at(0);
  if (!first) return bad_time(0);
  if (a.values.size() == 1) return s.ban_time = BanTime{*first, 1, *first}, true;
  const std::string_view word = a.values[1].text;
  const auto factor = base::lower(word.front()) == 'x' ? base::parse_number(word.substr(1), 1, 1000) : std::nullopt;
  if (!factor) return refused(c, a, 1, fmt::format("'{}' is not a factor", word), "expected x1 to x1000, as in '10m x2 1d'");
  if (a.values.size() == 2) return refused(c, a, 1, "ban_time has a factor and no greatest time", "write FIRST xFACTOR GREATEST, as in '10m x2 1d'");
  const auto greatest = time_at(2);
  if (!greatest) return bad_time(2);
  if (*greatest < *first) return refused(c, a, 2, "ban_time ends before it begins", "write the smaller time first");
  s.ban_time = BanTime{*first, static_cast<std::uint32_t>(*factor), *factor > 1 ? *greatest : *first};
  return true;
}

bool ban_nft(const ValueContext& c, Settings& s, const Assignment& a) {
  constexpr std::array<std::string_view, 4> families{"inet", "ip", "ip6", "netdev"};
  if (std::ranges::find(families, a.values[0].text) == families.end())
    return refused(c, a, 0, fmt::format("'{}' is not a family of nftables that has addresses of peers", a.values[0].text), "expected inet, ip, ip6 or netdev");
  for (const std::size_t index : {std::size_t{1}, std::size_t{2}})
    if (!is_name_in_nftables(a.values[index].text))
      return refused(c, a, index, fmt::format("'{}' is not a name for a {} of nftables", a.values[index].text, index == 1 ? "table" : "set"),
                     "expected a letter, and then up to 63 letters, digits, underscores and hyphens");
  s.ban_nft = BanNft{a.values[0].text, a.values[1].text, a.values[2].text};
  return true;
}

}  // namespace values

namespace printing {

std::string text_of(const BanCause& value) {
  std::string text(word_of(vocabulary<BanCause::Kind>(), value.kind));
  if (value.status != BanCause::any_failure) text += fmt::format(":{}", value.status);
  if (value.kind == BanCause::Kind::penalty) return fmt::format("{}:{}", text, value.window);
  return value.count > 1 ? fmt::format("{}:{}/{}", text, value.count, value.window) : text;
}

}  // namespace printing

}  // namespace xsuperd::config
