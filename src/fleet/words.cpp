// SPDX-License-Identifier: MIT
#include "xsuperd/fleet/words.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <stdexcept>
#include <utility>

#include "xsuperd/base/fields.hpp"
#include "xsuperd/base/utf8.hpp"
#include "xsuperd/config/store_address.hpp"

namespace xsuperd::fleet {

namespace {

using base::Address;
using base::FieldReader;
using base::FieldWriter;

constexpr std::uint8_t version = 1;

/// The first so many bits of an address.
struct Prefix {
  std::array<std::uint8_t, 16> begin{};
  std::uint8_t length = 0;
};
constexpr std::array of_each_host_ipv4{Prefix{{0}, 8}, Prefix{{127}, 8}, Prefix{{169, 254}, 16}};
constexpr std::array of_each_host_ipv6{Prefix{{}, 127}, Prefix{{0xfe, 0x80}, 10}};  // the first is :: and ::1
constexpr std::array loopback_ipv4{Prefix{{127}, 8}};
constexpr std::array compatible_ipv6{Prefix{{}, 96}};  // of old, IPv4 addresses
constexpr std::array translated{Prefix{{0, 0x64, 0xff, 0x9b}, 96}};  // from IPv4

/// Have they an address in common?
bool meets(const policy::Network& peer, const Prefix& prefix) {
  const auto bytes = peer.address.bytes();
  const int length = std::min(peer.length, prefix.length);
  for (int bit = 0; bit < length; bit += 8) {
    const auto mask = static_cast<std::uint8_t>(length - bit >= 8 ? 0xff : 0xff << (8 - (length - bit)));
    const auto at = static_cast<std::size_t>(bit / 8);
    if (((bytes[at] ^ prefix.begin[at]) & mask) != 0) return false;
  }
  return true;
}

template <std::size_t count>
bool meets(const policy::Network& peer, const std::array<Prefix, count>& prefixes) {
  return std::ranges::any_of(prefixes, [&](const Prefix& one) { return meets(peer, one); });
}

void put(FieldWriter& to, const policy::Network& peer) {
  to.put(static_cast<std::uint8_t>(peer.address.family()));
  for (const std::uint8_t byte : peer.address.bytes()) to.put(byte);
  to.put(peer.length);
}

/// As Network::of() has it, so that one peer has one spelling; all others are refused.
policy::Network take_peer(FieldReader& from) {
  const auto family = static_cast<Address::Family>(from.take<std::uint8_t>());
  std::array<std::uint8_t, 16> bytes{};
  for (std::uint8_t& byte : bytes) byte = from.take<std::uint8_t>();
  const auto length = from.take<std::uint8_t>();
  if (family != Address::Family::ipv4 && family != Address::Family::ipv6) return from.refuse(), policy::Network{};
  const policy::Network given{Address::of(family, bytes), length};
  const policy::Network peer = policy::Network::of(given.address, length);
  if (peer != given) from.refuse();
  return peer;
}

std::string_view cut(std::string_view text) { return text.substr(0, longest_text); }

void put(FieldWriter& to, const Meet& one) {
  if (one.host.size() > longest_text || one.user.size() > longest_secret || one.password.size() > longest_secret)
    throw std::length_error("fleet: a message has too long a text");
  to.text(one.host).put(one.self).text(one.user).text(one.password).put(one.database).put(static_cast<std::uint8_t>(one.tls));
}
Meet take_meet(FieldReader& from) {
  Meet one;
  one.host = from.text(longest_text);
  one.self = from.take<std::uint64_t>();
  one.user = from.text(longest_secret);
  one.password = from.text(longest_secret);
  one.database = from.take<std::uint16_t>();
  one.tls = from.flag();
  return one;
}

void put(FieldWriter& to, const Consult& one) {
  if (one.host.size() > longest_secret || one.base.size() > longest_secret || one.key.size() > longest_secret)
    throw std::length_error("fleet: a message has too long a text");
  to.text(one.host).text(one.base).text(one.key).put(static_cast<std::uint8_t>(one.tls)).put(static_cast<std::uint8_t>(one.startup));
}
Consult take_consult(FieldReader& from) {
  Consult one;
  one.host = from.text(longest_secret);
  one.base = from.text(longest_secret);
  one.key = from.text(longest_secret);
  one.tls = from.flag();
  one.startup = from.flag();
  return one;
}

void put(FieldWriter& to, const Seek& one) {
  if (one.primary.size() > config::longest_primary_name || one.password.size() > longest_secret)
    throw std::length_error("fleet: a message has too long a text");
  to.text(one.primary).text(one.password).put(static_cast<std::uint8_t>(one.tls));
}
Seek take_seek(FieldReader& from) {
  Seek one;
  one.primary = from.text(config::longest_primary_name);
  one.password = from.text(longest_secret);
  one.tls = from.flag();
  return one;
}

void put(FieldWriter& to, Source source) { to.put(static_cast<std::uint8_t>(source)); }
void put(FieldWriter& to, const Add& one) {
  put(to, one.peer);
  to.put(one.seconds).text(cut(one.reason));
}
void put(FieldWriter& to, const Remove& one) { put(to, one.peer); }
void put(FieldWriter& to, const Count& one) {
  to.put(static_cast<std::uint8_t>(one.what)).text(cut(one.service));
  put(to, one.source);
  to.put(one.length).put(one.bucket).put(static_cast<std::uint32_t>(one.add));
}
void put(FieldWriter&, const AskTime&) {}
void put(FieldWriter&, const Ready&) {}
void put(FieldWriter& to, const Failed& one) { to.text(cut(one.why)); }
void put(FieldWriter& to, const Met& one) {
  put(to, one.source);
  to.put(one.left_out);
}
void put(FieldWriter& to, const Lost& one) {
  to.text(cut(one.why));
  put(to, one.source);
}
void put(FieldWriter& to, const Done& one) { to.put(one.count); }
void put(FieldWriter& to, const Refused& one) { to.put(one.count).text(cut(one.why)); }
void put(FieldWriter& to, const Heard& one) {
  put(to, one.peer);
  to.put(one.seconds).text(cut(one.reason)).text(cut(one.host));
  put(to, one.source);
}
void put(FieldWriter& to, const Lifted& one) {
  put(to, one.peer);
  put(to, one.source);
}
void put(FieldWriter&, const Emptied&) {}
void put(FieldWriter&, const Alive&) {}
void put(FieldWriter& to, const Counted& one) { to.put(one.now).put(one.before); }
void put(FieldWriter& to, const Uncounted& one) { to.text(cut(one.why)).put(static_cast<std::uint8_t>(one.added)); }
void put(FieldWriter& to, const Time& one) { to.put(one.shown); }
void put(FieldWriter&, const Listed&) {}
void put(FieldWriter& to, const Found& one) {
  put(to, policy::Network::of(one.primary.address));
  to.put(one.primary.port);
}
Found take_found(FieldReader& from) {
  const policy::Network peer = take_peer(from);
  const auto port = from.take<std::uint16_t>();
  if (!peer.single() || port == 0) from.refuse();
  return {{peer.address, port}};
}

/// The kind is the place in the variant.
template <typename Variant>
std::string encode_any(const Variant& message) {
  FieldWriter to;
  to.put(version).put(static_cast<std::uint8_t>(message.index()));
  std::visit([&to](const auto& one) { put(to, one); }, message);
  return to.take();
}

std::string text_of(FieldReader& from) { return std::string(from.text(longest_text)); }
std::uint64_t seconds_of(FieldReader& from) { return from.take_up_to(most_seconds); }
Source source_in(FieldReader& from) { return static_cast<Source>(from.take_up_to(static_cast<std::uint8_t>(Source::crowdsec))); }
std::uint32_t count_of(FieldReader& from) {
  const auto count = from.take_up_to(static_cast<std::uint32_t>(most_under_way));
  if (count == 0) from.refuse();
  return count;
}

Count::What what_of(FieldReader& from) { return static_cast<Count::What>(from.take_up_to(static_cast<std::uint8_t>(Count::What::admitted))); }
std::uint32_t length_of(FieldReader& from) {
  const auto length = from.take_up_to(longest_bucket);
  if (length == 0) from.refuse();
  return length;
}
std::int32_t add_of(FieldReader& from) {
  const auto add = static_cast<std::int32_t>(from.take<std::uint32_t>());
  if (add > most_added || add < -most_added) from.refuse();
  return add;
}

// Fields are read in the order in which they stand in the braces.
Order take_order(FieldReader& from, std::uint8_t kind) {
  switch (kind) {
    case 0: return take_meet(from);
    case 1: return Add{take_peer(from), seconds_of(from), text_of(from)};
    case 2: return Remove{take_peer(from)};
    case 3: return Count{what_of(from), text_of(from), take_peer(from), length_of(from), from.take_up_to(greatest_time), add_of(from)};
    case 4: return AskTime{};
    case 5: return take_consult(from);
    case 6: return take_seek(from);
    default: return from.refuse(), Order{};
  }
}

Word take_word(FieldReader& from, std::uint8_t kind) {
  switch (kind) {
    case 0: return Ready{};
    case 1: return Failed{text_of(from)};
    case 2: return Met{source_in(from), from.take<std::uint32_t>()};
    case 3: return Lost{text_of(from), source_in(from)};
    case 4: return Done{count_of(from)};
    case 5: return Refused{count_of(from), text_of(from)};
    case 6: return Heard{take_peer(from), seconds_of(from), text_of(from), text_of(from), source_in(from)};
    case 7: return Lifted{take_peer(from), source_in(from)};
    case 8: return Emptied{};
    case 9: return Alive{};
    case 10: return Counted{from.take_up_to(most_counted), from.take_up_to(most_counted)};
    case 11: return Uncounted{text_of(from), from.flag()};
    case 12: return Time{from.take_up_to(greatest_time)};
    case 13: return Listed{};
    case 14: return take_found(from);
    default: return from.refuse(), Word{};
  }
}

template <typename Variant>
std::optional<Variant> decode_any(std::string_view bytes, Variant (*take)(FieldReader&, std::uint8_t)) {
  FieldReader from(bytes);
  if (from.take<std::uint8_t>() != version) return std::nullopt;
  const auto kind = from.take<std::uint8_t>();
  Variant message = take(from, kind);
  return from.complete() ? std::optional(std::move(message)) : std::nullopt;
}

}  // namespace

Source source_of(const Word& word) {
  return std::visit([](const auto& one) { if constexpr (requires { one.source; }) return one.source; else return Source::store; }, word);
}

std::string encode(const Order& order) { return encode_any(order); }
std::string encode(const Word& word) { return encode_any(word); }
std::optional<Order> decode_order(std::string_view bytes) { return decode_any<Order>(bytes, take_order); }
std::optional<Word> decode_word(std::string_view bytes) { return decode_any<Word>(bytes, take_word); }

std::string plain(std::string_view text) {
  std::string result;
  while (!text.empty() && result.size() < longest_text) {
    const std::size_t length = base::utf8_length(text);
    const bool good = length > 0 && base::is_plain(text.substr(0, length)) && result.size() + length <= longest_text;
    good ? result.append(text, 0, length) : result.append(1, '?');
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return result;
}

std::string service_name(std::string_view id) {
  if (id.size() <= longest_text) return std::string(id);
  std::uint64_t hash = 0xcbf29ce484222325U;  // FNV-1a: the same on all hosts
  for (const char c : id) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
  return fmt::format("{}~{:016x}", id.substr(0, longest_text / 2), hash);
}

bool may_travel(const policy::Network& peer) {
  switch (peer.address.family()) {
    case Address::Family::ipv4: return peer.length >= 16 && !meets(peer, of_each_host_ipv4);
    case Address::Family::ipv6:
      return peer.length >= (meets(peer, translated) ? 96 + 16 : 32) && peer.address.scope() == 0 && !meets(peer, of_each_host_ipv6);
    default: return false;
  }
}

std::string_view trouble_with(const Found& found, bool sentinel_is_here) {
  const policy::Network at = policy::Network::of(found.primary.address);
  const bool four = at.address.family() == Address::Family::ipv4;
  if (!four && meets(at, translated)) return trouble_with({{Address::ipv4(base::number_at(at.address.bytes(), 12)), found.primary.port}}, false);
  if (four ? meets(at, loopback_ipv4) : at == *policy::Network::parse("::1"))
    return sentinel_is_here ? "" : "a loopback address, though the Sentinel itself is not on this host";
  const bool of_each_host = four ? meets(at, of_each_host_ipv4) : meets(at, of_each_host_ipv6) || meets(at, compatible_ipv6);
  return of_each_host || !base::is_unicast(at.address) ? "an unspecified, link-local or multicast address" : "";
}

}  // namespace xsuperd::fleet
