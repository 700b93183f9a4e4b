// SPDX-License-Identifier: MIT
#include "xsuperd/policy/selection.hpp"

#include "xsuperd/base/text.hpp"

namespace xsuperd::policy {

bool is_pattern(std::string_view word) { return word.find_first_of("*?") != word.npos; }

bool matches(std::string_view pattern, std::string_view text) {
  std::size_t p = 0, t = 0;
  std::size_t star = pattern.npos, taken = 0;  // the last star, and how far the text is that it stands for
  while (t < text.size()) {
    const bool same = p < pattern.size() && (pattern[p] == '?' || base::iequals(pattern.substr(p, 1), text.substr(t, 1)));
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      taken = t;
    } else if (same) {
      ++p, ++t;
    } else if (star != pattern.npos) {
      p = star + 1;
      t = ++taken;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', p) == pattern.npos;
}

std::vector<std::size_t> meant_by(std::string_view word, std::span<const Named> all) {
  std::vector<std::size_t> found;
  const auto collect = [&](auto text_of, auto fits) {
    for (std::size_t i = 0; i < all.size(); ++i)
      if (fits(word, text_of(all[i]))) found.push_back(i);
    return !found.empty();
  };
  const auto id = [](const Named& one) { return one.id; };
  const auto name = [](const Named& one) { return one.name; };
  const auto equal = [](std::string_view a, std::string_view b) { return base::iequals(a, b); };
  if (collect(id, equal) || collect(name, equal) || !is_pattern(word)) return found;
  (void)(collect(id, matches) || collect(name, matches));
  return found;
}

}  // namespace xsuperd::policy
