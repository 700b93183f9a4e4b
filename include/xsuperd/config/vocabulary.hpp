// SPDX-License-Identifier: MIT
#pragma once
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "xsuperd/base/text.hpp"
#include "xsuperd/config/model.hpp"

/// The words of every enumeration, each in one table: the parser, dumps, diagnostics and the manual read it.
namespace xsuperd::config {

template <typename E>
struct Word {
  std::string_view text;
  E value;
};

/// Facts B3.2, B3.3, B3.4, B3.21, B3.22, in the order in which dumps print them (B8.15).
template <typename E>
[[nodiscard]] std::span<const Word<E>> vocabulary();

template <>
std::span<const Word<SocketType>> vocabulary();
template <>
std::span<const Word<Type>> vocabulary();
template <>
std::span<const Word<Flag>> vocabulary();
template <>
std::span<const Word<SuccessOption>> vocabulary();
template <>
std::span<const Word<FailureOption>> vocabulary();
template <>
std::span<const Word<AccessPolicy>> vocabulary();
template <>
std::span<const Word<ReloadPolicy>> vocabulary();
template <>
std::span<const Word<RemovedSessions>> vocabulary();
template <>
std::span<const Word<PassFds>> vocabulary();

/// Syslog facilities and levels of log_type and -syslog, as numbers of syslog(3) (fact B3.42).
[[nodiscard]] std::span<const Word<int>> syslog_facilities();
[[nodiscard]] std::span<const Word<int>> syslog_levels();

template <typename E>
[[nodiscard]] std::optional<E> find_word(std::span<const Word<E>> words, std::string_view text) {
  for (const Word<E>& word : words)
    if (base::iequals(word.text, text)) return word.value;
  return std::nullopt;
}
template <typename E>
[[nodiscard]] std::string_view word_of(std::span<const Word<E>> words, E value) {
  for (const Word<E>& word : words)
    if (word.value == value) return word.text;
  return "?";
}
template <typename E>
[[nodiscard]] std::vector<std::string_view> texts_of(std::span<const Word<E>> words) {
  std::vector<std::string_view> texts;
  for (const Word<E>& word : words) texts.push_back(word.text);
  return texts;
}
/// The members of a set, in table order.
template <typename E>
[[nodiscard]] std::vector<std::string> words_of(Set<E> set) {
  std::vector<std::string> texts;
  for (const Word<E>& word : vocabulary<E>())
    if (set.has(word.value)) texts.emplace_back(word.text);
  return texts;
}

}  // namespace xsuperd::config
