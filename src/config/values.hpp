// SPDX-License-Identifier: MIT
// The parse functions of attribute rows: one each for the shapes that several attributes share (templates over the
// member), and one for each attribute with a syntax of its own. Internal to config.
#pragma once
#include <fmt/format.h>

#include "xsuperd/config/attribute.hpp"
#include "xsuperd/config/vocabulary.hpp"

namespace xsuperd::config::values {

template <auto Member>
bool text(const ValueContext&, Settings& s, const Assignment& a) {
  s.*Member = a.values[0].text;
  return true;
}

template <auto Member>
bool words(const ValueContext&, Settings& s, const Assignment& a) {
  auto& list = s.*Member;
  if (!list) list.emplace();
  for (const Value& value : a.values) list->push_back(value.text);
  return true;
}

/// yes or no; `wrong` is the message for anything else, with {} for the word.
[[nodiscard]] bool yes_no(const ValueContext& context, std::optional<bool>& to, const Assignment& a,
                          std::string_view wrong);

inline constexpr char bad_value[] = "Bad value: {}";
template <auto Member>
bool boolean(const ValueContext& c, Settings& s, const Assignment& a) {
  return yes_no(c, s.*Member, a, bad_value);
}

/// What to write instead of a word that is none of `words`; empty where nothing is near.
[[nodiscard]] std::string word_hint(const std::string& word, const std::vector<std::string_view>& words);

/// A set of words, replaced by = and changed by += and -=. `wrong` as above.
template <typename E>
bool word_set(const ValueContext& c, std::optional<Set<E>>& to, const Assignment& a, std::string_view wrong,
              bool replace) {
  Set<E> set = to && !replace ? *to : Set<E>{};
  for (std::size_t i = 0; i < a.values.size(); ++i) {
    const std::string& word = a.values[i].text;
    const auto member = find_word<E>(vocabulary<E>(), word);
    if (!member) {
      c.report(Level::error, a, static_cast<int>(i), fmt::format(fmt::runtime(wrong), word),
               word_hint(word, texts_of<E>(vocabulary<E>())));
      return false;
    }
    a.op == Operator::remove ? set.remove(*member) : set.add(*member);
  }
  to = set;
  return true;
}

/// One word of an enumeration. `wrong` as above.
template <typename E>
bool one_word(const ValueContext& c, std::optional<E>& to, const Assignment& a, std::string_view wrong) {
  const std::string& word = a.values[0].text;
  const auto value = find_word<E>(vocabulary<E>(), word);
  if (value) return to = *value, true;
  c.report(Level::error, a, 0, fmt::format(fmt::runtime(wrong), word), word_hint(word, texts_of<E>(vocabulary<E>())));
  return false;
}

/// "N" or "UNLIMITED" with suffixes K and M where allowed.
[[nodiscard]] std::optional<Limit> limit_of(std::string_view word, bool suffixes);
[[nodiscard]] bool limit(const ValueContext& c, std::optional<Limit>& to, const Assignment& a, bool suffixes,
                         std::string_view wrong);

#define XSUPERD_VALUE_PARSER(name) bool name(const ValueContext& c, Settings& s, const Assignment& a)
XSUPERD_VALUE_PARSER(type);
XSUPERD_VALUE_PARSER(flags);
XSUPERD_VALUE_PARSER(socket_type);
XSUPERD_VALUE_PARSER(protocol);
XSUPERD_VALUE_PARSER(wait);
XSUPERD_VALUE_PARSER(groups);
XSUPERD_VALUE_PARSER(user);
XSUPERD_VALUE_PARSER(group);
XSUPERD_VALUE_PARSER(umask);
XSUPERD_VALUE_PARSER(nice);
XSUPERD_VALUE_PARSER(instances);
XSUPERD_VALUE_PARSER(per_source);
XSUPERD_VALUE_PARSER(per_source_rate);
XSUPERD_VALUE_PARSER(cps);
XSUPERD_VALUE_PARSER(cps_window);
XSUPERD_VALUE_PARSER(linger);
XSUPERD_VALUE_PARSER(max_load);
XSUPERD_VALUE_PARSER(access_times);
XSUPERD_VALUE_PARSER(access_policy);
XSUPERD_VALUE_PARSER(reload_policy);
XSUPERD_VALUE_PARSER(pass_fds);
XSUPERD_VALUE_PARSER(removed_sessions);
XSUPERD_VALUE_PARSER(only_from);
XSUPERD_VALUE_PARSER(no_access);
XSUPERD_VALUE_PARSER(log_type);
XSUPERD_VALUE_PARSER(log_on_success);
XSUPERD_VALUE_PARSER(log_on_failure);
XSUPERD_VALUE_PARSER(env);
XSUPERD_VALUE_PARSER(passenv);
XSUPERD_VALUE_PARSER(server);
XSUPERD_VALUE_PARSER(port);
XSUPERD_VALUE_PARSER(rpc_version);
XSUPERD_VALUE_PARSER(rpc_number);
XSUPERD_VALUE_PARSER(redirect);
XSUPERD_VALUE_PARSER(deny_time);
XSUPERD_VALUE_PARSER(backlog);
XSUPERD_VALUE_PARSER(rlimit_as);
XSUPERD_VALUE_PARSER(rlimit_cpu);
XSUPERD_VALUE_PARSER(rlimit_data);
XSUPERD_VALUE_PARSER(rlimit_rss);
XSUPERD_VALUE_PARSER(rlimit_stack);
XSUPERD_VALUE_PARSER(rlimit_files);
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
