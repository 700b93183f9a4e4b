// SPDX-License-Identifier: MIT
// How much of a service there may be, and for how long: rates, queues, penalties.
#include <algorithm>

#include "config/limit_words.hpp"
#include "config/values.hpp"

namespace xsuperd::config::values {

namespace {

std::optional<std::uint32_t> number_of(std::string_view word, std::uint32_t least, std::uint32_t greatest) {
  const auto value = base::parse_number(word, least, greatest);
  return value ? std::optional(static_cast<std::uint32_t>(*value)) : std::nullopt;
}

/// "10/second", also "10/s".
std::optional<TokenRate> token_rate(std::string_view word) {
  const std::size_t slash = word.find('/');
  if (slash == word.npos) return std::nullopt;
  const auto count = number_of(word.substr(0, slash), 1, 1'000'000);
  const std::string_view unit = word.substr(slash + 1);
  const auto period = std::ranges::find_if(periods, [&](const Period& one) { return base::iequals(one.word, unit) || base::iequals(one.letter, unit); });
  if (!count || period == std::end(periods)) return std::nullopt;
  return TokenRate{*count, period->seconds, *count};
}

/// "N/PERIOD [BURST]"; nothing after reporting what is wrong.
std::optional<TokenRate> bucket(const ValueContext& c, const Assignment& a) {
  auto rate = token_rate(a.values[0].text);
  if (!rate) {
    (void)not_understood(c, a, 0, "expected NUMBER/second, NUMBER/minute, NUMBER/hour or NUMBER/day");
    return std::nullopt;
  }
  if (a.values.size() < 2) return rate;
  const auto burst = number_of(a.values[1].text, 1, 1'000'000);
  if (burst) return rate->burst = *burst, rate;
  (void)refused(c, a, 1, fmt::format("the burst is invalid: {}", a.values[1].text), "expected a number from 1 to 1000000");
  return std::nullopt;
}

/// "CAUSE=TIME", or "exit:STATUS=TIME".
std::optional<Penalty> one_penalty(const ValueContext& c, const Assignment& a, std::size_t index) {
  const std::string_view word = a.values[index].text;
  const std::size_t equals = word.find('=');
  const std::string_view name = word.substr(0, std::min(word.find(':'), equals));
  const auto known = std::ranges::find_if(causes, [&](const CauseWord& one) { return base::iequals(one.word, name); });
  const auto bad = [&](std::string sentence, std::string hint) {
    (void)refused(c, a, index, std::move(sentence), std::move(hint));
    return std::nullopt;
  };
  if (equals == word.npos) return bad(fmt::format("'{}' is not a penalty", word), "write CAUSE=TIME, as in exit=10s");
  if (known == std::end(causes)) return bad(fmt::format("'{}' is not a cause of a penalty", name), "expected exit, exit:STATUS, signal, timeout or refused");
  const auto seconds = seconds_of(word.substr(equals + 1), 1, a_day);
  if (!seconds) return bad(fmt::format("'{}' is not a time for a penalty", word.substr(equals + 1)), "expected a time of up to a day, as in '30', '5m' or '2h'");
  Penalty penalty{known->cause, Penalty::any_failure, *seconds};
  if (name.size() == equals) return penalty;
  const std::string_view status = word.substr(name.size() + 1, equals - name.size() - 1);
  const auto number = number_of(status, 0, 255);
  if (penalty.cause != Penalty::Cause::exit || !number) return bad(fmt::format("'{}' is not an exit status", status), "only exit takes one, a number from 0 to 255");
  penalty.status = static_cast<int>(*number);
  return penalty;
}

bool same_event(const Penalty& a, const Penalty& b) { return a.cause == b.cause && a.status == b.status; }

}  // namespace

std::optional<std::uint32_t> seconds_of(std::string_view word, std::uint32_t least, std::uint32_t greatest) {
  std::uint32_t factor = 1;
  if (!word.empty()) {
    const char unit = base::lower(word.back());
    const auto period = std::ranges::find_if(periods, [unit](const Period& one) { return one.letter[0] == unit; });
    if (period != std::end(periods)) factor = period->seconds, word.remove_suffix(1);
  }
  const auto count = number_of(word, 0, greatest / factor);
  return count && *count * factor >= least ? std::optional(*count * factor) : std::nullopt;
}

bool per_source_rate(const ValueContext& c, Settings& s, const Assignment& a) {
  if (a.values[0].text.find('/') != std::string::npos) {
    const auto rate = bucket(c, a);
    if (rate) s.per_source_rate = SourceRate{rate->count, rate->period, rate->burst};
    return rate.has_value();
  }
  if (a.values.size() < 2) return refused(c, a, 0, fmt::format("per_source_rate needs a time as well: {}", a.values[0].text), "write NUMBER SECONDS, or NUMBER/minute");
  const auto connections = number_of(a.values[0].text, 0, greatest_u32);
  if (!connections) return refused(c, a, 0, fmt::format("per_source_rate argument not a number: {}", a.values[0].text));
  const auto window = number_of(a.values[1].text, 1, a_day);
  if (!window) return refused(c, a, 1, fmt::format("per_source_rate needs a number of seconds from 1 to 86400: {}", a.values[1].text));
  s.per_source_rate = SourceRate{*connections, *window};
  return true;
}

bool fleet_per_source(const ValueContext& c, Settings& s, const Assignment& a) {
  const auto limit = limit_of(a.values[0].text, false);
  const bool good = limit && (limit->is_unlimited() || (limit->value >= 1 && limit->value <= greatest_u32));
  if (!good) return refused(c, a, 0, fmt::format("fleet_per_source is invalid: {}", a.values[0].text), "expected a number from 1 on, or UNLIMITED");
  s.fleet_per_source = *limit;
  return true;
}

bool fleet_rate(const ValueContext& c, Settings& s, const Assignment& a) {
  const std::string& word = a.values[0].text;
  const auto rate = token_rate(word);
  if (!rate && !base::iequals(word, "UNLIMITED"))
    return refused(c, a, 0, fmt::format("fleet_rate is invalid: {}", word), "expected NUMBER/second, NUMBER/minute, NUMBER/hour, NUMBER/day or UNLIMITED");
  s.fleet_rate = rate ? FleetRate{rate->count, rate->period} : FleetRate{};
  return true;
}

bool rate(const ValueContext& c, Settings& s, const Assignment& a) {
  const auto rate = bucket(c, a);
  if (rate) s.rate = *rate;
  return rate.has_value();
}

namespace {

bool two_lengths(const ValueContext& c, std::optional<SourcePrefix>& prefix, const Assignment& a, std::string_view attribute) {
  const auto ipv4 = number_of(a.values[0].text, 1, 32);
  if (!ipv4) return refused(c, a, 0, fmt::format("{} is invalid: {}", attribute, a.values[0].text), "expected a number from 1 to 32 for IPv4");
  const auto ipv6 = number_of(a.values[1].text, 1, 128);
  if (!ipv6) return refused(c, a, 1, fmt::format("{} is invalid: {}", attribute, a.values[1].text), "expected a number from 1 to 128 for IPv6");
  prefix = SourcePrefix{static_cast<std::uint8_t>(*ipv4), static_cast<std::uint8_t>(*ipv6)};
  return true;
}

}  // namespace

bool source_prefix(const ValueContext& c, Settings& s, const Assignment& a) { return two_lengths(c, s.source_prefix, a, "source_prefix"); }

bool ban_prefix(const ValueContext& c, Settings& s, const Assignment& a) { return two_lengths(c, s.ban_prefix, a, "ban_prefix"); }

namespace {

/// Names would have to be looked up before anything else is done.
bool networks_only(const ValueContext& c, std::optional<std::vector<AddressPattern>>& list, const Assignment& a, std::string_view attribute) {
  auto changed = list;
  if (!address_list(c, changed, a)) return false;
  for (const AddressPattern& one : *changed)
    if (one.kind != AddressPattern::Kind::network)
      return refused(c, a, 0, fmt::format("{} takes addresses only: {}", attribute, one.text), "write an address or a network");
  list = std::move(changed);
  return true;
}

}  // namespace

bool limit_exempt(const ValueContext& c, Settings& s, const Assignment& a) { return networks_only(c, s.limit_exempt, a, "limit_exempt"); }

bool ban_exempt(const ValueContext& c, Settings& s, const Assignment& a) { return networks_only(c, s.ban_exempt, a, "ban_exempt"); }

bool proxy_from(const ValueContext& c, Settings& s, const Assignment& a) { return networks_only(c, s.proxy_from, a, "proxy_from"); }

bool queue(const ValueContext& c, Settings& s, const Assignment& a) {
  constexpr std::uint32_t most = 1'000'000;
  const auto number = number_of(a.values[0].text, 0, most);
  if (!number) return refused(c, a, 0, fmt::format("queue is invalid: {}", a.values[0].text), "expected a number from 0 to 1000000");
  QueueLimit limit{.number = *number};
  if (a.values.size() > 1) {
    const auto time = seconds_of(a.values[1].text, 1, a_day);
    if (!time) return refused(c, a, 1, fmt::format("the time of queue is invalid: {}", a.values[1].text), "expected a time of up to a day, as in '30', '5m' or '2h'");
    limit.time = *time;
  }
  s.queue = limit;
  return true;
}

bool penalty(const ValueContext& c, Settings& s, const Assignment& a) {
  std::vector<Penalty> all;
  for (std::size_t i = 0; i < a.values.size(); ++i) {
    const auto one = one_penalty(c, a, i);
    if (!one) return false;
    all.push_back(*one);
  }
  if (!s.penalty || (a.op == Operator::set && !c.defaults)) s.penalty.emplace();
  for (const Penalty& one : all) {
    std::erase_if(*s.penalty, [&one](const Penalty& other) { return same_event(one, other); });
    if (a.op != Operator::remove) s.penalty->push_back(one);
  }
  return true;
}

bool penalty_range(const ValueContext& c, Settings& s, const Assignment& a) {
  const auto least = seconds_of(a.values[0].text, 0, a_day);
  const auto most = seconds_of(a.values[1].text, 1, a_day);
  if (!least) return not_understood(c, a, 0);
  if (!most) return not_understood(c, a, 1);
  if (*least > *most) return refused(c, a, 1, fmt::format("penalty_range ends before it begins: {} {}", a.values[0].text, a.values[1].text), "write the smaller time first");
  s.penalty_range = PenaltyRange{*least, *most};
  return true;
}

}  // namespace xsuperd::config::values
