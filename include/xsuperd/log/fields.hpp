// SPDX-License-Identifier: MIT
#pragma once
#include <optional>
#include <string_view>
#include <type_traits>
#include <variant>

#include "xsuperd/base/members.hpp"
#include "xsuperd/log/event.hpp"

/// The fields of events for outputs that name them.
namespace xsuperd::log {

namespace detail {

template <typename T, typename Visit>
void present(std::string_view name, const T& value, Visit& visit) {
  visit(name, value);
}
template <typename T, typename Visit>
void present(std::string_view name, const std::optional<T>& value, Visit& visit) {
  if (value) visit(name, *value);
}
template <typename Visit>
void present(std::string_view name, const record::Words& value, Visit& visit) {
  if (!value.text.empty()) visit(name, value.text);
}
template <typename Visit>
void present(std::string_view name, const record::Rule& value, Visit& visit) {
  if (value.line != 0) visit(name, value);
}

}  // namespace detail

/// What happened, as a word: "START" and so on; empty for a Message.
[[nodiscard]] inline std::string_view word_of(const Event& event) {
  return std::visit(
      []<typename Kind>(const Kind&) -> std::string_view {
        if constexpr (std::is_same_v<Kind, Message>)
          return {};
        else
          return Kind::word;
      },
      event);
}

/// Calls `visit` with name and value of each field that an event of this kind has, in order.
template <typename Kind, typename Visit>
void for_each_field_of(const Kind& kind, Visit& visit) {
  if constexpr (std::is_same_v<Kind, Message>)
    visit(std::string_view("text"), kind.text);
  else
    base::for_each_member<Kind>([&](auto member) { detail::present(member.name, kind.*member.pointer, visit); });
}

/// The same of whatever kind. The values are std::string_view, PeerText, base::AddressText, int, std::chrono::seconds and
/// ByteCount; of records also base::Address, unsigned integers, record::Seconds and record::Rule.
template <typename Visit>
void for_each_field(const Event& event, Visit visit) {
  std::visit([&](const auto& kind) { for_each_field_of(kind, visit); }, event);
}

}  // namespace xsuperd::log
