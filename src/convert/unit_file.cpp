// SPDX-License-Identifier: MIT
#include "convert/unit_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "xsuperd/base/text.hpp"

namespace xsuperd::convert {

namespace {

/// Takes lines off a text and joins those that a backslash continues; comments between them do not count.
class LineReader {
 public:
  explicit LineReader(std::string_view text) : text_(text) {
    constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";
    if (text_.starts_with(byte_order_mark)) text_.remove_prefix(byte_order_mark.size());
  }

  /// False at the end. `line` has no blanks around it; `number` is that of its first line.
  bool next(std::string& line, int& number) {
    line.clear();
    number = 0;
    while (!text_.empty()) {
      std::string_view one = take();
      const std::string_view shown = base::trim(one);
      if (!shown.empty() && (shown.front() == '#' || shown.front() == ';')) continue;
      if (number == 0) number = number_;
      const bool goes_on = continues(one);
      if (goes_on) one.remove_suffix(1);
      line += one.substr(std::min(one.find_first_not_of(" \t"), one.size()));
      if (!goes_on) break;
      line += ' ';
    }
    line = base::trim(line);
    return number != 0;
  }

 private:
  std::string_view take() {
    const std::size_t end = std::min(text_.find('\n'), text_.size());
    std::string_view line = text_.substr(0, end);
    text_.remove_prefix(std::min(end + 1, text_.size()));
    ++number_;
    if (line.ends_with('\r')) line.remove_suffix(1);
    return line;
  }
  /// An odd number of backslashes at the very end: a blank behind them makes them an escape.
  static bool continues(std::string_view line) {
    const std::size_t last = line.find_last_not_of('\\');
    return (line.size() - (last == line.npos ? 0 : last + 1)) % 2 == 1;
  }

  std::string_view text_;
  int number_ = 0;
};

}  // namespace

void Unit::add(const std::string& text, const std::string& file, Report& report) {
  LineReader lines(text);
  std::string section;
  std::string line;
  for (int number = 0; lines.next(line, number);) {
    const config::Place place{file, number, 1};
    if (line.empty()) continue;
    if (line.front() == '[' && line.back() == ']') {
      section = line.substr(1, line.size() - 2);
      continue;
    }
    const std::size_t equals = line.find('=');
    if (equals == std::string::npos || equals == 0)
      report.error(place, "a line of a unit has the form KEY=VALUE or [SECTION]");
    else if (section.empty())
      report.error(place, "this line comes before the first section");
    else
      directives_.push_back({section, std::string(base::trim(line.substr(0, equals))),
                             std::string(base::trim(line.substr(equals + 1))), place});
  }
}

namespace {

/// An empty value cancels what comes before it.
template <typename Wanted>
std::vector<const Directive*> pick(std::deque<Directive>& directives, Wanted wanted) {
  std::vector<const Directive*> found;
  for (Directive& one : directives) {
    if (!wanted(one)) continue;
    one.used = true;
    if (one.value.empty())
      found.clear();
    else
      found.push_back(&one);
  }
  return found;
}

}  // namespace

std::vector<const Directive*> Unit::all(std::string_view section, std::string_view key) {
  return pick(directives_, [&](const Directive& one) { return one.section == section && one.key == key; });
}

std::vector<const Directive*> Unit::every(std::string_view section, std::string_view key) {
  std::vector<const Directive*> found;
  for (Directive& one : directives_) {
    if (one.section != section || one.key != key) continue;
    one.used = true;
    found.push_back(&one);
  }
  return found;
}

std::vector<const Directive*> Unit::look(std::string_view section, std::string_view key) const {
  std::vector<const Directive*> found;
  for (const Directive& one : directives_) {
    if (one.section != section || one.key != key) continue;
    if (one.value.empty())
      found.clear();
    else
      found.push_back(&one);
  }
  return found;
}

std::vector<const Directive*> Unit::all_beginning(std::string_view section, std::string_view prefix) {
  return pick(directives_, [&](const Directive& one) { return one.section == section && one.key.starts_with(prefix); });
}

std::string Unit::instance() const {
  const std::size_t at = name.find('@');
  const std::size_t dot = name.rfind('.');
  return at == name.npos || dot == name.npos || dot < at ? std::string{} : name.substr(at + 1, dot - at - 1);
}

const Directive* Unit::last(std::string_view section, std::string_view key) {
  const auto found = all(section, key);
  return found.empty() ? nullptr : found.back();
}

void Unit::pass_over(std::string_view section, std::string_view key) { (void)all(section, key); }

void Unit::pass_over(std::string_view section) {
  for (Directive& one : directives_)
    if (one.section == section || one.section.starts_with("X-")) one.used = true;
}

std::vector<const Directive*> Unit::unused() const {
  std::vector<const Directive*> found;
  for (const Directive& one : directives_)
    if (!one.used && !one.key.starts_with("X-")) found.push_back(&one);
  return found;
}

std::optional<bool> unit_boolean(std::string_view value) {
  for (const std::string_view word : {"1", "yes", "y", "true", "t", "on"})
    if (base::iequals(value, word)) return true;
  for (const std::string_view word : {"0", "no", "n", "false", "f", "off"})
    if (base::iequals(value, word)) return false;
  return std::nullopt;
}

std::optional<std::uint64_t> unit_microseconds(std::string_view value) {
  struct Unit {
    std::string_view names;  ///< with blanks around each
    double microseconds;
  };
  constexpr Unit units[]{{" us usec \xc2\xb5s ", 1},       {" ms msec ", 1e3},            {"  s sec second seconds ", 1e6},
                         {" m min minute minutes ", 60e6}, {" h hr hour hours ", 3600e6}, {" d day days ", 86400e6},
                         {" w week weeks ", 604800e6}};
  double total = 0;
  bool any = false;
  for (value = base::trim(value); !value.empty(); value = base::trim(value)) {
    const std::size_t digits = std::min(value.find_first_not_of("0123456789."), value.size());
    if (digits == 0 || digits > 12) return std::nullopt;
    const double number = std::strtod(std::string(value.substr(0, digits)).c_str(), nullptr);
    value = base::trim(value.substr(digits));
    const std::size_t letters = std::min(value.find_first_of(" \t0123456789"), value.size());
    const std::string name = fmt::format(" {} ", value.substr(0, letters));
    const auto unit = std::find_if(std::begin(units), std::end(units),
                                   [&](const Unit& u) { return u.names.find(name) != u.names.npos; });
    if (unit == std::end(units)) return std::nullopt;
    total += number * unit->microseconds;
    any = true;
    value.remove_prefix(letters);
  }
  if (!any || total > 1e19) return std::nullopt;
  return static_cast<std::uint64_t>(std::round(total));
}

std::optional<std::uint64_t> unit_seconds(std::string_view value) {
  const auto exact = unit_microseconds(value);
  return exact ? std::optional(*exact / 1'000'000 + (*exact % 1'000'000 != 0 ? 1 : 0)) : std::nullopt;
}

std::optional<std::uint64_t> unit_size(std::string_view value) {
  value = base::trim(value);
  constexpr std::string_view letters = "KMGT";
  std::uint64_t factor = 1;
  if (value.ends_with("B")) value.remove_suffix(1);
  if (!value.empty() && letters.find(value.back()) != letters.npos) {
    for (std::size_t i = 0; i <= letters.find(value.back()); ++i) factor *= 1024;
    value.remove_suffix(1);
  }
  const auto most = std::numeric_limits<long long>::max() / static_cast<long long>(factor);
  const auto number = base::parse_number(base::trim(value), 0, most);
  if (!number) return std::nullopt;
  return static_cast<std::uint64_t>(*number) * factor;
}

}  // namespace xsuperd::convert
