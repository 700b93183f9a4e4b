// SPDX-License-Identifier: MIT
#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "xsuperd/base/address.hpp"
#include "xsuperd/policy/network.hpp"

/// Bans and counts shared by the hosts of a fleet, and bans by CrowdSec: the unprivileged process that talks with the store and with
/// the Local API, the daemon's side of it, and the words that pass between the two. No byte of either is read by the daemon.
namespace xsuperd::fleet {

inline constexpr std::size_t longest_text = 200;      ///< bytes of a reason, a host name, or a sentence about a trouble
inline constexpr std::size_t longest_secret = 512;    ///< of a user's name and a password
inline constexpr std::size_t longest_message = 4096;     ///< of the two processes
/// So many changes may be with the process at a time, whose outcome it has not told yet.
inline constexpr std::size_t most_under_way = 128;
inline constexpr std::uint64_t most_counted = 1'000'000'000;   ///< what the store has beyond counts as that
inline constexpr std::int32_t most_added = 1'000'000;          ///< by one Count, to either side
inline constexpr std::uint32_t longest_bucket = 86'400;        ///< seconds
inline constexpr std::uint64_t greatest_time = std::uint64_t{1} << 50;  ///< of the clock of the store
/// A ban that would last longer is one for ever.
inline constexpr std::uint64_t most_seconds = std::uint64_t{99} * 365 * 86'400;

/// Whom the process talks with.
enum class Source : std::uint8_t { store, crowdsec };

/// To the process: speak with that store, from now on. Two connections to it come along as descriptors, and with `tls` a file
/// with the encoded tls::Offer.
struct Meet {
  std::string host = {};   ///< our name, for people
  std::uint64_t self = 0;  ///< tells us from all others, so that we do not hear ourselves
  std::string user = {};
  std::string password = {};
  std::uint16_t database = 0;
  bool tls = false;
  bool operator==(const Meet&) const = default;
};
/// To the process: a ban of ours is to be known.
struct Add {
  policy::Network peer = {};
  std::uint64_t seconds = 0;  ///< 0: for ever
  std::string reason = {};
  bool operator==(const Add&) const = default;
};
/// To the process: a ban has been lifted here.
struct Remove {
  policy::Network peer = {};
  bool operator==(const Remove&) const = default;
};
/// To the process: so many more are to be counted in a bucket of time, and what the fleet has there is to be told.
struct Count {
  enum class What : std::uint8_t { sessions, admitted };
  What what = What::sessions;
  std::string service = {};     ///< the id, or what service_name() makes of it
  policy::Network source = {};
  std::uint32_t length = 1;     ///< of the bucket, in seconds
  std::uint64_t bucket = 0;     ///< its number, by the clock of the store
  std::int32_t add = 0;         ///< may be negative; 0: it is only asked
  bool operator==(const Count&) const = default;
};
/// To the process: what does the clock of the store show?
struct AskTime {
  bool operator==(const AskTime&) const = default;
};
/// To the process: ask that Local API of CrowdSec, every ten seconds from now on. A connection to it comes along as a descriptor,
/// and with `tls` a file with the encoded tls::Offer. It takes the place of one before, of which Lost is told if it has not been.
struct Consult {
  std::string host = {};  ///< as it stands in the header field Host
  std::string base = {};  ///< what stands before /v1 in a request
  std::string key = {};
  bool tls = false;
  bool startup = true;    ///< ask for all decisions first, and not only for what has changed
  bool operator==(const Consult&) const = default;
};
/// To the process: ask that Sentinel where its primary is; what it speaks with of a store is over. A connection to it comes along as
/// a descriptor, and with `tls` a file with the encoded tls::Offer.
struct Seek {
  std::string primary = {};   ///< its name, as the Sentinel knows it
  std::string password = {};  ///< of the Sentinel; empty: none
  bool tls = false;
  bool operator==(const Seek&) const = default;
};
using Order = std::variant<Meet, Add, Remove, Count, AskTime, Consult, Seek>;

/// It is in its sandbox. The first word of the process, or Failed.
struct Ready {
  bool operator==(const Ready&) const = default;
};
struct Failed {
  std::string why = {};
  bool operator==(const Failed&) const = default;
};
/// The store knows us, is the primary, and tells us of changes. Or each time that the Local API has answered: all of the answer has
/// been told.
struct Met {
  Source source = Source::store;
  std::uint32_t left_out = 0;  ///< decisions of the answer for which there was no room
  bool operator==(const Met&) const = default;
};
/// Nothing is to be had of these connections (any more), which are closed. Without a reason, of the Local API: nothing has been
/// missed, and another connection is wanted when it is to be asked again.
struct Lost {
  std::string why = {};
  Source source = Source::store;
  bool operator==(const Lost&) const = default;
};
/// The outcome of the oldest so many changes that are under way.
struct Done {
  std::uint32_t count = 0;
  bool operator==(const Done&) const = default;
};
struct Refused {
  std::uint32_t count = 0;
  std::string why = {};
  bool operator==(const Refused&) const = default;
};
/// The store has a ban of another host, or of ours. Or the Local API has decided so; `host` is empty then.
struct Heard {
  policy::Network peer = {};
  std::uint64_t seconds = 0;  ///< 0: for ever
  std::string reason = {};
  std::string host = {};
  Source source = Source::store;
  bool operator==(const Heard&) const = default;
};
/// Another host has lifted it, or the Local API has.
struct Lifted {
  policy::Network peer = {};
  Source source = Source::store;
  bool operator==(const Lifted&) const = default;
};
/// The store has been flushed: what we have told it is not there any more.
struct Emptied {
  bool operator==(const Emptied&) const = default;
};
/// A sign of life, every few seconds.
struct Alive {
  bool operator==(const Alive&) const = default;
};
/// The outcome of the oldest Count that is under way: what the fleet has in its bucket, and has had in the one before.
struct Counted {
  std::uint64_t now = 0;
  std::uint64_t before = 0;
  bool operator==(const Counted&) const = default;
};
/// The outcome of the oldest Count or AskTime: nothing has come of it.
struct Uncounted {
  std::string why = {};
  bool added = false;  ///< to what is counted; the rest was refused
  bool operator==(const Uncounted&) const = default;
};
/// The outcome of an AskTime: milliseconds since 1970.
struct Time {
  std::uint64_t shown = 0;
  bool operator==(const Time&) const = default;
};
/// All bans that the store had when it was met have been told. Once after Met.
struct Listed {
  bool operator==(const Listed&) const = default;
};
/// The outcome of a Seek, if it is not Lost: where the primary is, as the Sentinel says. An IP address without a scope, IPv4 as
/// such, and a port that is not 0; see trouble_with().
struct Found {
  base::Endpoint primary = {};
  bool operator==(const Found&) const = default;
};
using Word = std::variant<Ready, Failed, Met, Lost, Done, Refused, Heard, Lifted, Emptied, Alive, Counted, Uncounted, Time, Listed, Found>;

/// Whom it is from, or comes of; of the process itself as of the store.
[[nodiscard]] Source source_of(const Word& word);

/// Texts that are longer than they may be are cut, but for those of a Meet, a Consult or a Seek, which throw std::length_error.
[[nodiscard]] std::string encode(const Order& order);
[[nodiscard]] std::string encode(const Word& word);
/// Decoding trusts nothing: any bytes give a message or none. Peers are IP addresses and networks without a scope.
[[nodiscard]] std::optional<Order> decode_order(std::string_view bytes);
[[nodiscard]] std::optional<Word> decode_word(std::string_view bytes);

/// At most longest_text bytes, with a question mark for whatever is not UTF-8 or what a terminal obeys.
[[nodiscard]] std::string plain(std::string_view text);

/// What a service is called in a Count: its id, or of one that is too long the beginning and a number that is made of all of it.
[[nodiscard]] std::string service_name(std::string_view id);

/// May it be shared, whoever asks? Only IP addresses, and of these networks of at least 16 bits (IPv4, also behind the prefix of
/// RFC 6052) or 32 (IPv6): nobody is to ban half the world elsewhere. None with an address that means another peer on each host:
/// unspecified, loopback and link-local ones (RFC 6890).
[[nodiscard]] bool may_travel(const policy::Network& peer);

/// Why the daemon does not connect to what a Sentinel is said to have named, for "it names ..., "; empty: it may. Never to an
/// address that no single host has, or that is another host on each link; and to a loopback address only if the Sentinel itself
/// was reached at one: what listens there trusts that none but this host can come. Of an IPv4 address behind the prefix of RFC
/// 6052 that one counts, and is no loopback address of ours.
[[nodiscard]] std::string_view trouble_with(const Found& found, bool sentinel_is_here);

}  // namespace xsuperd::fleet
