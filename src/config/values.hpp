// SPDX-License-Identifier: MIT
// The parse functions of attribute rows: templates over the member for the shapes that several attributes share, and a
// function for each attribute with a syntax of its own. Internal to config.
//
// A shape reports a value that it does not understand in the words of its row: `wrong`, where {} stands for the value,
// and `hint`. A row without `wrong` gets "Bad value" and a hint that says what the shape takes.
#pragma once
#include <fmt/format.h>

#include <limits>
#include <utility>

#include "xsuperd/config/attribute.hpp"
#include "xsuperd/config/vocabulary.hpp"

namespace xsuperd::config::values {

inline constexpr std::uint32_t greatest_u32 = std::numeric_limits<std::uint32_t>::max();
inline constexpr int greatest_int = std::numeric_limits<int>::max();
inline constexpr std::uint32_t a_day = 86'400;  ///< seconds: the longest window in which something is counted

/// Reports an error about value `index` of the line. False, for the parse function to return.
bool refused(const ValueContext& c, const Assignment& a, std::size_t index, std::string sentence, std::string hint = {});
/// The same in the words of the row; `hint` counts where it has none.
bool not_understood(const ValueContext& c, const Assignment& a, std::size_t index, std::string hint = {});
/// The hint for a row that has no `wrong`; nothing for one that has.
template <typename... Args>
[[nodiscard]] std::string usual_hint(const ValueContext& c, fmt::format_string<Args...> text, Args&&... args) {
  return c.row->wrong.empty() ? fmt::format(text, std::forward<Args>(args)...) : std::string{};
}

/// Why something is not what is expected, and what to write instead.
struct Trouble {
  std::string sentence;
  std::string hint = {};
};
/// What is wrong with the path or '@' and abstract name of a UNIX socket, if anything.
[[nodiscard]] std::optional<Trouble> local_name_trouble(std::string_view name);

/// Whatever stands there.
template <auto Member>
bool text(const ValueContext&, Settings& s, const Assignment& a) {
  s.*Member = a.values[0].text;
  return true;
}

/// Any number of words, added to those that are there.
template <auto Member>
bool words(const ValueContext&, Settings& s, const Assignment& a) {
  auto& list = s.*Member;
  if (!list) list.emplace();
  for (const Value& value : a.values) list->push_back(value.text);
  return true;
}

[[nodiscard]] bool yes_no(const ValueContext& c, std::optional<bool>& to, const Assignment& a);
/// yes or no.
template <auto Member>
bool flag(const ValueContext& c, Settings& s, const Assignment& a) {
  return yes_no(c, s.*Member, a);
}

/// A whole number from `low` to `high`, which the type of the member holds.
template <auto Member, long long low, long long high>
bool number(const ValueContext& c, Settings& s, const Assignment& a) {
  using Number = typename std::remove_reference_t<decltype(s.*Member)>::value_type;
  static_assert(std::in_range<Number>(low) && std::in_range<Number>(high) && low <= high);
  const auto value = base::parse_number(a.values[0].text, low, high);
  if (!value) return not_understood(c, a, 0, usual_hint(c, "expected a number from {} to {}", low, high));
  s.*Member = static_cast<Number>(*value);
  return true;
}

/// What to write instead of a word that is none of `words`; empty where nothing is near.
[[nodiscard]] std::string word_hint(const std::string& word, const std::vector<std::string_view>& words);

/// The word at `index` as a member of an enumeration; nothing after reporting that it is none.
template <typename E>
[[nodiscard]] std::optional<E> known_word(const ValueContext& c, const Assignment& a, std::size_t index) {
  const std::string& text = a.values[index].text;
  const auto value = find_word<E>(vocabulary<E>(), text);
  if (!value) not_understood(c, a, index, word_hint(text, texts_of<E>(vocabulary<E>())));
  return value;
}

/// One word of an enumeration.
template <auto Member>
bool word(const ValueContext& c, Settings& s, const Assignment& a) {
  using E = typename std::remove_reference_t<decltype(s.*Member)>::value_type;
  const auto value = known_word<E>(c, a, 0);
  if (value) s.*Member = *value;
  return value.has_value();
}

/// A set of such words: replaced by =, but in the defaults, and changed by += and -= (fact B2.43).
template <typename E>
bool word_set(const ValueContext& c, std::optional<Set<E>>& to, const Assignment& a) {
  const bool replace = a.op == Operator::set && !c.defaults;
  Set<E> set = to && !replace ? *to : Set<E>{};
  for (std::size_t i = 0; i < a.values.size(); ++i) {
    const auto member = known_word<E>(c, a, i);
    if (!member) return false;
    a.op == Operator::remove ? set.remove(*member) : set.add(*member);
  }
  to = set;
  return true;
}
template <auto Member>
bool set(const ValueContext& c, Settings& s, const Assignment& a) {
  return word_set(c, s.*Member, a);
}

/// "5", "5s", "2m", "1h" or "1d" as seconds; nothing beyond the bounds.
[[nodiscard]] std::optional<std::uint32_t> seconds_of(std::string_view word, std::uint32_t least, std::uint32_t greatest);
/// Such a time.
template <auto Member, std::uint32_t least, std::uint32_t greatest>
bool seconds(const ValueContext& c, Settings& s, const Assignment& a) {
  s.*Member = seconds_of(a.values[0].text, least, greatest);
  return (s.*Member) || not_understood(c, a, 0, usual_hint(c, "expected a time from {} to {} seconds, as in '30', '5m' or '2h'", least, greatest));
}

/// "N" or "UNLIMITED", with suffixes K and M where `bytes` are meant.
[[nodiscard]] std::optional<Limit> limit_of(std::string_view word, bool bytes);
[[nodiscard]] bool limit_up_to(const ValueContext& c, std::optional<Limit>& to, const Assignment& a, bool bytes,
                               std::uint64_t greatest);
/// A number up to `greatest`, or UNLIMITED.
template <auto Member, std::uint64_t greatest = std::numeric_limits<std::uint64_t>::max()>
bool limit(const ValueContext& c, Settings& s, const Assignment& a) {
  return limit_up_to(c, s.*Member, a, false, greatest);
}
/// The same in bytes, with K and M.
template <auto Member>
bool size(const ValueContext& c, Settings& s, const Assignment& a) {
  return limit_up_to(c, s.*Member, a, true, std::numeric_limits<std::uint64_t>::max());
}

/// A number of at least `least`, with K, M, G and T where `bytes` are meant, or UNLIMITED; nothing after reporting that it is none.
[[nodiscard]] std::optional<Limit> amount_at(const ValueContext& c, const Assignment& a, bool bytes, std::uint64_t least);
/// What the processes in a box may have together: so many bytes, or so many processes.
template <auto Member, std::uint64_t least>
bool bytes(const ValueContext& c, Settings& s, const Assignment& a) {
  return (s.*Member = amount_at(c, a, true, least)).has_value();
}
template <auto Member, std::uint64_t least>
bool count(const ValueContext& c, Settings& s, const Assignment& a) {
  return (s.*Member = amount_at(c, a, false, least)).has_value();
}
/// "50%", or UNLIMITED; nothing after reporting that it is none.
[[nodiscard]] std::optional<CpuQuota> quota_at(const ValueContext& c, const Assignment& a);
template <auto Member>
bool quota(const ValueContext& c, Settings& s, const Assignment& a) {
  return (s.*Member = quota_at(c, a)).has_value();
}

[[nodiscard]] bool address_list(const ValueContext& c, std::optional<std::vector<AddressPattern>>& to, const Assignment& a);
/// Elements of an access list: set, added and taken away.
template <auto Member>
bool addresses(const ValueContext& c, Settings& s, const Assignment& a) {
  return address_list(c, s.*Member, a);
}

/// The user of that name or number at `index`, or the group; nothing after reporting that there is none.
[[nodiscard]] std::optional<User> user_at(const ValueContext& c, const Assignment& a, std::size_t index);
[[nodiscard]] std::optional<Group> group_at(const ValueContext& c, const Assignment& a, std::size_t index);
template <auto Member>
bool user(const ValueContext& c, Settings& s, const Assignment& a) {
  return (s.*Member = user_at(c, a, 0)).has_value();
}
template <auto Member>
bool group(const ValueContext& c, Settings& s, const Assignment& a) {
  return (s.*Member = group_at(c, a, 0)).has_value();
}

/// An absolute path, without `.` and `..`, and without a slash at its end; nothing after reporting that it is none.
[[nodiscard]] std::optional<std::string> path_at(const ValueContext& c, const Assignment& a, std::size_t index);
template <auto Member>
bool path(const ValueContext& c, Settings& s, const Assignment& a) {
  return (s.*Member = path_at(c, a, 0)).has_value();
}
[[nodiscard]] bool path_list(const ValueContext& c, std::optional<Words>& to, const Assignment& a);
/// Such paths: set, added and taken away.
template <auto Member>
bool paths(const ValueContext& c, Settings& s, const Assignment& a) {
  return path_list(c, s.*Member, a);
}

[[nodiscard]] bool buffer_size(const ValueContext& c, std::optional<std::uint32_t>& to, const Assignment& a);
/// The size of a socket's buffer, in bytes, with K and M.
template <auto Member>
bool buffer(const ValueContext& c, Settings& s, const Assignment& a) {
  return buffer_size(c, s.*Member, a);
}

#define XSUPERD_VALUE_PARSER(name) bool name(const ValueContext& c, Settings& s, const Assignment& a)
XSUPERD_VALUE_PARSER(access_times);
XSUPERD_VALUE_PARSER(ban_crowdsec);
XSUPERD_VALUE_PARSER(ban_exempt);
XSUPERD_VALUE_PARSER(ban_nft);
XSUPERD_VALUE_PARSER(ban_on);
XSUPERD_VALUE_PARSER(ban_prefix);
XSUPERD_VALUE_PARSER(ban_share);
XSUPERD_VALUE_PARSER(ban_time);
XSUPERD_VALUE_PARSER(bind_device);
XSUPERD_VALUE_PARSER(capabilities);
XSUPERD_VALUE_PARSER(cps);
XSUPERD_VALUE_PARSER(defer_accept);
XSUPERD_VALUE_PARSER(deny_time);
XSUPERD_VALUE_PARSER(dynamic_uids);
XSUPERD_VALUE_PARSER(env);
XSUPERD_VALUE_PARSER(event_log);
XSUPERD_VALUE_PARSER(fleet_per_source);
XSUPERD_VALUE_PARSER(fleet_rate);
XSUPERD_VALUE_PARSER(keepalive);
XSUPERD_VALUE_PARSER(limit_exempt);
XSUPERD_VALUE_PARSER(proxy_from);
XSUPERD_VALUE_PARSER(listen);
XSUPERD_VALUE_PARSER(log_type);
XSUPERD_VALUE_PARSER(mark);
XSUPERD_VALUE_PARSER(max_load);
XSUPERD_VALUE_PARSER(nice);
XSUPERD_VALUE_PARSER(only_cert);
XSUPERD_VALUE_PARSER(only_cid);
XSUPERD_VALUE_PARSER(only_gid);
XSUPERD_VALUE_PARSER(only_uid);
XSUPERD_VALUE_PARSER(passenv);
XSUPERD_VALUE_PARSER(penalty);
XSUPERD_VALUE_PARSER(penalty_range);
XSUPERD_VALUE_PARSER(per_source_rate);
XSUPERD_VALUE_PARSER(protocol);
XSUPERD_VALUE_PARSER(queue);
XSUPERD_VALUE_PARSER(rate);
XSUPERD_VALUE_PARSER(redirect);
XSUPERD_VALUE_PARSER(redirect_tls);
XSUPERD_VALUE_PARSER(rpc_version);
XSUPERD_VALUE_PARSER(server);
XSUPERD_VALUE_PARSER(socket_mode);
XSUPERD_VALUE_PARSER(socket_type);
XSUPERD_VALUE_PARSER(source_prefix);
XSUPERD_VALUE_PARSER(system_calls);
XSUPERD_VALUE_PARSER(tcp_connect);
XSUPERD_VALUE_PARSER(tls_alpn);
XSUPERD_VALUE_PARSER(tls_ciphers);
XSUPERD_VALUE_PARSER(tls_sni);
XSUPERD_VALUE_PARSER(tls_versions);
XSUPERD_VALUE_PARSER(tos);
XSUPERD_VALUE_PARSER(type);
XSUPERD_VALUE_PARSER(umask);
#undef XSUPERD_VALUE_PARSER

/// One element of an access list (facts B5.1 to B5.7). Several patterns for a factorised address. Nothing after
/// reporting an error that disables the service.
[[nodiscard]] std::optional<std::vector<AddressPattern>> address_patterns(const ValueContext& c, const Assignment& a,
                                                                          int index);

/// Could somebody have a host of that name: letters, digits, '-' and '_' between dots, and no number at the end, where an
/// address would have one?
[[nodiscard]] bool may_be_host_name(std::string_view name);

/// IPv4 in the forms of inet_aton(3): one to four parts, decimal, octal or hexadecimal (fact B5.1).
[[nodiscard]] std::optional<std::uint32_t> aton(const std::string& text);

}  // namespace xsuperd::config::values
