// SPDX-License-Identifier: MIT
#pragma once
#include <boost/container/deque.hpp>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "xsuperd/base/address.hpp"
#include "xsuperd/base/described.hpp"
#include "xsuperd/base/time.hpp"
#include "xsuperd/config/model.hpp"
#include "xsuperd/policy/address_rules.hpp"
#include "xsuperd/policy/fleet_counts.hpp"
#include "xsuperd/policy/network.hpp"
#include "xsuperd/policy/reason.hpp"

/// May this peer be served, and if not, why. Everything here is pure: no clock, no system call, no log; safe
/// on any thread.
namespace xsuperd::policy {

/// The connection rate of one service, xinetd's cps window to the letter (fact B4.43) unless the configuration has a
/// window of its own. A value; the service's State owns it.
class RateWindow {
 public:
  /// Counts one request at `now` and tells whether it trips the limit. A limit of 0 never trips.
  bool trips(const config::Rate& rate, base::Moment now);
  /// Requests of the window that `now` lies in.
  [[nodiscard]] std::uint64_t recent(const config::Rate& rate, base::Moment now) const;
  /// Forgets all: after a pause, and when the configuration changes (fact B8.41).
  void reset() { requests_ = 0; }

  /// For an upgrade: the complete state, and a window that continues from it.
  struct Snapshot {
    base::Moment start{};
    std::uint64_t requests = 0;
    bool operator==(const Snapshot&) const = default;
  };
  [[nodiscard]] Snapshot snapshot() const { return {start_, requests_}; }
  void restore(const Snapshot& snapshot) { start_ = snapshot.start, requests_ = snapshot.requests; }

 private:
  base::Moment start_{};
  std::uint64_t requests_ = 0;
};

/// The connections of each peer address, or of what Address::source() makes of it (per_source_rate). A value; the service's
/// State owns it. The memory is bounded: beyond `most` addresses the one whose time began first is forgotten.
class SourceRates {
 public:
  static constexpr std::size_t most = 65'536;
  /// Counts one request at `now`, and tells whether its address has made too many. Moments never go back. A limit of 0
  /// never trips, and an address that is not known is not counted.
  bool trips(const config::SourceRate& rate, const base::Address& peer, base::Moment now);
  /// What an address has made in its time, as of the last request.
  [[nodiscard]] std::uint32_t recent(const base::Address& peer) const;
  void reset();
  [[nodiscard]] std::size_t size() const { return counts_.size(); }

  /// What one address has made since its time began.
  struct Count {
    base::Moment since;
    base::Address peer;
    std::uint32_t requests = 0;
    bool operator==(const Count&) const = default;
  };
  /// All of them in the order of time.
  [[nodiscard]] std::vector<Count> snapshot() const;
  /// Goes on from there, instead of what was counted here.
  void restore(const std::vector<Count>& counts);

 private:
  void forget_first();
  struct Begun {
    base::Moment at;
    base::Address peer;
  };
  boost::container::deque<Begun> begun_;  ///< in the order of time, each address once; empty it has no memory
  std::map<base::Address, std::uint32_t> counts_;  ///< of the addresses in begun_
};

/// Everything a check may want to know about one request.
struct Question {
  base::Endpoint peer;                    ///< unknown address for stream services with wait = yes
  base::LocalTime local_time;             ///< for access_times
  bool rate_tripped = false;              ///< what RateWindow::trips said
  bool source_rate_tripped = false;       ///< what SourceRates::trips said, or its token bucket is empty
  bool out_of_tokens = false;             ///< the bucket of `rate` is empty
  bool penalised = false;                 ///< the source has a penalty that counts
  std::optional<double> load;             ///< one-minute load; nothing: unknown, counts as below every limit
  std::uint64_t running = 0;              ///< servers of this service
  std::uint64_t running_from_source = 0;  ///< of these, started for the same address
  std::uint64_t processes = 0;            ///< servers of all services
  std::uint64_t process_limit = 0;        ///< -limit; 0: none
  bool banned = false;                    ///< the peer is on the list of bans, and not one that the service spares
  PeerName name;                          ///< for rules with names
  std::optional<FleetCounts::Known> fleet;  ///< what the fleet has of the source; nothing: no limit of the fleet concerns it
  std::vector<gid_t> peer_groups;         ///< all groups of a local peer, for only_gid; empty: not known, or not wanted
};

/// The answer of judge().
struct Verdict {
  enum class Kind : std::uint8_t { admit, refuse, need_name };
  Kind kind = Kind::admit;
  Reason reason = Reason::address;               ///< valid with Kind::refuse
  const config::AddressPattern* rule = nullptr;  ///< the deciding element, if one decided; the Policy's
  bool both_lists = false;  ///< refused because only_from and no_access match equally (fact B5.14)
  bool banned = false;      ///< refused because the peer is banned
  /// Of a local or vsock peer that is refused by `address`: the name of the attribute that decides; else empty.
  std::string_view attribute = {};
};

/// A service's limits in compiled form: what judge() needs besides the Question. Immutable.
class Policy {
 public:
  explicit Policy(std::shared_ptr<const config::Service> service);
  [[nodiscard]] const config::Service& service() const { return *service_; }
  [[nodiscard]] const std::shared_ptr<const config::Service>& shared_service() const { return service_; }
  [[nodiscard]] const AddressRules& addresses() const { return addresses_; }
  /// What the requests of a peer are counted under.
  struct Source {
    base::Address address;  ///< as many bits of its own as source_prefix says, or all of them when it is exempt
    bool exempt = false;    ///< one of limit_exempt: rates, per_source and penalties are no concern of it
    /// Where its places are counted: an exempt one has none of those of its network.
    [[nodiscard]] base::Address place() const { return exempt ? base::Address{} : address; }
  };
  [[nodiscard]] Source counted(const base::Address& peer) const;
  /// The address of a Source with the bits that make it one, as all hosts of a fleet name it.
  [[nodiscard]] Network source_network(const base::Address& source) const;
  /// Is it one of ban_exempt, or of limit_exempt if that is not given, or a proxy: neither banned for what it does, nor kept
  /// out by bans? A proxy speaks for itself when it looks whether we are well, and all its clients depend on the answer.
  /// `proxied`: a proxy has told that address, which makes nobody a proxy.
  [[nodiscard]] bool spares(const base::Address& peer, bool proxied) const;
  /// Is it a proxy of proxy_from, whose connections begin with a header? `peer`: the address of the socket.
  [[nodiscard]] bool trusts(const base::Address& peer) const;

 private:
  std::shared_ptr<const config::Service> service_;
  AddressRules addresses_;
  std::optional<AddressList> exempt_;
  std::optional<AddressList> spared_;  ///< of ban_exempt
  std::optional<AddressList> proxies_;
};

/// Would a request that is refused for that reason be admitted a little later, by itself?
[[nodiscard]] constexpr bool passes_by_itself(Reason reason) {
  return reason == Reason::service_limit || reason == Reason::per_source_limit || reason == Reason::process_limit ||
         reason == Reason::rate;
}
/// Judges as if there were room for everybody: is the peer admitted at all?
[[nodiscard]] Verdict judge_without_limits(const Policy& policy, Question question);

/// What a service asks of peers that have no IP address: the name of the attribute that keeps this one out, or empty. IP
/// peers, and those of which nothing is known, are no concern of it. The first row that fits:
///
/// | peer  | attributes                               | answer                                         |
/// | ----- | ---------------------------------------- | ---------------------------------------------- |
/// | local | only_uid without its user                | only_uid                                       |
/// | local | only_gid without any of its groups       | only_gid                                       |
/// | vsock | only_cid without its context id          | only_cid                                       |
/// | any   | one of those that ask about its kind     | nothing                                        |
/// | any   | only_from, whatever is in it             | only_from: it matches none of the addresses    |
/// | any   | any other, no_access among them          | nothing                                        |
[[nodiscard]] std::string_view objection_to(const base::Address& peer, const std::vector<gid_t>& groups,
                                            const config::Settings& settings);

/// Runs the checks in xinetd's order (fact B4.24), with ours between them: cps, penalty, rate, per_source_rate, fleet_rate,
/// max_load, access_times, instances, per_source, fleet_per_source, process limit, sensor list, access lists (for peers without
/// an IP address: only_uid and the like). The first that objects decides; only one reason is ever given (fact B4.26).
[[nodiscard]] Verdict judge(const Policy& policy, const Question& question);

/// Is `now` inside one of the intervals? Both end minutes are included; start > end crosses midnight
/// (fact B4.42).
[[nodiscard]] bool within(const std::vector<config::Interval>& intervals, const base::LocalTime& now);

BOOST_DESCRIBE_STRUCT(RateWindow::Snapshot, (), (start, requests))
BOOST_DESCRIBE_STRUCT(SourceRates::Count, (), (since, peer, requests))

}  // namespace xsuperd::policy
