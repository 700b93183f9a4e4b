// SPDX-License-Identifier: MIT
#pragma once
#include <boost/multi_index/hashed_index.hpp>
#include <boost/multi_index/member.hpp>
#include <boost/multi_index/ordered_index.hpp>
#include <boost/multi_index/sequenced_index.hpp>
#include <boost/multi_index_container.hpp>
#include <array>
#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

#include "xsuperd/base/address.hpp"
#include "xsuperd/base/described.hpp"
#include "xsuperd/base/time.hpp"
#include "xsuperd/policy/network.hpp"

namespace xsuperd::policy {

/// Who is kept out of every service: peers that have touched a SENSOR service (facts B5.26 to B5.30), and peers and
/// networks that an administrator has named. Of a local peer its user is banned, of one by vsock its machine. Addresses are kept unmapped and exactly: what a sensor adds means neither a
/// network nor another spelling of a peer (B12.27, B12.28). Bounded: when it is full the one whose last touch is oldest
/// goes. A look-up takes a step for each length of prefix that is on the list, mostly one. Pure; the daemon has one, on
/// the loop thread.
class BanList {
 public:
  explicit BanList(std::size_t capacity = 65536) : capacity_(capacity) {}

  /// What a touch did.
  enum class Added : std::uint8_t {
    fresh,     ///< the peer was not on the list
    extended,  ///< it was: its time starts again, or goes on if that is longer (B12.29)
  };
  struct Result {
    Added added = Added::fresh;
    bool displaced = false;  ///< another ban was dropped
  };
  /// `minutes` is the service's deny_time; -1: forever. Not to be called for 0.
  Result add(const Network& peer, int minutes, base::Moment now);
  Result add(const base::Address& peer, int minutes, base::Moment now) { return add(Network::of(peer), minutes, now); }
  /// Is the peer on the list, by itself or as a part of a network?
  [[nodiscard]] bool banned(const base::Address& peer, base::Moment now) const;
  /// Takes one off; false when it was not on the list. Only what was added with the same prefix is meant: a peer does not
  /// leave a network that is banned.
  bool remove(const Network& peer);
  bool remove(const base::Address& peer) { return remove(Network::of(peer)); }
  /// Is it on the list by itself?
  [[nodiscard]] bool contains(const Network& peer, base::Moment now) const;
  /// The smallest network on the list that the peer is in, itself included.
  [[nodiscard]] std::optional<Network> covering(const base::Address& peer, base::Moment now) const;
  /// Removes what has expired; returns how many there were.
  std::size_t expire(base::Moment now);
  /// Those in effect at `now`, in the order of their last touch, each with its end; Moment::max(): none.
  [[nodiscard]] std::vector<std::pair<Network, base::Moment>> all(base::Moment now) const;
  [[nodiscard]] std::size_t size() const { return bans_.size(); }
  /// When the next one expires; nothing when none ever will.
  [[nodiscard]] std::optional<base::Moment> next_end() const;

  struct Ban {
    Network peer;
    base::Moment until;  ///< Moment::max(): forever
    bool operator==(const Ban&) const = default;
  };
  /// For an upgrade: all of them, the one whose last touch is oldest first; and a list that goes on from there, less
  /// what finds no room.
  [[nodiscard]] std::vector<Ban> snapshot() const;
  void restore(const std::vector<Ban>& bans);

 private:
  using Bans = boost::multi_index_container<
      Ban, boost::multi_index::indexed_by<
               boost::multi_index::hashed_unique<boost::multi_index::member<Ban, Network, &Ban::peer>>,
               boost::multi_index::sequenced<>,
               boost::multi_index::ordered_non_unique<boost::multi_index::member<Ban, base::Moment, &Ban::until>>>>;

  /// The lengths of prefixes of one family that are on the list, the longest first, and how many networks have each.
  struct Lengths {
    std::array<std::size_t, 129> counts{};
    std::vector<std::uint8_t> used;
  };
  [[nodiscard]] static std::size_t kind_of(const base::Address& address);
  [[nodiscard]] Lengths& lengths_of(const Network& peer) { return lengths_[kind_of(peer.address)]; }
  void count(const Network& peer);
  void uncount(const Network& peer);

  std::size_t capacity_;
  Bans bans_;
  std::array<Lengths, 3> lengths_;  ///< of IPv6, IPv4 and others, which are in no network
};

BOOST_DESCRIBE_STRUCT(BanList::Ban, (), (peer, until))

}  // namespace xsuperd::policy
