// SPDX-License-Identifier: MIT
#include "xsuperd/policy/address_rules.hpp"

#include <algorithm>
#include <cstddef>
#include <functional>
#include <map>
#include <string_view>
#include <utility>

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
  Id closest_name = PrefixTrie::none;

  void add(const AddressPattern& pattern, Id id);
  void add_network(const AddressPattern& pattern, Id id);
  void add_name(const std::string& name, Id id);
  [[nodiscard]] Id find_network(const Address& peer) const;
  [[nodiscard]] Id find_name(std::string_view name) const;
  [[nodiscard]] Id find_closest_name(std::string_view name) const;
};

void AddressList::Index::add(const AddressPattern& pattern, Id id) {
  if (pattern.kind == AddressPattern::Kind::network)
    add_network(pattern, id);
  else
    add_name(pattern.name, id);
}

void AddressList::Index::add_network(const AddressPattern& pattern, Id id) {
  const auto [base, prefix] = pattern.network();
  if (base.family() == Address::Family::ipv4) ipv4.insert(Bits::of(base), std::clamp(prefix, 0, 32), id);
  if (base.family() == Address::Family::ipv6) ipv6.insert(Bits::of(base), std::clamp(prefix, 0, 128), id);
}

void AddressList::Index::add_name(const std::string& name, Id id) {
  first_name = std::min(first_name, id);
  names.try_emplace(base::to_lower(name), id);
}

AddressList::Index::Id AddressList::Index::find_network(const Address& peer) const {
  const Address plain = peer.unmapped();
  if (!plain.is_ip()) return PrefixTrie::none;  // the numbers of others would look like one
  return (plain.family() == Address::Family::ipv4 ? ipv4 : ipv6).longest_match(Bits::of(plain));
}

namespace {
/// Where the next domain of a name begins, with its dot; at the end there is none.
std::size_t next_domain(std::string_view name, std::size_t at) {
  return std::min(name.find('.', at + 1), name.size());
}
}  // namespace

/// Looks up the whole name, then what follows each host part with its dot, as domains are kept.
AddressList::Index::Id AddressList::Index::find_name(std::string_view name) const {
  Id first = PrefixTrie::none;
  for (std::size_t at = 0; at < name.size(); at = next_domain(name, at)) {
    const auto found = names.find(name.substr(at));
    if (found != names.end()) first = std::min(first, found->second);
  }
  return first;
}

/// The same way leads from the most specific to the least.
AddressList::Index::Id AddressList::Index::find_closest_name(std::string_view name) const {
  for (std::size_t at = 0; at < name.size(); at = next_domain(name, at)) {
    const auto found = names.find(name.substr(at));
    if (found != names.end()) return found->second;
  }
  return PrefixTrie::none;
}

AddressList::AddressList(const std::vector<AddressPattern>& patterns)
    : index_(std::make_unique<Index>()), patterns_(patterns) {
  for (std::size_t i = 0; i < patterns_.size(); ++i) {
    const auto id = static_cast<Index::Id>(i);
    index_->add(patterns_[i], id);
    if (patterns_[i].kind == AddressPattern::Kind::network) continue;
    const AddressPattern* closest = element(index_->closest_name);
    if (!closest || more_specific(patterns_[i], *closest)) index_->closest_name = id;
  }
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

const AddressPattern* AddressList::closest_name(const std::vector<std::string>& names) const {
  const AddressPattern* closest = nullptr;
  for (const std::string& name : names) {
    const AddressPattern* found = element(index_->find_closest_name(base::to_lower(name)));
    if (found && (!closest || more_specific(*found, *closest))) closest = found;
  }
  return closest;
}

const AddressPattern* AddressList::closest_name() const { return element(index_->closest_name); }

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
  const AddressPattern* at_best = nullptr;  ///< what it could become with the peer's name; else the same
};

Finding definite(const AddressPattern* match) { return {match, match}; }

/// Whom a list is there for: to let them in it takes proof, to keep them out a suspicion (decision B15.15).
enum class Purpose : bool { admit, refuse };

/// The element that the peer's names match: `match` picks it for given names, `any` counts for every name.
template <typename Match>
const AddressPattern* named(const PeerName& name, Purpose purpose, const AddressPattern* any, Match match) {
  if (purpose == Purpose::admit) return match(name.names);
  std::vector<std::string> all = name.names;
  all.insert(all.end(), name.claimed.begin(), name.claimed.end());
  const AddressPattern* element = match(all);
  return element || name.state != PeerName::State::failed ? element : any;
}

/// A network decides without a look at the name.
Finding find(const AddressList& list, const Address& peer, const PeerName& name, Purpose purpose) {
  if (const AddressPattern* network = list.match_network(peer)) return definite(network);
  if (name.state == PeerName::State::not_asked) return {nullptr, list.first_name()};
  return definite(named(name, purpose, list.first_name(), [&](const auto& names) { return list.match_name(names); }));
}

const AddressPattern* closer(const AddressPattern* a, const AddressPattern* b) {
  if (!a || !b) return a ? a : b;
  return more_specific(*b, *a) ? b : a;
}

/// The most specific match, of the network and of the name. Of a failed look-up the most specific name counts.
Finding find_closest(const AddressList& list, const Address& peer, const PeerName& name, Purpose purpose) {
  const AddressPattern* network = list.match_network(peer);
  if (name.state == PeerName::State::not_asked) return {network, closer(network, list.closest_name())};
  const bool any = purpose == Purpose::refuse && name.state == PeerName::State::failed;
  const AddressPattern* element =
      any ? list.closest_name()
          : named(name, purpose, nullptr, [&](const auto& names) { return list.closest_name(names); });
  return definite(closer(network, element));
}

}  // namespace

bool more_specific(const AddressPattern& a, const AddressPattern& b) {
  const auto rank = [](const AddressPattern& p) -> std::pair<int, std::ptrdiff_t> {
    if (p.kind == AddressPattern::Kind::network) {
      const auto network = p.network();
      return network.single() ? std::pair(3, std::ptrdiff_t{0})
                              : std::pair(0, std::ptrdiff_t{network.prefix});
    }
    if (p.kind == AddressPattern::Kind::domain) return {1, std::count(p.name.begin(), p.name.end(), '.')};
    return {2, 0};
  };
  return rank(a) > rank(b);
}

AddressRules::AddressRules(const std::optional<std::vector<AddressPattern>>& only_from,
                           const std::optional<std::vector<AddressPattern>>& no_access,
                           config::AccessPolicy policy)
    : only_from_(compiled(only_from)), no_access_(compiled(no_access)), policy_(policy) {}

/// The answer when this is what the lists match.
AddressRules::Answer AddressRules::decide(const AddressPattern* allowed, const AddressPattern* denied) const {
  using Kind = Answer::Kind;
  const bool best_match = policy_ == config::AccessPolicy::best_match;
  const bool prevails = denied && !(best_match && allowed && more_specific(*allowed, *denied));
  if (prevails) {
    const bool both = allowed && !(best_match && more_specific(*denied, *allowed));
    return {Kind::refused, denied, both, allowed, denied};
  }
  if (only_from_ && !allowed) return {Kind::refused, nullptr, false, allowed, denied};
  return {Kind::allowed, allowed, false, allowed, denied};
}

AddressRules::Answer AddressRules::ask(const Address& peer, const PeerName& name) const {
  using Kind = Answer::Kind;
  if (!peer.known()) return {};
  if (!peer.is_ip()) return {only_from_ ? Kind::refused : Kind::allowed};
  const bool best_match = policy_ == config::AccessPolicy::best_match;
  const auto look = best_match ? find_closest : find;
  const Finding allowed = only_from_ ? look(*only_from_, peer, name, Purpose::admit) : Finding{};
  const Finding denied = no_access_ ? look(*no_access_, peer, name, Purpose::refuse) : Finding{};
  // The more only_from matches and the less no_access, the better for the peer: if the name makes no
  // difference in the two extreme cases, it makes none.
  const bool at_best = decide(allowed.at_best, denied.match).kind == Kind::allowed;
  const bool at_worst = decide(allowed.match, denied.at_best).kind == Kind::allowed;
  Answer answer = decide(allowed.match, denied.match);
  if (at_best != at_worst) answer = {Kind::need_name, nullptr, false, answer.only_from, answer.no_access};
  return answer;
}

}  // namespace xsuperd::policy
