// SPDX-License-Identifier: MIT
#pragma once
#include "xsuperd/base/counts.hpp"
#include "xsuperd/control/schema/command.hpp"

namespace xsuperd::control {

/// What an administrator, and then the socket, have to say.
struct States {
  static constexpr std::string_view listening = "listening", busy = "busy", paused = "paused", closed = "closed",
                                    behind_tcpmux = "behind tcpmux", held = "held", drained = "drained",
                                    disabled = "disabled", removed = "removed";
  static constexpr std::array all{listening, busy, paused, closed, behind_tcpmux, held, drained, disabled, removed};
};
using State = Word<States>;
template <>
inline constexpr Definition definition<State>{"state", ""};

/// Of entries that are not served.
struct Fates {
  static constexpr std::string_view off = "off", in_error = "in error";
  static constexpr std::array all{off, in_error};
};

struct SocketTypes {
  static constexpr std::array<std::string_view, 4> all{"stream", "dgram", "raw", "seqpacket"};
};

/// What a value was written in.
struct Origins {
  static constexpr std::string_view entry = "entry", defaults = "defaults";
  static constexpr std::array all{entry, defaults};
};

struct NoOrigins {
  static constexpr std::string_view built_in = "built in";
  static constexpr std::array all{built_in};
};

namespace reply {

struct Place {
  std::string file;
  unsigned line = 0;
};
BOOST_DESCRIBE_STRUCT(Place, (), (file, line))

struct Endpoint {
  std::string protocol;
  Word<SocketTypes> socket_type;
  std::optional<std::string> address;
  std::uint16_t port = 0;
  std::optional<std::string> element;
  static constexpr std::array notes{Note{"element", "for anything but one address and port, the element of listen"}};
};
BOOST_DESCRIBE_STRUCT(Endpoint, (), (protocol, socket_type, address, port, element))

struct Counters : base::Counts {
  std::uint64_t refused = 0;
  Table<std::string, std::uint64_t> reasons;
  static constexpr std::array notes{
      Note{"accepted", "the sum of served, refused, failed, withdrawn and of what is not decided yet"},
      Note{"reasons", "refused, by reason: the words of xsuperd.log(5)"},
      Note{"banned", "those refused by address because the peer or its network is banned"},
      Note{"bytes_in", "from the peers, by conversations that have ended"},
      Note{"bytes_out", "to the peers, by conversations that have ended"},
      Note{"ended", "servers and conversations"},
      Note{"busy_ms", "how long those took in all, in milliseconds"},
      Note{"queued", "requests that had to wait in the queue"},
      Note{"queue_ms", "how long those waited in all that have had their turn, in milliseconds"},
      Note{"limited", "sessions that a limit of time or memory has ended"}};
};
BOOST_DESCRIBE_STRUCT(Counters, (base::Counts), (refused, reasons))

struct Refusal {
  Time at;
  std::string peer;
  std::string reason;
};
BOOST_DESCRIBE_STRUCT(Refusal, (), (at, peer, reason))

/// One of the sockets of a service.
struct Socket {
  std::optional<std::string> address;
  std::uint16_t port = 0;
  bool open = false;
  std::optional<std::string> trouble;
  std::optional<std::string> element;
  static constexpr std::array notes{Note{"address", "null: all of them, or all of one family"},
                                    Note{"port", "for an open socket, the port that it actually has"},
                                    Note{"trouble", "why it is closed though it should be open"},
                                    Note{"element", "for anything but one address and port, the element of listen"}};
};
BOOST_DESCRIBE_STRUCT(Socket, (), (address, port, open, trouble, element))

/// A certificate that peers are shown.
struct Certificate {
  std::optional<std::string> host;
  std::string subject;
  std::vector<std::string> names;
  std::string issuer;
  std::string serial;
  std::string sha256;
  Time until;
  static constexpr std::array notes{
      Note{"host", "to peers that ask for this name (tls_sni); null: to all others"}, Note{"subject", "the common name"},
      Note{"names", "the alternative names"}, Note{"sha256", "of the whole certificate"},
      Note{"until", "when it ends, or one of its issuers that are shown with it does"}};
};
BOOST_DESCRIBE_STRUCT(Certificate, (), (host, subject, names, issuer, serial, sha256, until))

struct Service {
  static constexpr std::string_view told_by = "counters";
  std::string id;
  std::string name;
  State state;
  Endpoint endpoint;
  Maybe<std::vector<Socket>> sockets;
  std::uint64_t running = 0;
  std::uint64_t sessions = 0;
  std::uint64_t waiting = 0;
  std::optional<std::uint64_t> limit;
  Counters counters;
  Time since;
  Time last_request;
  Time last_failure;
  double slowest_start = 0;
  Place place;
  std::optional<std::string> trouble;
  std::optional<std::string> waits_for;
  std::optional<Refusal> last_refusal;
  Maybe<std::vector<Certificate>> certificates;
  Maybe<std::string> not_renewed;
  static constexpr std::array notes{
      Note{"endpoint", "the first place where it listens"},
      Note{"sockets", "all of them, including those that are not open"},
      Note{"waiting", "requests in the queue"},
      Note{"limit", "the maximum number of servers at a time; null: no limit"}, Note{"since", "when counting began"},
      Note{"last_failure", "when a server last could not be started"},
      Note{"slowest_start", "the longest time from the arrival of a request to the start of its server, in seconds"},
      Note{"trouble", "why its socket is closed though it should be open"},
      Note{"waits_for", "what has to be known before it can be opened"},
      Note{"certificates", "with tls"},
      Note{"not_renewed", "why the certificates in its files could not be taken: it goes on with the ones before"}};
};
BOOST_DESCRIBE_STRUCT(Service, (), (id, name, state, endpoint, sockets, running, sessions, waiting, limit, counters, since, last_request,
                                    last_failure, slowest_start, place, trouble, waits_for, last_refusal, certificates, not_renewed))

struct Absent {
  static constexpr std::string_view by_its_entry = "disabled";  ///< `why` of one that a line of its own leaves out
  std::string id;
  std::string name;
  Word<Fates> state;
  std::string why;
  Place place;
  static constexpr std::array notes{Note{"why", "why it is not served"}};
};
BOOST_DESCRIBE_STRUCT(Absent, (), (id, name, state, why, place))

struct LeftOut {
  std::uint64_t in_error = 0;
  std::uint64_t off = 0;
};
BOOST_DESCRIBE_STRUCT(LeftOut, (), (in_error, off))

struct List {
  Time now;
  LeftOut left_out;
  static constexpr std::array notes{Note{"left_out", "how many entries are not served"}};
};
BOOST_DESCRIBE_STRUCT(List, (), (now, left_out))
using ListRow = std::variant<Service, Absent>;

struct Totals : Counters {
  std::uint64_t running = 0;
  std::uint64_t undecided = 0;
};
BOOST_DESCRIBE_STRUCT(Totals, (Counters), (running, undecided))

struct ProcessorTime {
  double user = 0;
  double system = 0;
};
BOOST_DESCRIBE_STRUCT(ProcessorTime, (), (user, system))

struct Stats {
  std::string version;
  std::int64_t pid = 0;
  Time now;
  Time started;
  std::optional<std::uint64_t> process_limit;
  std::vector<std::int64_t> workers;
  std::uint64_t conversations = 0;
  Totals totals;
  std::optional<double> load;
  ProcessorTime cpu;
  std::uint64_t bans = 0;
  static constexpr std::array notes{Note{"process_limit", "the value of -limit; null: no limit"}, Note{"workers", "process ids"},
                                    Note{"cpu", "seconds of the daemon itself"}};
};
BOOST_DESCRIBE_STRUCT(Stats, (), (version, pid, now, started, process_limit, workers, conversations, totals, load, cpu, bans))

struct StatsRow : Counters {
  std::string id;
  State state;
  std::uint64_t running = 0;
  std::optional<std::uint64_t> limit;
  double slowest_start = 0;
  Time since;
};
BOOST_DESCRIBE_STRUCT(StatsRow, (Counters), (id, state, running, limit, slowest_start, since))

struct Show {
  Time now;
  std::vector<Service> services;
  Maybe<std::vector<json::object>> recent;
  static constexpr std::array notes{Note{"recent", "the last five records of each of the services, as in events; none where there are more than 20 services"}};
};
BOOST_DESCRIBE_STRUCT(Show, (), (now, services, recent))

struct Written {
  static constexpr std::string_view told_by = "file";
  Word<Origins> from;
  std::string file;
  unsigned line = 0;
};
BOOST_DESCRIBE_STRUCT(Written, (), (from, file, line))

struct BuiltIn {
  Word<NoOrigins> from{NoOrigins::built_in};
};
BOOST_DESCRIBE_STRUCT(BuiltIn, (), (from))
using Source = std::variant<Written, BuiltIn>;

struct Attribute {
  std::uint64_t service = 0;
  std::string attribute;
  std::string value;
  bool set = false;
  std::vector<Source> sources;
  Maybe<bool> cut;
  Maybe<bool> hidden;
  static constexpr std::array notes{
      Note{"service", "index into services"}, Note{"set", "it is set in the configuration"},
      Note{"cut", "the value is longer than 64 KiB, and this is its beginning"},
      Note{"hidden", "a client with read-only access does not see the values of variables"}};
};
BOOST_DESCRIBE_STRUCT(Attribute, (), (service, attribute, value, set, sources, cut, hidden))

struct Renewals {
  static constexpr std::string_view renewed = "renewed", unchanged = "unchanged", kept = "kept";
  static constexpr std::array all{renewed, unchanged, kept};
};

struct Renewal {
  std::string id;
  Word<Renewals> outcome;
  std::optional<std::string> why;
  static constexpr std::array notes{Note{"outcome", "kept: what the files say could not be taken, and what was there before goes on"},
                                    Note{"why", "it was kept"}};
};
BOOST_DESCRIBE_STRUCT(Renewal, (), (id, outcome, why))

struct Renew {
  std::vector<Renewal> services;
  static constexpr std::array notes{Note{"services", "those with TLS"}};
};
BOOST_DESCRIBE_STRUCT(Renew, (), (services))

/// After a service was drained, disabled or enabled.
struct Standing {
  std::vector<Service> services;
};
BOOST_DESCRIBE_STRUCT(Standing, (), (services))

}  // namespace reply

template <>
inline constexpr Definition definition<reply::Place>{"place", "where an entry is defined"};
template <>
inline constexpr Definition definition<reply::Endpoint>{"endpoint", "where a service listens"};
template <>
inline constexpr Definition definition<reply::Counters>{"counters", "what a service has done"};
template <>
inline constexpr Definition definition<reply::Service>{"service", "a service"};
template <>
inline constexpr Definition definition<reply::Certificate>{"certificate", "a certificate that peers are shown"};
template <>
inline constexpr Definition definition<reply::Absent>{"absent", "an entry that is not served"};

namespace request {

struct List : Services {
  Maybe<bool> all;
  static constexpr std::array notes{Note{"all", "also entries that are not served"}};
};
BOOST_DESCRIBE_STRUCT(List, (Services), (all))

struct Drain : Services {
  Maybe<bool> hold;
  static constexpr std::array notes{Note{"hold", "keep the socket open; connections wait"}};
};
BOOST_DESCRIBE_STRUCT(Drain, (Services), (hold))

}  // namespace request

namespace command {

struct List : Look<request::List, reply::List, reply::ListRow> {
  static constexpr std::string_view name = "list";
  static constexpr std::string_view text =
      "A row for each service; with all, or for a service that is asked for by name, also one for each entry that is "
      "not served, with why instead of the members that only a service has.";
};

struct Stats : Look<request::Services, reply::Stats, reply::StatsRow> {
  static constexpr std::string_view name = "stats";
  static constexpr std::string_view text =
      "A row of plain counters for each service, and sums: cheap enough to be asked for every second. The result also "
      "has the part of status that a display needs beside them. Counters survive a reload if their service does.";
};

struct Show : Look<request::Services, reply::Show, reply::Attribute> {
  static constexpr std::string_view name = "show";
  static constexpr std::string_view text =
      "A row for each attribute in effect, with the lines that its value comes from. A client with read-only access "
      "gets the names in env without their values.";
};

struct Drain : Change<request::Drain, reply::Standing> {
  static constexpr std::string_view name = "drain";
  static constexpr std::string_view text =
      "Accepts no new peers; sessions go on. Lasts until enable, across reloads and upgrades.";
};

struct Disable : Change<request::Services, reply::Standing> {
  static constexpr std::string_view name = "disable";
  static constexpr std::string_view text = "The same, but meant to be permanent.";
};

struct Renew : Change<request::Services, reply::Renew> {
  static constexpr std::string_view name = "renew";
  static constexpr std::string_view text =
      "Reads certificates, keys, authorities and revocation lists of services with TLS again, of all that have it if none is "
      "named. Handshakes that begin afterwards use them; sessions go on. Those that cannot be used change nothing.";
};

struct Enable : Change<request::Services, reply::Standing> {
  static constexpr std::string_view name = "enable";
  static constexpr std::string_view text =
      "Undoes drain and disable. A service that cannot be opened stays closed, and its trouble says why.";
};

}  // namespace command

using ServiceCommands = boost::mp11::mp_list<command::List, command::Stats, command::Show, command::Drain, command::Disable,
                                             command::Enable, command::Renew>;

}  // namespace xsuperd::control
