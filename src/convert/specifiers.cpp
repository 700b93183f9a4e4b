// SPDX-License-Identifier: MIT
// Specifiers of systemd.unit(5), as the manager of the system resolves them.
#include <algorithm>

#include "convert/from_units.hpp"
#include "xsuperd/base/text.hpp"

namespace xsuperd::convert {

namespace {

/// "a-b\x2dc" is "a/b-c".
std::string unescaped(std::string_view text) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool code = text.substr(i).starts_with("\\x") && i + 3 < text.size();
    const auto high = code ? base::hexadecimal_digit(text[i + 2]) : std::nullopt;
    const auto low = code ? base::hexadecimal_digit(text[i + 3]) : std::nullopt;
    if (high && low) {
      result += static_cast<char>(*high << 4 | *low);
      i += 3;
    } else {
      result += text[i] == '-' ? '/' : text[i];
    }
  }
  return result;
}

std::string last_part(const std::string& prefix) {
  const std::size_t dash = prefix.rfind('-');
  return dash == std::string::npos ? prefix : prefix.substr(dash + 1);
}

/// Those that are the same on every machine.
const char* fixed(char what) {
  switch (what) {
    case '%': return "%";
    case 't': return "/run";
    case 'S': return "/var/lib";
    case 'C': return "/var/cache";
    case 'L': return "/var/log";
    case 'E': return "/etc";
    case 'T': return "/tmp";
    case 'V': return "/var/tmp";
    case 'h': return "/root";
    case 'u':
    case 'g': return "root";
    case 'U':
    case 'G': return "0";
    default: return nullptr;
  }
}

std::optional<std::string> of_unit(const Unit& unit, char what) {
  const std::string instance = unit.instance();
  const bool known = unit.name.find('@') == std::string::npos || !instance.empty();
  switch (what) {
    case 'p': return unit.prefix();
    case 'P': return unescaped(unit.prefix());
    case 'j': return last_part(unit.prefix());
    case 'J': return unescaped(last_part(unit.prefix()));
    default: break;
  }
  // The instance for a connection has a name that only systemd knows.
  if (!known) return std::nullopt;
  switch (what) {
    case 'n': return unit.name;
    case 'N': return unit.name.substr(0, unit.name.rfind('.'));
    case 'i': return instance;
    case 'I': return unescaped(instance);
    case 'f': return std::string("/").append(unescaped(instance.empty() ? unit.prefix() : instance));
    default: return std::nullopt;
  }
}

}  // namespace

std::optional<std::string> resolved(const Unit& unit, std::string_view value) {
  std::string text;
  for (std::size_t i = 0; i < value.size(); ++i) {
    if (value[i] != '%') {
      text += value[i];
      continue;
    }
    const char what = ++i < value.size() ? value[i] : '\0';
    const char* same_everywhere = fixed(what);
    const auto meant = same_everywhere ? std::optional<std::string>(same_everywhere) : of_unit(unit, what);
    if (!meant) return std::nullopt;
    text += *meant;
  }
  return text;
}

}  // namespace xsuperd::convert
