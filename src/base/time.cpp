// SPDX-License-Identifier: MIT
#include "xsuperd/base/time.hpp"

#include <fmt/format.h>

#include <ctime>

namespace xsuperd::base {

namespace {
std::tm broken_down(WallTime when) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(when);
  std::tm parts{};
  ::localtime_r(&seconds, &parts);
  return parts;
}
}  // namespace

LocalTime local_time(WallTime when) {
  const std::tm t = broken_down(when);
  return {t.tm_year + 1900, t.tm_mon + 1, t.tm_mday, t.tm_hour, t.tm_min, t.tm_sec};
}

std::string log_stamp(WallTime when) {
  const std::tm t = broken_down(when);
  return fmt::format("{:02}/{}/{}@{:02}:{:02}:{:02}", t.tm_year % 100, t.tm_mon + 1, t.tm_mday, t.tm_hour,
                     t.tm_min, t.tm_sec);
}

std::string ctime_text(WallTime when) {
  const std::tm t = broken_down(when);
  char text[64];
  const std::size_t length = std::strftime(text, sizeof text, "%a %b %e %H:%M:%S %Y", &t);
  return {text, length};
}

}  // namespace xsuperd::base
