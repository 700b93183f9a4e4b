// SPDX-License-Identifier: MIT
// Members of an answer as text. Internal to ctl; pure. What is not known, as a daemon of another version may not tell it,
// is "-".
#pragma once
#include <fmt/format.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "xsuperd/base/counts.hpp"
#include "xsuperd/control/schema/services.hpp"

namespace xsuperd::ctl {

namespace reply = control::reply;

template <typename T>
[[nodiscard]] std::string text_or_dash(const std::optional<T>& value) {
  return value ? fmt::format("{}", *value) : "-";
}
/// A count, signed; at the most the largest number that is, as a daemon may tell any.
[[nodiscard]] std::int64_t number_of(std::uint64_t count);
/// Local date and time; "-" also for what lies thousands of years away.
[[nodiscard]] std::string date_text(const control::Time& when);
/// How long before `now` it was.
[[nodiscard]] std::string ago_text(const control::Time& when, const control::Time& now);
/// "FILE:LINE".
[[nodiscard]] std::string place_text(const reply::Place& place);
/// "192.0.2.1:70", "[::1]:70", "*:70".
[[nodiscard]] std::string address_text(const std::optional<std::string>& address, std::uint16_t port);
/// What a service that is open lacks, a sentence for each: "web is closed at [::1]:70: bind failed (...)".
[[nodiscard]] std::vector<std::string> closed_addresses(const reply::Service& service);
/// "1 session", "2 sessions".
[[nodiscard]] std::string count_text(std::uint64_t count, std::string_view what);
/// Each line of `text`, which has no other control characters afterwards, fit for a terminal.
[[nodiscard]] std::string lines_for_terminal(std::string_view text);

/// A count for which the tables of stats and top have no column of their own: they show it under its name.
struct FurtherCount {
  std::uint64_t base::Counts::*member = nullptr;
  std::string title;
};
[[nodiscard]] const std::vector<FurtherCount>& further_counts();

}  // namespace xsuperd::ctl
