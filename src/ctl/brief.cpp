// SPDX-License-Identifier: MIT
// Cells of `top`: what they contain must be short, and harmless.
#include <fmt/format.h>
#include <langinfo.h>

#include <algorithm>
#include <cmath>
#include <cwchar>

#include "ctl/activity_page.hpp"

namespace xsuperd::ctl {

namespace {

/// How many bytes of `text` are a character that may be shown; 0: none. By mbrtowc(3) and wcwidth(3).
std::size_t shown_bytes(std::string_view text, bool utf8) {
  if (const char c = text.front(); c >= 0x20 && c < 0x7f) return 1;
  if (!utf8) return 0;
  wchar_t wide = 0;
  std::mbstate_t state{};
  const std::size_t length = std::mbrtowc(&wide, text.data(), text.size(), &state);
  const bool whole = length > 1 && length <= text.size();
  return whole && ::wcwidth(wide) == 1 ? length : 0;
}

}  // namespace

std::string displayable(std::string_view text) {
  const bool utf8 = std::string_view(::nl_langinfo(CODESET)) == "UTF-8";
  std::string out;
  while (!text.empty()) {
    const std::size_t shown = shown_bytes(text, utf8);
    if (shown > 0)
      out += text.substr(0, shown);
    else
      out += fmt::format("\\x{:02x}", static_cast<unsigned char>(text.front()));
    text.remove_prefix(std::max<std::size_t>(shown, 1));
  }
  return out;
}

std::string brief_duration(double seconds) {
  if (!(seconds > 0)) return "-";
  if (seconds < 0.0995) return fmt::format("{:.1f}ms", seconds * 1e3);
  if (seconds < 0.9995) return fmt::format("{:.0f}ms", seconds * 1e3);
  if (seconds < 99.95) return fmt::format("{:.1f}s", seconds);
  if (seconds < 99'999) return fmt::format("{:.0f}s", seconds);
  return ">1d";
}

std::string brief_number(double number) {
  if (!std::isfinite(number) || number < 0) return "-";
  if (number == 0) return "0";
  if (number < 9.995) return fmt::format("{:.2f}", number);
  if (number < 99.95) return fmt::format("{:.1f}", number);
  if (number < 9'999.5) return fmt::format("{:.0f}", number);
  constexpr std::string_view units = "kMGTPE";
  for (const char unit : units) {
    number /= 1e3;
    if (number < 999.95) return fmt::format("{:.1f}{}", number, unit);
  }
  return "many";
}

}  // namespace xsuperd::ctl
