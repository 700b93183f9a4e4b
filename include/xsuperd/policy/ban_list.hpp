// SPDX-License-Identifier: MIT
#pragma once
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "xsuperd/base/address.hpp"
#include "xsuperd/base/time.hpp"
#include "xsuperd/config/limits.hpp"
#include "xsuperd/policy/network.hpp"

namespace xsuperd::policy {

/// A ban that would last longer is one for ever. Well below a century, and the end of what a ban_file can say.
inline constexpr std::chrono::hours most_ban{24 * 365 * 99};

/// Until when a ban of so many minutes lasts that begins now; less than 0, or more than most_ban: Moment::max(), for ever. Pure.
[[nodiscard]] constexpr base::Moment ban_end(std::int64_t minutes, base::Moment now) {
  const bool limited = minutes >= 0 && minutes <= std::chrono::minutes(most_ban).count();
  return limited ? now + std::chrono::minutes(minutes) : base::Moment::max();
}

/// Why there is a ban, and who says so; both may be empty.
struct BanWhy {
  std::string_view reason = {};
  std::string_view origin = {};
  bool stays = false;  ///< an administrator has said so: it does not go to make room for what peers cause
};

/// Who is kept out of every service: peers that have touched a SENSOR service (facts B5.26 to B5.30) or done what ban_on
/// names, and peers and networks that an administrator has named. Of a local peer its user is banned, of one by vsock its
/// machine. Addresses are kept unmapped and exactly: what a sensor adds means neither a network nor another spelling of a
/// peer (B12.27, B12.28). Bounded: when it is full the one whose last touch is oldest goes, of those that an administrator
/// has named only where there are no others. A look-up takes a few steps however many there are, and each takes up to 150
/// bytes; nothing takes time that grows with their number, but what says so. Pure; the daemon has one, on the loop thread.
class BanList {
 public:
  explicit BanList(std::size_t capacity = config::usual_ban_limit);
  ~BanList();
  BanList(BanList&&) noexcept;
  BanList& operator=(BanList&&) noexcept;

  /// What a touch did.
  enum class Added : std::uint8_t {
    fresh,      ///< the peer was not on the list
    extended,   ///< it was: its time starts again (B12.29), or something else is told of it now
    unchanged,  ///< it was, for as long, and the same is told of it
  };
  struct Result {
    Added added = Added::fresh;
    bool displaced = false;  ///< another ban was dropped
  };
  using Why = BanWhy;
  struct Ban {
    Network peer;
    base::Moment until{};  ///< Moment::max(): forever
    base::Moment since{};
    std::uint32_t hits = 0;  ///< requests that were refused because of it
    bool stays = false;
    std::string reason = {};
    std::string origin = {};
    bool operator==(const Ban&) const = default;
  };

  /// Bans until that moment, which is in the future; Moment::max(), or further away than most_ban: forever. Throws
  /// std::bad_alloc, and the peer is not on the list then unless it was before.
  Result add_until(const Network& peer, base::Moment until, base::Moment now, const Why& why = {});
  /// `minutes` is the service's deny_time; -1: forever. Not to be called for 0.
  Result add(const Network& peer, int minutes, base::Moment now, const Why& why = {}) {
    return add_until(peer, ban_end(minutes, now), now, why);
  }
  Result add(const base::Address& peer, int minutes, base::Moment now, const Why& why = {}) {
    return add(Network::of(peer), minutes, now, why);
  }
  /// Some are about to be put on the list: has what that takes come from memory, for a few dozen at a time. Where very many are
  /// put on it that is most of the time; nothing changes.
  void expect(std::span<const Network> peers) const;
  /// Puts that one on the list as it is, in place of what there may be of the same peer; it has not ended yet. Further away
  /// than most_ban: it is forever. Throws std::bad_alloc.
  Result put(const Ban& ban, base::Moment now);
  /// Is the peer on the list, by itself or as a part of a network?
  [[nodiscard]] bool banned(const base::Address& peer, base::Moment now) const;
  /// A request of the peer has been refused because it is banned.
  void hit(const base::Address& peer, base::Moment now);
  /// Takes one off; false when it was not on the list. Only what was added with the same prefix is meant: a peer does not
  /// leave a network that is banned.
  bool remove(const Network& peer);
  bool remove(const base::Address& peer) { return remove(Network::of(peer)); }
  /// Is it on the list by itself?
  [[nodiscard]] bool contains(const Network& peer, base::Moment now) const { return find(peer, now).has_value(); }
  [[nodiscard]] std::optional<Ban> find(const Network& peer, base::Moment now) const;
  /// The smallest network on the list that the peer is in, itself included.
  [[nodiscard]] std::optional<Network> covering(const base::Address& peer, base::Moment now) const;
  /// The same, and what is known of it.
  [[nodiscard]] std::optional<Ban> ban_of(const base::Address& peer, base::Moment now) const;
  /// Removes what has expired, at most so many; returns how many there were.
  std::size_t expire(base::Moment now, std::size_t most = static_cast<std::size_t>(-1));
  [[nodiscard]] std::size_t size() const;
  /// How many there may be, and how many there are that have come from other hosts (ban_origin::fleet) and from CrowdSec.
  struct Filling {
    std::size_t capacity = 0;
    std::size_t from_fleet = 0;
    std::size_t from_crowdsec = 0;
  };
  [[nodiscard]] Filling filling() const;
  /// When the next one expires; nothing when none ever will.
  [[nodiscard]] std::optional<base::Moment> next_end() const;
  /// How many there may be. Where there are more now, each new one displaces two until there are not.
  void set_capacity(std::size_t capacity);

  /// Goes through the bans, also through those that have expired and not been removed yet. The list may change meanwhile: a
  /// ban that is there all the time is met once, and one that comes or goes meanwhile perhaps.
  class Cursor {
   private:
    friend BanList;
    std::uint32_t next = 0;
  };
  /// Nothing: that was the last one.
  [[nodiscard]] std::optional<Ban> next(Cursor& cursor) const;

  /// All of them, in time that grows with their number: those that an administrator has named, then the others, each time
  /// the one whose last touch is oldest first; and a list that goes on from there, less what finds no room: those that an
  /// administrator has named find it first.
  [[nodiscard]] std::vector<Ban> snapshot() const;
  void restore(const std::vector<Ban>& bans);

 private:
  struct Table;
  std::unique_ptr<Table> table_;
};

}  // namespace xsuperd::policy
