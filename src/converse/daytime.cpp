// SPDX-License-Identifier: MIT
// RFC 867: the local time, for humans (fact B9.21).
#include <fmt/format.h>

#include <array>
#include <ctime>

#include "converse/talks.hpp"

namespace xsuperd::converse {

namespace {
constexpr std::array<const char*, 12> months = {"JAN", "FEB", "MAR", "APR", "MAY", "JUN",
                                                "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"};
}

std::unique_ptr<Talk> make_daytime(Opening& opening) {
  const std::time_t now = std::time(nullptr);
  std::tm local{};
  ::localtime_r(&now, &local);
  return make_answer(opening,
                     fmt::format("{:02} {} {} {:02}:{:02}:{:02} {}\r\n", local.tm_mday,
                                 months[static_cast<std::size_t>(local.tm_mon)], local.tm_year + 1900,
                                 local.tm_hour, local.tm_min, local.tm_sec, local.tm_zone));
}

}  // namespace xsuperd::converse
