// SPDX-License-Identifier: MIT
#pragma once
#include <cstddef>
#include <string>
#include <string_view>
#include <type_traits>

#include "xsuperd/base/members.hpp"
#include "xsuperd/log/event.hpp"

/// For those who keep events: the texts of one, which it does not own, lie behind each other in a string of theirs.
namespace xsuperd::log {

static_assert(std::is_trivially_copyable_v<Event>, "queues take copies of events");

template <typename T>
concept Text = std::is_same_v<T, std::string_view> || std::is_same_v<T, PeerText> || std::is_same_v<T, record::Words>;

/// Calls `visit` with each text of the event, of type std::string_view, PeerText or record::Words, in order.
template <typename AnyEvent, typename Visit>
void for_each_text(AnyEvent& event, Visit visit) {
  const auto visit_if_text = [&]<typename T>(T& value) {
    if constexpr (Text<std::remove_const_t<T>>) visit(value);
    if constexpr (std::is_same_v<std::remove_const_t<T>, record::Rule>) visit(value.file);
  };
  std::visit(
      [&]<typename Kind>(Kind& kind) {
        if constexpr (std::is_same_v<std::remove_const_t<Kind>, Message>)
          visit(kind.text);
        else
          base::for_each_member<std::remove_const_t<Kind>>([&](auto member) { visit_if_text(kind.*member.pointer); });
      },
      event);
}

/// How many bytes the texts have together.
[[nodiscard]] inline std::size_t text_size(const Event& event) {
  std::size_t size = 0;
  for_each_text(event, [&](const auto& text) { size += std::string_view(text).size(); });
  return size;
}

inline void append_texts(std::string& to, const Event& event) {
  for_each_text(event, [&](const auto& text) { to.append(std::string_view(text)); });
}

/// The event with its texts at the front of `kept`, where append_texts() has put them. Those that `event` refers to may
/// be gone: only their sizes count.
[[nodiscard]] inline Event with_texts(Event event, std::string_view kept) {
  for_each_text(event, [&]<typename T>(T& text) {
    const std::size_t size = std::string_view(text).size();
    text = T(kept.substr(0, size));
    kept.remove_prefix(size);
  });
  return event;
}

}  // namespace xsuperd::log
