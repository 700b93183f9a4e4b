// SPDX-License-Identifier: MIT
#pragma once
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "xsuperd/config/model.hpp"
#include "xsuperd/policy/address_rules.hpp"

/// Short ways to write list elements and names in tests; the real reader of elements is the configuration's.
namespace xsuperd::policy::test {

using Patterns = std::vector<config::AddressPattern>;

/// "10.1.0.0/16", "::1", ".example.com", "host.example.com", "?name" for one that did not resolve.
inline config::AddressPattern pattern(std::string_view text) {
  using Kind = config::AddressPattern::Kind;
  config::AddressPattern p;
  p.text = text;
  const std::size_t slash = text.find('/');
  if (const auto base = base::Address::parse(text.substr(0, slash))) {
    const int width = base->family() == base::Address::Family::ipv4 ? 32 : 128;
    p.base = *base;
    p.prefix = slash == text.npos ? width : std::stoi(std::string(text.substr(slash + 1)));
    return p;
  }
  p.kind = text.front() == '.' ? Kind::domain : text.front() == '?' ? Kind::unresolved : Kind::host;
  p.name = p.kind == Kind::unresolved ? text.substr(1) : text;
  return p;
}

inline Patterns patterns(std::initializer_list<std::string_view> texts) {
  Patterns list;
  for (const std::string_view text : texts) list.push_back(pattern(text));
  return list;
}

inline base::Address address(std::string_view text) { return base::Address::parse(text).value(); }

inline PeerName named(std::vector<std::string> names) { return {PeerName::State::known, std::move(names)}; }
inline PeerName nameless() { return {PeerName::State::unknown, {}}; }
inline PeerName unanswered() { return {PeerName::State::failed}; }
inline PeerName claiming(std::vector<std::string> names) { return {PeerName::State::unknown, {}, std::move(names)}; }
inline PeerName not_asked() { return {}; }

}  // namespace xsuperd::policy::test
