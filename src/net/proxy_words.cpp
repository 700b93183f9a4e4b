// SPDX-License-Identifier: MIT
#include "xsuperd/net/proxy_words.hpp"

#include <algorithm>

#include "xsuperd/base/members.hpp"
#include "xsuperd/base/utf8.hpp"

namespace xsuperd::net {

static_assert(most_proxy_words == static_cast<std::size_t>(base::last_enumerator<ProxyWord::Fact>()) + 1);

bool can_be_told(std::string_view text) { return !text.empty() && text.size() <= longest_proxy_word && base::is_plain(text); }

bool in_order(const ProxyWords& words) {
  const auto not_before = [](const ProxyWord& one, const ProxyWord& next) { return one.fact >= next.fact; };
  const bool ascending = std::ranges::adjacent_find(words, not_before) == words.end();
  return ascending && std::ranges::all_of(words, [](const ProxyWord& word) { return can_be_told(word.text); });
}

std::string_view word_of(const ProxyWords& words, ProxyWord::Fact fact) {
  const auto found = std::ranges::find(words, fact, &ProxyWord::fact);
  return found == words.end() ? std::string_view() : found->text;
}

}  // namespace xsuperd::net
