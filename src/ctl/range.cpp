// SPDX-License-Identifier: MIT
#include "ctl/range.hpp"

#include <charconv>
#include <cmath>

namespace xsuperd::ctl {

namespace {

bool read(std::string_view text, double& value) {
  const auto end = text.data() + text.size();
  const auto found = std::from_chars(text.data(), end, value);
  return found.ec == std::errc{} && found.ptr == end && std::isfinite(value);
}

}  // namespace

std::optional<Range> range_of(std::string_view text) {
  Range range;
  range.text = text;
  range.turned = text.starts_with('@');
  if (range.turned) text.remove_prefix(1);
  const std::size_t colon = text.find(':');
  const std::string_view high = colon == text.npos ? text : text.substr(colon + 1);
  if (colon != text.npos) {
    const std::string_view low = text.substr(0, colon);
    if (low == "~")
      range.low = -std::numeric_limits<double>::infinity();
    else if (!read(low, range.low))
      return std::nullopt;
  }
  const bool open = high.empty() && colon != text.npos;
  if (!open && !read(high, range.high)) return std::nullopt;
  if (range.low > range.high) return std::nullopt;
  return range;
}

}  // namespace xsuperd::ctl
