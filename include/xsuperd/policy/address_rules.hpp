// SPDX-License-Identifier: MIT
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "xsuperd/base/address.hpp"
#include "xsuperd/base/peer_name.hpp"
#include "xsuperd/config/model.hpp"

namespace xsuperd::policy {

using base::PeerName;

/// Does `a` describe its peers more closely than `b`? The order of access_policy = best_match, from the
/// closest on:
///
/// 1. a single address (a network of full length);
/// 2. the name of a host, resolved or not: it stands for a host, but a name server says which;
/// 3. a domain; of two, the one with more parts;
/// 4. a network; of two, the one with the longer prefix.
///
/// Elements of one kind and length are equally close. Mapped networks count as IPv4.
[[nodiscard]] bool more_specific(const config::AddressPattern& a, const config::AddressPattern& b);

/// One list, only_from or no_access, compiled: networks into prefix tries, where a look-up takes at most 32
/// or 128 steps however long the list is, names into a map. Immutable after construction; safe on any thread.
/// The elements that the functions return live as long as the list, also when it is moved.
class AddressList {
 public:
  explicit AddressList(const std::vector<config::AddressPattern>& patterns);
  ~AddressList();
  AddressList(AddressList&&) noexcept;
  AddressList& operator=(AddressList&&) noexcept;

  /// The longest matching network element, or nullptr. The peer is taken unmapped: IPv4 elements match IPv4
  /// peers on every kind of socket, IPv6 elements match real IPv6 peers, except those inside ::ffff:0:0/96,
  /// which are stored as IPv4 (decisions B12.24, B15.6). Scopes do not count.
  [[nodiscard]] const config::AddressPattern* match_network(const base::Address& peer) const;
  /// The first name element that one of `names` matches, or nullptr (facts B5.3, B5.4). An unresolved element
  /// is a host's name like others here: that the name had no address once does not mean that no peer can
  /// prove it now.
  [[nodiscard]] const config::AddressPattern* match_name(const std::vector<std::string>& names) const;
  /// The first name element (host, domain or unresolved), or nullptr: a list of networks only, for which
  /// nobody needs to look for a name.
  [[nodiscard]] const config::AddressPattern* first_name() const;

  /// As match_name() and first_name(), but the most specific element; of equal ones the first.
  [[nodiscard]] const config::AddressPattern* closest_name(const std::vector<std::string>& names) const;
  [[nodiscard]] const config::AddressPattern* closest_name() const;

 private:
  struct Index;
  [[nodiscard]] const config::AddressPattern* element(std::uint32_t id) const;

  std::unique_ptr<Index> index_;
  std::vector<config::AddressPattern> patterns_;
};

/// only_from and no_access of one service.
class AddressRules {
 public:
  AddressRules(const std::optional<std::vector<config::AddressPattern>>& only_from,
               const std::optional<std::vector<config::AddressPattern>>& no_access,
               config::AccessPolicy policy = config::AccessPolicy::refuse_both);

  /// What the lists say of a peer.
  struct Answer {
    enum class Kind : std::uint8_t { allowed, refused, need_name };
    Kind kind = Kind::allowed;
    const config::AddressPattern* rule = nullptr;  ///< the deciding element, if one decided
    bool both_lists = false;  ///< refused because both match, with best_match: equally well
    /// What each list matches, as far as known: no name is asked for only to tell this.
    const config::AddressPattern* only_from = nullptr;
    const config::AddressPattern* no_access = nullptr;
  };
  /// The first row that fits (facts B5.14, B5.15):
  ///
  /// | no_access            | only_from               | answer                                  |
  /// | -------------------- | ----------------------- | --------------------------------------- |
  /// | matches and prevails | any                     | refused; both_lists when it matches too |
  /// | any other            | given, cannot match     | refused                                 |
  /// | cannot prevail       | not given, or matches   | allowed                                 |
  /// | any other            | any other               | need_name                               |
  ///
  /// With refuse_both whatever no_access matches prevails, and a name is looked at only where no network
  /// matches. With best_match each list speaks by its most specific match, name or network, and no_access
  /// prevails unless only_from's is the more specific one. While nobody has asked for the peer's name, all
  /// names of a list may match.
  ///
  /// An unknown peer address passes (fact B5.11 as 2.3.15.4). Peers that have no IP address match nothing and have no name:
  /// any only_from refuses them (what else lets them in is judge()'s matter). Only confirmed names match in only_from; in no_access
  /// those count, too, that the address claims alone, and a failed look-up counts as a match of every name element
  /// (decision B15.15, CVE-2000-0536).
  [[nodiscard]] Answer ask(const base::Address& peer, const PeerName& name) const;

 private:
  [[nodiscard]] Answer decide(const config::AddressPattern* allowed,
                              const config::AddressPattern* denied) const;

  std::optional<AddressList> only_from_;
  std::optional<AddressList> no_access_;
  config::AccessPolicy policy_;
};

}  // namespace xsuperd::policy
