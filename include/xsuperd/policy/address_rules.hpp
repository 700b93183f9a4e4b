// SPDX-License-Identifier: MIT
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "xsuperd/base/address.hpp"
#include "xsuperd/config/model.hpp"

namespace xsuperd::policy {

/// What is known of a peer's name.
struct PeerName {
  enum class State : std::uint8_t {
    not_asked,  ///< nobody has looked yet
    unknown,    ///< the look-up ended without a confirmed name
    known,
  };
  State state = State::not_asked;
  std::vector<std::string> names;  ///< lower case, forward-confirmed (B12.30)
};

/// One list, only_from or no_access, compiled into a prefix trie: a look-up takes at most 32 or 128 steps however
/// long the list is. Immutable after construction; safe on any thread.
class AddressList {
 public:
  explicit AddressList(const std::vector<config::AddressPattern>& patterns);
  ~AddressList();
  AddressList(AddressList&&) noexcept;
  AddressList& operator=(AddressList&&) noexcept;

  /// The longest matching network element, or nullptr. The peer is taken unmapped: IPv4 elements match IPv4 peers on
  /// every kind of socket, IPv6 elements match real IPv6 peers, except those inside ::ffff:0:0/96, which are stored
  /// as IPv4 (decisions B12.24, B15.6).
  [[nodiscard]] const config::AddressPattern* match_network(const base::Address& peer) const;
  /// The first name element (host or domain) that one of `names` matches, or nullptr (facts B5.3, B5.4).
  [[nodiscard]] const config::AddressPattern* match_name(const std::vector<std::string>& names) const;
  [[nodiscard]] bool has_names() const;
  /// An element whose name did not resolve when the configuration was read.
  [[nodiscard]] const config::AddressPattern* unresolved() const;

 private:
  struct Trie;
  std::unique_ptr<Trie> trie_;
  std::vector<config::AddressPattern> patterns_;
};

/// only_from and no_access of one service.
class AddressRules {
 public:
  AddressRules(const std::optional<std::vector<config::AddressPattern>>& only_from,
               const std::optional<std::vector<config::AddressPattern>>& no_access);

  /// What the lists say of a peer.
  struct Answer {
    enum class Kind : std::uint8_t { allowed, refused, need_name };
    Kind kind = Kind::allowed;
    const config::AddressPattern* rule = nullptr;  ///< the deciding element, if one decided
    bool both_lists = false;
  };
  /// Facts B5.14, B5.15. An unknown peer address passes (fact B5.11 as 2.3.15.4). Names are asked for only when the
  /// networks do not decide; a name that stays unknown matches nothing in only_from, and in no_access counts as a
  /// match of every name element (decision B15.15, CVE-2000-0536).
  [[nodiscard]] Answer ask(const base::Address& peer, const PeerName& name) const;

 private:
  std::optional<AddressList> only_from_;
  std::optional<AddressList> no_access_;
};

}  // namespace xsuperd::policy
