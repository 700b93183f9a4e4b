// SPDX-License-Identifier: MIT
#include "xsuperd/policy/ban_list.hpp"

#include <algorithm>
#include <boost/container/static_vector.hpp>
#include <boost/unordered/unordered_flat_map.hpp>
#include <utility>

#include "policy/ban_trie.hpp"
#include "policy/ban_whys.hpp"
#include "policy/pieces.hpp"
#include "xsuperd/policy/ban_origin.hpp"

namespace xsuperd::policy {

namespace {

constexpr std::uint32_t nothing = BanTrie::none;
/// Bits that choose one of the small tries, see BanTrie: few networks that somebody bans have less.
constexpr int spread_ipv4 = 20;
constexpr int spread_ipv6 = 32;

struct Entry {
  Network peer{};
  std::uint32_t before = nothing;  ///< in the order of touches
  std::uint32_t after = nothing;   ///< also the next one that is not used
  std::uint32_t place = nothing;   ///< in the heap of ends; nothing: it is for ever
  std::uint32_t why = 0;
  std::uint32_t hits = 0;
  bool used = false;
  bool stays = false;
  base::Moment since{};
};

/// An element of the heap, with what it is compared by: the entries themselves are far from one another.
struct End {
  base::Moment at{};
  std::uint32_t id = 0;
};

base::Moment clamped(base::Moment until, base::Moment now) { return until > now + most_ban ? base::Moment::max() : until; }

/// Does it stand in a trie?
bool is_plain(const base::Address& address) { return address.is_ip() && address.scope() == 0; }

}  // namespace

struct BanList::Table {
  explicit Table(std::size_t most) : capacity(most) {}

  /// Oldest touch first.
  struct Order {
    std::uint32_t first = nothing;
    std::uint32_t last = nothing;
  };

  std::size_t capacity;
  std::size_t count = 0;
  std::size_t fleet = 0, crowdsec = 0;  ///< of these, such as others have told us
  Pieces<Entry> entries;
  std::uint32_t unused = nothing;
  BanTrie ipv4{spread_ipv4};
  BanTrie ipv6{spread_ipv6};
  /// What is in no network: local peers, virtual machines, and addresses with a scope.
  boost::unordered_flat_map<base::Address, std::uint32_t> others;
  Order touched;  ///< of those that peers cause
  Order staying;
  Pieces<End> ends;  ///< a heap, the first end on top
  Whys whys;

  [[nodiscard]] BanTrie& trie_of(const base::Address& plain) { return plain.family() == base::Address::Family::ipv4 ? ipv4 : ipv6; }
  [[nodiscard]] const BanTrie& trie_of(const base::Address& plain) const {
    return plain.family() == base::Address::Family::ipv4 ? ipv4 : ipv6;
  }
  [[nodiscard]] base::Moment until(std::uint32_t id) const {
    const std::uint32_t place = entries[id].place;
    return place == nothing ? base::Moment::max() : ends[place].at;
  }
  [[nodiscard]] std::uint32_t find(const Network& peer) const;
  [[nodiscard]] std::uint32_t covering(const base::Address& peer, base::Moment now) const;
  [[nodiscard]] Order& order_of(const Entry& entry) { return entry.stays ? staying : touched; }
  void link(std::uint32_t id) noexcept;
  void unlink(std::uint32_t id) noexcept;
  void index(std::uint32_t id);
  void unindex(std::uint32_t id) noexcept;
  std::uint32_t insert(const Ban& ban, base::Moment until);
  Added extend(std::uint32_t id, base::Moment end, const Why& why);
  void erase(std::uint32_t id) noexcept;
  bool displace() noexcept;
  [[nodiscard]] Ban value(std::uint32_t id) const;
  /// As one more, or with -1 as one less, of those that others have told us.
  void count_origin(std::uint32_t id, int one) noexcept;

  // The heap.
  void put(std::uint32_t place, const End& end) noexcept;
  void rise(std::uint32_t place) noexcept;
  void sink(std::uint32_t place) noexcept;
  /// It ends then; there is room.
  void schedule(std::uint32_t id, base::Moment end) noexcept;
  void unschedule(std::uint32_t id) noexcept;
};

std::uint32_t BanList::Table::find(const Network& peer) const {
  if (is_plain(peer.address)) return trie_of(peer.address).find(Bits::of(peer.address), peer.length);
  const auto there = others.find(peer.address);
  return there == others.end() ? nothing : there->second;
}

std::uint32_t BanList::Table::covering(const base::Address& peer, base::Moment now) const {
  if (count == 0 || !peer.known()) return nothing;
  const base::Address address = peer.unmapped();
  std::uint32_t found = nothing;
  const auto look = [&](std::uint32_t id) {
    if (now < until(id)) found = id;
  };
  if (!is_plain(address)) {
    const auto there = others.find(address.source());
    if (there != others.end()) look(there->second);
    if (found != nothing || !address.is_ip()) return found;
  }
  // One with a scope is in the networks that it begins like, and is none of the addresses without one.
  const bool scoped = address.scope() != 0;
  trie_of(address).each_match(Bits::of(address), [&](std::uint32_t id) {
    if (!scoped || !entries[id].peer.single()) look(id);
  });
  return found;
}

void BanList::Table::link(std::uint32_t id) noexcept {
  Order& order = order_of(entries[id]);
  entries[id].before = order.last;
  entries[id].after = nothing;
  (order.last == nothing ? order.first : entries[order.last].after) = id;
  order.last = id;
}

void BanList::Table::unlink(std::uint32_t id) noexcept {
  const Entry& entry = entries[id];
  Order& order = order_of(entry);
  (entry.before == nothing ? order.first : entries[entry.before].after) = entry.after;
  (entry.after == nothing ? order.last : entries[entry.after].before) = entry.before;
}

void BanList::Table::index(std::uint32_t id) {
  const Network& peer = entries[id].peer;
  if (is_plain(peer.address))
    trie_of(peer.address).insert(Bits::of(peer.address), peer.length, id);
  else
    others.emplace(peer.address, id);
}

void BanList::Table::unindex(std::uint32_t id) noexcept {
  const Network& peer = entries[id].peer;
  if (is_plain(peer.address))
    trie_of(peer.address).erase(Bits::of(peer.address), peer.length);
  else
    others.erase(peer.address);
}

void BanList::Table::count_origin(std::uint32_t id, int one) noexcept {
  const std::string_view origin = whys[entries[id].why].second;
  if (!ban_origin::is_foreign(origin)) return;
  std::size_t& count_of_it = origin == ban_origin::crowdsec ? crowdsec : fleet;
  count_of_it = one > 0 ? count_of_it + 1 : count_of_it - 1;
}

/// What can fail comes first.
std::uint32_t BanList::Table::insert(const Ban& ban, base::Moment until) {
  if (unused == nothing) entries.make_room(1);
  ends.make_room(1);
  const Whys::Id why = whys.take(ban.reason, ban.origin);
  const std::uint32_t id = unused == nothing ? entries.add() : std::exchange(unused, entries[unused].after);
  entries[id] = {.peer = ban.peer, .why = why, .hits = ban.hits, .used = true, .stays = ban.stays, .since = ban.since};
  try {
    index(id);
  } catch (...) {
    whys.release(why);
    entries[id] = {.after = std::exchange(unused, id)};
    throw;
  }
  ++count;
  count_origin(id, 1);
  link(id);
  schedule(id, until);
  return id;
}

/// What is said of it is what its end comes from; that an administrator has named it is not forgotten.
BanList::Added BanList::Table::extend(std::uint32_t id, base::Moment end, const Why& why) {
  const bool longer = end > until(id);
  bool changes = longer || (why.stays && !entries[id].stays);
  if (why.stays || (longer && !entries[id].stays)) {
    const Whys::Id now = whys.take(why.reason, why.origin);
    changes = changes || now != entries[id].why;
    count_origin(id, -1);
    whys.release(std::exchange(entries[id].why, now));
    count_origin(id, 1);
  }
  unlink(id);
  entries[id].stays = entries[id].stays || why.stays;
  link(id);
  if (longer) schedule(id, end);
  return changes ? Added::extended : Added::unchanged;
}

void BanList::Table::erase(std::uint32_t id) noexcept {
  unschedule(id);
  unlink(id);
  unindex(id);
  count_origin(id, -1);
  whys.release(entries[id].why);
  entries[id] = {.after = std::exchange(unused, id)};
  if (--count > 0) return;
  // After a flood its memory is given back.
  entries.clear();
  unused = nothing;
  ends.clear();
}

/// False when there is none.
bool BanList::Table::displace() noexcept {
  const std::uint32_t oldest = touched.first == nothing ? staying.first : touched.first;
  if (oldest == nothing) return false;
  erase(oldest);
  return true;
}

BanList::Ban BanList::Table::value(std::uint32_t id) const {
  const Entry& entry = entries[id];
  const auto& [reason, origin] = whys[entry.why];
  return {entry.peer, until(id), entry.since, entry.hits, entry.stays, reason, origin};
}

void BanList::Table::put(std::uint32_t place, const End& end) noexcept {
  ends[place] = end;
  entries[end.id].place = place;
}

void BanList::Table::rise(std::uint32_t place) noexcept {
  const End end = ends[place];
  for (; place > 0 && end.at < ends[(place - 1) / 2].at; place = (place - 1) / 2) put(place, ends[(place - 1) / 2]);
  put(place, end);
}

void BanList::Table::sink(std::uint32_t place) noexcept {
  const End end = ends[place];
  for (std::uint32_t child = 2 * place + 1; child < ends.size(); child = 2 * place + 1) {
    if (child + 1 < ends.size() && ends[child + 1].at < ends[child].at) ++child;
    if (ends[child].at >= end.at) break;
    put(place, ends[child]);
    place = child;
  }
  put(place, end);
}

void BanList::Table::schedule(std::uint32_t id, base::Moment end) noexcept {
  if (end == base::Moment::max()) return unschedule(id);
  if (entries[id].place == nothing) entries[id].place = ends.add();
  ends[entries[id].place] = {end, id};
  sink(entries[id].place);
  rise(entries[id].place);
}

void BanList::Table::unschedule(std::uint32_t id) noexcept {
  const std::uint32_t place = std::exchange(entries[id].place, nothing);
  if (place == nothing) return;
  const End last = ends[ends.size() - 1];
  ends.drop();
  if (last.id == id) return;
  put(place, last);
  sink(place);
  rise(entries[last.id].place);
}

BanList::BanList(std::size_t capacity) : table_(std::make_unique<Table>(capacity)) {}
BanList::~BanList() = default;
BanList::BanList(BanList&&) noexcept = default;
BanList& BanList::operator=(BanList&&) noexcept = default;

BanList::Result BanList::add_until(const Network& peer, base::Moment until, base::Moment now, const Why& why) {
  const std::uint32_t there = table_->find(peer);
  if (there != nothing && now < table_->until(there)) return {table_->extend(there, clamped(until, now), why), false};
  if (there != nothing) table_->erase(there);  // its time is over
  return put({peer, until, now, 0, why.stays, std::string(why.reason), std::string(why.origin)}, now);
}

void BanList::expect(std::span<const Network> peers) const {
  boost::container::static_vector<Bits, BanTrie::most_expected> ipv4, ipv6;
  for (const Network& peer : peers.first(std::min(peers.size(), BanTrie::most_expected)))
    if (is_plain(peer.address)) (peer.address.family() == base::Address::Family::ipv4 ? ipv4 : ipv6).push_back(Bits::of(peer.address));
  table_->ipv4.expect({ipv4.data(), ipv4.size()});
  table_->ipv6.expect({ipv6.data(), ipv6.size()});
}

BanList::Result BanList::put(const Ban& ban, base::Moment now) {
  const std::uint32_t there = table_->find(ban.peer);
  if (there != nothing) table_->erase(there);
  const bool full = table_->count >= table_->capacity && table_->displace();
  if (table_->count >= table_->capacity) table_->displace();  // the capacity has become smaller
  table_->insert(ban, clamped(ban.until, now));
  return {there == nothing ? Added::fresh : Added::extended, full};
}

bool BanList::banned(const base::Address& peer, base::Moment now) const { return table_->covering(peer, now) != nothing; }

void BanList::hit(const base::Address& peer, base::Moment now) {
  const std::uint32_t id = table_->covering(peer, now);
  if (id != nothing && table_->entries[id].hits < UINT32_MAX) ++table_->entries[id].hits;
}

std::optional<Network> BanList::covering(const base::Address& peer, base::Moment now) const {
  const std::uint32_t id = table_->covering(peer, now);
  return id == nothing ? std::nullopt : std::optional(table_->entries[id].peer);
}

std::optional<BanList::Ban> BanList::ban_of(const base::Address& peer, base::Moment now) const {
  const std::uint32_t id = table_->covering(peer, now);
  return id == nothing ? std::nullopt : std::optional(table_->value(id));
}

std::optional<BanList::Ban> BanList::find(const Network& peer, base::Moment now) const {
  const std::uint32_t id = table_->find(peer);
  return id == nothing || now >= table_->until(id) ? std::nullopt : std::optional(table_->value(id));
}

bool BanList::remove(const Network& peer) {
  const std::uint32_t id = table_->find(peer);
  if (id == nothing) return false;
  table_->erase(id);
  return true;
}

std::size_t BanList::expire(base::Moment now, std::size_t most) {
  std::size_t gone = 0;
  while (gone < most && table_->ends.size() > 0 && table_->ends[0].at <= now) {
    table_->erase(table_->ends[0].id);
    ++gone;
  }
  return gone;
}

std::size_t BanList::size() const { return table_->count; }
BanList::Filling BanList::filling() const { return {table_->capacity, table_->fleet, table_->crowdsec}; }

std::optional<base::Moment> BanList::next_end() const {
  return table_->ends.size() == 0 ? std::nullopt : std::optional(table_->ends[0].at);
}

void BanList::set_capacity(std::size_t capacity) { table_->capacity = std::max<std::size_t>(capacity, 1); }

std::optional<BanList::Ban> BanList::next(Cursor& cursor) const {
  while (cursor.next < table_->entries.size()) {
    const std::uint32_t id = cursor.next++;
    if (table_->entries[id].used) return table_->value(id);
  }
  return std::nullopt;
}

std::vector<BanList::Ban> BanList::snapshot() const {
  std::vector<Ban> all;
  all.reserve(table_->count);
  for (const Table::Order* order : {&table_->staying, &table_->touched})
    for (std::uint32_t id = order->first; id != nothing; id = table_->entries[id].after) all.push_back(table_->value(id));
  return all;
}

void BanList::restore(const std::vector<Ban>& bans) {
  *this = BanList(table_->capacity);
  for (Ban one : bans) {
    one.peer = Network::of(one.peer.address, one.peer.length);
    if (!one.peer.address.known() || table_->find(one.peer) != nothing) continue;
    const bool full = table_->count >= table_->capacity;
    if (full && !one.stays && table_->touched.first == nothing) continue;
    if (full) table_->displace();  // one whose last touch is older
    table_->insert(one, one.until);
  }
}

}  // namespace xsuperd::policy
