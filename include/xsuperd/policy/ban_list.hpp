// SPDX-License-Identifier: MIT
#pragma once
#include <boost/multi_index/hashed_index.hpp>
#include <boost/multi_index/member.hpp>
#include <boost/multi_index/ordered_index.hpp>
#include <boost/multi_index/sequenced_index.hpp>
#include <boost/multi_index_container.hpp>
#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

#include "xsuperd/base/address.hpp"
#include "xsuperd/base/time.hpp"

namespace xsuperd::policy {

/// The peers that have touched a SENSOR service and are kept out of every service (facts B5.26 to B5.30). Addresses are
/// kept unmapped and exactly: neither a network nor another spelling of a peer is meant (B12.27, B12.28). Bounded: when
/// it is full the one whose last touch is oldest goes. Pure; the daemon has one, on the loop thread.
class BanList {
 public:
  explicit BanList(std::size_t capacity = 65536) : capacity_(capacity) {}

  /// What a touch did.
  enum class Added : std::uint8_t {
    fresh,     ///< the peer was not on the list
    extended,  ///< it was: its time runs anew, or on if that is longer (B12.29)
  };
  struct Result {
    Added added = Added::fresh;
    bool displaced = false;  ///< another one had to go
  };
  /// `minutes` is the service's deny_time; -1: for ever. Not to be called for 0.
  Result add(const base::Address& peer, int minutes, base::Moment now);
  [[nodiscard]] bool banned(const base::Address& peer, base::Moment now) const;
  /// Takes one off; false when it was not on the list.
  bool remove(const base::Address& peer);
  /// Forgets what is over; how many there were.
  std::size_t expire(base::Moment now);
  /// Those that count at `now`, in the order of their last touch, each with its end; Moment::max(): none.
  [[nodiscard]] std::vector<std::pair<base::Address, base::Moment>> all(base::Moment now) const;
  [[nodiscard]] std::size_t size() const { return bans_.size(); }
  /// When the next one is over; nothing when none ever will be.
  [[nodiscard]] std::optional<base::Moment> next_end() const;

  struct Ban {
    base::Address peer;
    base::Moment until;  ///< Moment::max(): for ever
    bool operator==(const Ban&) const = default;
  };
  /// For an upgrade: all of them, the one whose last touch is oldest first; and a list that goes on from there, less
  /// what finds no room.
  [[nodiscard]] std::vector<Ban> snapshot() const;
  void restore(const std::vector<Ban>& bans);

 private:
  using Bans = boost::multi_index_container<
      Ban, boost::multi_index::indexed_by<
               boost::multi_index::hashed_unique<boost::multi_index::member<Ban, base::Address, &Ban::peer>>,
               boost::multi_index::sequenced<>,
               boost::multi_index::ordered_non_unique<boost::multi_index::member<Ban, base::Moment, &Ban::until>>>>;

  std::size_t capacity_;
  Bans bans_;
};

}  // namespace xsuperd::policy
