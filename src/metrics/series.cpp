// SPDX-License-Identifier: MIT
#include "metrics/series.hpp"

#include <algorithm>

#include "xsuperd/base/utf8.hpp"

namespace xsuperd::metrics {

std::string escaped_label(std::string_view value) {
  std::string text;
  text.reserve(value.size());
  while (!value.empty()) {
    const std::size_t length = base::utf8_length(value);
    if (value.front() == '\n')
      text += "\\n";
    else if (length == 0 || !base::is_plain(value.substr(0, length)))
      for (const char byte : value.substr(0, std::max<std::size_t>(length, 1))) fmt::format_to(std::back_inserter(text), "\\\\x{:02x}", static_cast<unsigned char>(byte));
    else if (value.front() == '\\' || value.front() == '"')
      text.append("\\").append(1, value.front());
    else
      text += value.substr(0, length);
    value.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return text;
}

}  // namespace xsuperd::metrics
