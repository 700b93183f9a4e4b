// SPDX-License-Identifier: MIT
// What is said to nftables about bans, and what it answers. Internal to supervisor. Pure.
#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "xsuperd/base/time.hpp"
#include "xsuperd/config/limits.hpp"
#include "xsuperd/policy/network.hpp"

namespace xsuperd::supervisor::nft {

/// Our sets. Those of addresses are tables of hashes: nothing that is done to them takes longer when there is more in them.
/// Those of networks are of intervals, for which libnftables reads all that is in them each time, and whose elements must not
/// overlap.
enum class Kind : std::uint8_t { ipv4, ipv6, ipv4_net, ipv6_net };
inline constexpr std::array kinds{Kind::ipv4, Kind::ipv6, Kind::ipv4_net, Kind::ipv6_net};
constexpr bool of_networks(Kind kind) { return kind == Kind::ipv4_net || kind == Kind::ipv6_net; }

struct Element {
  policy::Network peer;
  base::Moment until{};  ///< Moment::max(): forever
};

/// Where a peer stands; nothing for those that no firewall knows: users and virtual machines of this host, addresses with a
/// scope, and families that the table does not have.
[[nodiscard]] std::optional<Kind> kind_of(const policy::Network& peer, const config::BanNft& where);
/// "banned", "banned6", "banned_net", "banned6_net".
[[nodiscard]] std::string set_name(const config::BanNft& where, Kind kind);
/// The kinds that its family has.
[[nodiscard]] std::vector<Kind> kinds_of(const config::BanNft& where);

[[nodiscard]] std::string list_table(const config::BanNft& where);
/// The table and the sets, as far as they are missing.
[[nodiscard]] std::string create(const config::BanNft& where);
[[nodiscard]] std::string flush(const config::BanNft& where, Kind kind);
/// Adds a command for all of them, which are of that kind; none for none. Those that have ended are left out.
void add(std::string& to, const config::BanNft& where, Kind kind, std::span<const Element> elements, base::Moment now);
/// Takes them out, whether they are there or not.
void take_out(std::string& to, const config::BanNft& where, Kind kind, std::span<const policy::Network> peers);

/// What there is of a table, as list_table() has it listed.
struct Found {
  std::string identity = {};  ///< changes when the table, or a set of ours, is another one of that name
  std::string foreign = {};   ///< a sentence about a set that has a name of ours and is not as ours; empty: there is none
  std::vector<Kind> ours = {};  ///< of the sets that are there and as ours are
  std::size_t wanted = 0;       ///< how many there should be
  [[nodiscard]] bool complete() const { return ours.size() == wanted; }
};
[[nodiscard]] Found read_table(std::string_view listing, const config::BanNft& where);

/// Those of `all`, which have not ended, that are in no other of them. `again` is when another has to be looked for, because
/// one that stands for others ends before they do; Moment::max(): never. Sorts `all`.
struct Outermost {
  std::vector<Element> elements = {};
  base::Moment again = base::Moment::max();
};
[[nodiscard]] Outermost outermost(std::vector<Element>& all);

}  // namespace xsuperd::supervisor::nft
