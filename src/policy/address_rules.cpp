// SPDX-License-Identifier: MIT
#include "xsuperd/policy/address_rules.hpp"

#include <algorithm>
#include <functional>
#include <map>
#include <string_view>

#include "policy/prefix_trie.hpp"
#include "xsuperd/base/text.hpp"

namespace xsuperd::policy {

using base::Address;
using config::AddressPattern;

/// Where to find the elements; their ids are their places in patterns_.
struct AddressList::Index {
  using Id = PrefixTrie::Id;
  PrefixTrie ipv4;
  PrefixTrie ipv6;
  std::map<std::string, Id, std::less<>> names;  ///< lower case; domains with their dot
  Id first_name = PrefixTrie::none;

  void add(const AddressPattern& pattern, Id id);
  void add_network(const AddressPattern& pattern, Id id);
  void add_name(const std::string& name, Id id);
  [[nodiscard]] Id find_network(const Address& peer) const;
  [[nodiscard]] Id find_name(std::string_view name) const;
};

void AddressList::Index::add(const AddressPattern& pattern, Id id) {
  if (pattern.kind == AddressPattern::Kind::network)
    add_network(pattern, id);
  else
    add_name(pattern.name, id);
}

void AddressList::Index::add_network(const AddressPattern& pattern, Id id) {
  const bool mapped = pattern.base.is_mapped() && pattern.prefix >= 96;
  const Address base = mapped ? pattern.base.unmapped() : pattern.base;
  const int prefix = mapped ? pattern.prefix - 96 : pattern.prefix;
  if (base.family() == Address::Family::ipv4) ipv4.insert(Bits::of(base), std::clamp(prefix, 0, 32), id);
  if (base.family() == Address::Family::ipv6) ipv6.insert(Bits::of(base), std::clamp(prefix, 0, 128), id);
}

void AddressList::Index::add_name(const std::string& name, Id id) {
  first_name = std::min(first_name, id);
  names.try_emplace(base::to_lower(name), id);
}

AddressList::Index::Id AddressList::Index::find_network(const Address& peer) const {
  const Address plain = peer.unmapped();
  if (!plain.known()) return PrefixTrie::none;
  return (plain.family() == Address::Family::ipv4 ? ipv4 : ipv6).longest_match(Bits::of(plain));
}

/// Looks up the whole name, then what follows each host part with its dot, as domains are kept.
AddressList::Index::Id AddressList::Index::find_name(std::string_view name) const {
  Id first = PrefixTrie::none;
  for (std::size_t at = 0; at < name.size(); at = std::min(name.find('.', at + 1), name.size())) {
    const auto found = names.find(name.substr(at));
    if (found != names.end()) first = std::min(first, found->second);
  }
  return first;
}

AddressList::AddressList(const std::vector<AddressPattern>& patterns)
    : index_(std::make_unique<Index>()), patterns_(patterns) {
  for (std::size_t i = 0; i < patterns_.size(); ++i) index_->add(patterns_[i], static_cast<Index::Id>(i));
}
AddressList::~AddressList() = default;
AddressList::AddressList(AddressList&&) noexcept = default;
AddressList& AddressList::operator=(AddressList&&) noexcept = default;

const AddressPattern* AddressList::match_network(const Address& peer) const {
  return element(index_->find_network(peer));
}

const AddressPattern* AddressList::match_name(const std::vector<std::string>& names) const {
  Index::Id first = PrefixTrie::none;
  for (const std::string& name : names) first = std::min(first, index_->find_name(base::to_lower(name)));
  return element(first);
}

const AddressPattern* AddressList::first_name() const { return element(index_->first_name); }

const AddressPattern* AddressList::element(std::uint32_t id) const {
  return id == PrefixTrie::none ? nullptr : &patterns_[id];
}

namespace {

std::optional<AddressList> compiled(const std::optional<std::vector<AddressPattern>>& patterns) {
  if (!patterns) return std::nullopt;
  return AddressList(*patterns);
}

/// What one list says of a peer.
struct Finding {
  const AddressPattern* match = nullptr;
  bool name_may_match = false;  ///< no match yet, but nobody has looked for the peer's name
};

/// `nameless`: the answer of a list with names to a peer that has none.
Finding find(const AddressList& list, const Address& peer, const PeerName& name,
             const AddressPattern* nameless) {
  if (const AddressPattern* network = list.match_network(peer)) return {network, false};
  if (list.first_name() == nullptr) return {};
  if (name.state == PeerName::State::not_asked) return {nullptr, true};
  if (name.state == PeerName::State::unknown || name.names.empty()) return {nameless, false};
  return {list.match_name(name.names), false};
}

}  // namespace

AddressRules::AddressRules(const std::optional<std::vector<AddressPattern>>& only_from,
                           const std::optional<std::vector<AddressPattern>>& no_access)
    : only_from_(compiled(only_from)), no_access_(compiled(no_access)) {}

AddressRules::Answer AddressRules::ask(const Address& peer, const PeerName& name) const {
  using Kind = Answer::Kind;
  if (!peer.known()) return {};
  const Finding allowed = only_from_ ? find(*only_from_, peer, name, nullptr) : Finding{};
  const Finding denied = no_access_ ? find(*no_access_, peer, name, no_access_->first_name()) : Finding{};

  if (denied.match) return {Kind::refused, denied.match, allowed.match != nullptr};
  // A peer that only_from can no longer admit is refused, whatever its name would be to no_access.
  const bool shut_out = only_from_ && !allowed.match && !allowed.name_may_match;
  if (shut_out) return {Kind::refused, nullptr, false};
  if (allowed.name_may_match || denied.name_may_match) return {Kind::need_name, nullptr, false};
  return {Kind::allowed, allowed.match, false};
}

}  // namespace xsuperd::policy
