// SPDX-License-Identifier: MIT
// What the Resolver remembers. Internal to net.
#pragma once
#include <list>
#include <unordered_map>

#include "xsuperd/base/address.hpp"
#include "xsuperd/base/peer_name.hpp"
#include "xsuperd/base/time.hpp"

namespace xsuperd::net {

struct AddressHash {
  std::size_t operator()(const base::Address& address) const { return hash_value(address); }
};

/// Names by address, at most `most` of them, each until its time is over. The oldest make room. Not thread
/// safe.
class NameCache {
 public:
  explicit NameCache(std::size_t most) : most_(most) {}

  /// Nothing when the address is not there any more. Valid until the next call.
  [[nodiscard]] const base::PeerName* find(const base::Address& address, base::Moment now) {
    const auto at = by_address_.find(address);
    if (at == by_address_.end()) return nullptr;
    if (at->second->until > now) return &at->second->name;
    erase(at->second);
    return nullptr;
  }

  /// What was put in first and is over goes, so that many peers that come once leave nothing behind.
  void put(const base::Address& address, base::PeerName name, base::Moment until, base::Moment now) {
    if (const auto at = by_address_.find(address); at != by_address_.end()) erase(at->second);
    while (!by_age_.empty() && by_age_.front().until <= now) erase(by_age_.begin());
    if (most_ == 0) return;
    if (by_age_.size() >= most_) erase(by_age_.begin());
    by_age_.push_back({address, std::move(name), until});
    by_address_[address] = std::prev(by_age_.end());
  }

  [[nodiscard]] std::size_t size() const { return by_age_.size(); }

 private:
  struct Entry {
    base::Address address;
    base::PeerName name;
    base::Moment until;
  };
  using Place = std::list<Entry>::iterator;

  void erase(Place place) {
    by_address_.erase(place->address);
    by_age_.erase(place);
  }

  std::size_t most_;
  std::list<Entry> by_age_;
  std::unordered_map<base::Address, Place, AddressHash> by_address_;
};

}  // namespace xsuperd::net
