// SPDX-License-Identifier: MIT
#include "ctl/values.hpp"

#include <fmt/chrono.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <ctime>
#include <limits>

#include "ctl/table.hpp"

namespace xsuperd::ctl {

std::int64_t number_of(std::uint64_t count) {
  return static_cast<std::int64_t>(std::min<std::uint64_t>(count, std::numeric_limits<std::int64_t>::max()));
}

std::string date_text(const control::Time& time) {
  // Years that have five digits, and numbers that std::time_t cannot hold, are not dates.
  if (!time || !(std::abs(*time) < 1e11)) return "-";
  const auto when = static_cast<std::time_t>(std::floor(*time));
  std::tm parts{};
  ::localtime_r(&when, &parts);
  return fmt::format("{:%Y-%m-%d %H:%M:%S}", parts);
}

std::string ago_text(const control::Time& when, const control::Time& now) {
  return when ? duration_text(now.value_or(0) - *when) : "-";
}

std::string place_text(const reply::Place& place) {
  return fmt::format("{}:{}", place.file.empty() ? "-" : place.file, place.line);
}

std::string address_text(const std::optional<std::string>& address, std::uint16_t port) {
  const std::string host = address.value_or("*");
  return fmt::format("{}:{}", host.find(':') != host.npos ? "[" + host + "]" : host, port);
}

std::vector<std::string> closed_addresses(const reply::Service& service) {
  std::vector<std::string> all;
  if (service.state != control::States::listening && service.state != control::States::busy) return all;
  for (const reply::Socket& socket : service.sockets.value_or(std::vector<reply::Socket>{}))
    if (!socket.open && socket.trouble)
      all.push_back(fmt::format("{} is closed at {}: {}", service.id, address_text(socket.address, socket.port), *socket.trouble));
  return all;
}

std::string count_text(std::uint64_t count, std::string_view what) {
  return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
}

std::string lines_for_terminal(std::string_view text) {
  std::string fit;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    fit += fit_for_terminal(text.substr(at, end - at)) + "\n";
    at = end + 1;
  }
  return fit;
}

const std::vector<FurtherCount>& further_counts() {
  static const std::vector<FurtherCount> all = [] {
    // What the pages have already, and what nobody reads as a column: sums of times, and their number.
    constexpr std::array<std::string_view, 10> known{"accepted", "served", "banned", "failed", "withdrawn", "bytes_in", "bytes_out",
                                                     "ended", "busy_ms", "queue_ms"};
    std::vector<FurtherCount> further;
    for (const base::Count& count : base::all_counts()) {
      if (std::find(known.begin(), known.end(), count.name) != known.end()) continue;
      std::string title(count.name);
      for (char& c : title) c = c == '_' ? ' ' : c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
      further.push_back({count.member, std::move(title)});
    }
    return further;
  }();
  return all;
}

}  // namespace xsuperd::ctl
