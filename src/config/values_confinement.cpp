// SPDX-License-Identifier: MIT
// What a server may do: capabilities, system calls, connections; and what it sees of the host.
#include <algorithm>
#include <climits>
#include <filesystem>

#include "config/values.hpp"

namespace xsuperd::config::values {

namespace {

/// Without these no server would start, or end.
constexpr std::string_view indispensable[]{"execve", "exit", "exit_group", "rt_sigreturn"};

std::string capability_hint(const std::string& word) {
  if (base::iequals(word, "none") || base::iequals(word, "all")) return fmt::format("'{}' stands alone, behind '='", word);
  const auto near = base::nearest(word, std::vector<std::string_view>{capability_names().begin(), capability_names().end()});
  return near ? fmt::format("did you mean '{}'?", *near) : "capabilities(7) lists them";
}

/// The capabilities of all words, each behind a ~ or none of them; nothing after reporting what is wrong.
std::optional<CapabilitySet> capability_words(const ValueContext& c, const Assignment& a) {
  CapabilitySet set{a.values[0].text.starts_with('~'), 0};
  for (std::size_t i = 0; i < a.values.size(); ++i) {
    std::string_view word = a.values[i].text;
    if (word.starts_with('~') != set.except) {
      (void)refused(c, a, i, fmt::format("capabilities are either those that stay or those that go: {}", word), "write all of them with ~, or none");
      return std::nullopt;
    }
    if (set.except) word.remove_prefix(1);
    const auto number = find_capability(word);
    if (!number) {
      (void)not_understood(c, a, i, capability_hint(std::string(word)));
      return std::nullopt;
    }
    set.bits |= std::uint64_t{1} << *number;
  }
  return set;
}

/// none or all, which stand alone.
std::optional<CapabilitySet> capability_keyword(const Assignment& a) {
  const std::string& word = a.values[0].text;
  if (a.values.size() > 1 || a.op != Operator::set) return std::nullopt;
  if (base::iequals(word, "none")) return CapabilitySet{false, 0};
  if (base::iequals(word, "all")) return CapabilitySet{true, 0};
  return std::nullopt;
}

std::optional<SystemCalls::Base> call_set(std::string_view word) {
  if (base::iequals(word, "all")) return SystemCalls::Base::all;
  if (base::iequals(word, "@service")) return SystemCalls::Base::service;
  if (base::iequals(word, "@strict")) return SystemCalls::Base::strict;
  return std::nullopt;
}

/// In order. Without std::ranges::unique, which clang 14 does not understand in the library of g++ 12.
template <typename T>
void each_once(std::vector<T>& list) {
  std::ranges::sort(list);
  list.erase(std::unique(list.begin(), list.end()), list.end());
}

/// "~call"; false after reporting what is wrong.
bool denied_call(const ValueContext& c, const Assignment& a, std::size_t index, SystemCalls& to) {
  const std::string& word = a.values[index].text;
  const bool known = c.names.system_call(word);
  if (call_set(word) && index > 0) return refused(c, a, index, fmt::format("{} is not the first word of system_calls", word), "a set comes first, and there is one");
  if (!word.starts_with('~') && known) return refused(c, a, index, fmt::format("system_calls cannot add {}", word), fmt::format("'~{}' takes it away", word));
  if (!word.starts_with('~')) return not_understood(c, a, index);
  const std::string name = word.substr(1);
  if (!c.names.system_call(name)) return refused(c, a, index, fmt::format("'{}' is not a system call", name), "syscalls(2) lists them");
  if (std::ranges::find(indispensable, name) != std::end(indispensable))
    return refused(c, a, index, fmt::format("no server runs without the system call '{}'", name), "take it off the list");
  to.denied.push_back(name);
  return true;
}

}  // namespace

bool capabilities(const ValueContext& c, Settings& s, const Assignment& a) {
  if (const auto whole = capability_keyword(a)) return s.capabilities = *whole, true;
  const auto words = capability_words(c, a);
  if (!words) return false;
  if (a.op == Operator::set) return s.capabilities = *words, true;
  if (words->except) return refused(c, a, 0, fmt::format("~ goes with '=' only: {}", a.values[0].text), "write '+=' or '-=' and the name");
  // Nobody is to get all but one who wanted none: a sandbox is not looked at yet.
  if (a.op == Operator::remove && !s.capabilities)
    return refused(c, a, 0, "there are no capabilities to take away from", "write 'capabilities = ~NAME' for all but some");
  CapabilitySet& set = s.capabilities ? *s.capabilities : s.capabilities.emplace(CapabilitySet{false, 0});
  const bool more_bits = (a.op == Operator::add) != set.except;
  set.bits = more_bits ? set.bits | words->bits : set.bits & ~words->bits;
  return true;
}

bool system_calls(const ValueContext& c, Settings& s, const Assignment& a) {
  SystemCalls calls;
  const auto base = call_set(a.values[0].text);
  calls.base = base.value_or(SystemCalls::Base::all);
  for (std::size_t i = base ? 1 : 0; i < a.values.size(); ++i)
    if (!denied_call(c, a, i, calls)) return false;
  each_once(calls.denied);
  s.system_calls = std::move(calls);
  return true;
}

bool tcp_connect(const ValueContext& c, Settings& s, const Assignment& a) {
  const std::string& first = a.values[0].text;
  const bool alone = a.values.size() == 1;
  if (alone && base::iequals(first, "any")) return s.tcp_connect = ConnectPorts{true, {}}, true;
  ConnectPorts connect{false, {}};
  if (alone && base::iequals(first, "none")) return s.tcp_connect = connect, true;
  for (std::size_t i = 0; i < a.values.size(); ++i) {
    const std::string& word = a.values[i].text;
    auto number = base::parse_number(word, 1, 65535);
    if (!number)
      if (const auto listed = c.names.service_port(word, "tcp")) number = *listed;
    if (!number) return not_understood(c, a, i);
    connect.ports.push_back(static_cast<std::uint16_t>(*number));
  }
  each_once(connect.ports);
  s.tcp_connect = std::move(connect);
  return true;
}

std::optional<std::string> path_at(const ValueContext& c, const Assignment& a, std::size_t index) {
  const std::string& word = a.values[index].text;
  const std::filesystem::path path(word);
  std::string plain = path.lexically_normal().string();
  if (plain.size() > 1 && plain.ends_with('/')) plain.pop_back();
  const bool climbs = std::ranges::find(path, "..") != path.end();
  if (path.is_absolute() && !climbs && word.size() < PATH_MAX) return plain;
  (void)not_understood(c, a, index, climbs ? "write it without '..'" : "it begins with '/'");
  return std::nullopt;
}

bool path_list(const ValueContext& c, std::optional<Words>& to, const Assignment& a) {
  Words list = to && a.op != Operator::set ? *to : Words{};
  for (std::size_t i = 0; i < a.values.size(); ++i) {
    auto path = path_at(c, a, i);
    if (!path) return false;
    if (a.op == Operator::remove)
      std::erase(list, *path);
    else
      list.push_back(std::move(*path));
  }
  each_once(list);
  to = std::move(list);
  return true;
}

std::optional<Limit> amount_at(const ValueContext& c, const Assignment& a, bool bytes, std::uint64_t least) {
  std::string_view word = a.values[0].text;
  if (base::iequals(word, "UNLIMITED")) return Limit{};
  constexpr std::string_view suffixes = "kmgt";
  const auto suffix = bytes && !word.empty() ? suffixes.find(base::lower(word.back())) : suffixes.npos;
  const unsigned shift = suffix == suffixes.npos ? 0 : 10 * (static_cast<unsigned>(suffix) + 1);
  if (shift > 0) word.remove_suffix(1);
  const auto number = base::parse_number(word, 0, std::numeric_limits<long long>::max() >> shift);
  const std::uint64_t value = number ? static_cast<std::uint64_t>(*number) << shift : 0;
  if (number && value >= least) return Limit{value};
  (void)not_understood(c, a, 0, bytes ? fmt::format("expected a number of bytes from {}, optionally followed by K, M, G or T, or UNLIMITED", least)
                                      : fmt::format("expected a number from {}, or UNLIMITED", least));
  return std::nullopt;
}

std::optional<CpuQuota> quota_at(const ValueContext& c, const Assignment& a) {
  constexpr long long most = 1'000'000;
  const std::string_view word = a.values[0].text;
  if (base::iequals(word, "UNLIMITED")) return CpuQuota{};
  const auto number = word.ends_with('%') ? base::parse_number(word.substr(0, word.size() - 1), 1, most) : std::nullopt;
  if (number) return CpuQuota{static_cast<std::uint32_t>(*number)};
  (void)not_understood(c, a, 0, "expected a share of one processor from 1% to 1000000%, or UNLIMITED");
  return std::nullopt;
}

bool dynamic_uids(const ValueContext& c, Settings& s, const Assignment& a) {
  constexpr long long least = 1'000, greatest = 4'294'967'293;  // two above it have a meaning of their own
  const std::string& word = a.values[0].text;
  const auto dash = word.find('-');
  const auto first = base::parse_number(word.substr(0, dash), least, greatest);
  const auto last = dash == std::string::npos ? std::nullopt : base::parse_number(word.substr(dash + 1), least, greatest);
  if (!first || !last || *first > *last) return not_understood(c, a, 0);
  s.dynamic_uids = UidRange{static_cast<std::uint32_t>(*first), static_cast<std::uint32_t>(*last)};
  return true;
}

}  // namespace xsuperd::config::values
