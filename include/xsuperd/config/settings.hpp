// SPDX-License-Identifier: MIT
#pragma once
#include <sys/types.h>

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "xsuperd/base/address.hpp"
#include "xsuperd/config/confinement.hpp"
#include "xsuperd/config/connection.hpp"
#include "xsuperd/config/diagnostic.hpp"
#include "xsuperd/config/limits.hpp"
#include "xsuperd/config/listen.hpp"
#include "xsuperd/config/tls.hpp"

/// What an entry of the files says: the values of its attributes, as they were read. Values; what they come to for a service
/// is in model.hpp.
namespace xsuperd::config {

/// A set of enumerators whose values are bit numbers.
template <typename E>
class Set {
 public:
  constexpr Set() = default;
  constexpr Set(std::initializer_list<E> members) {
    for (const E e : members) add(e);
  }
  constexpr Set& add(E e) { return bits_ |= 1u << static_cast<unsigned>(e), *this; }
  constexpr Set& remove(E e) { return bits_ &= ~(1u << static_cast<unsigned>(e)), *this; }
  [[nodiscard]] constexpr bool has(E e) const { return (bits_ >> static_cast<unsigned>(e) & 1u) != 0; }
  [[nodiscard]] constexpr bool empty() const { return bits_ == 0; }
  constexpr bool operator==(const Set&) const = default;

 private:
  std::uint32_t bits_ = 0;
};

/// flags (fact B3.3), in the order in which dumps print them (B8.15).
enum class Flag : std::uint8_t {
  reuse, intercept, noretry, idonly, nameinargs, nodelay, keepalive, nolibwrap, sensor, ipv4, ipv6, labeled
};
/// type (fact B3.2).
enum class Type : std::uint8_t { rpc, internal, tcpmux, tcpmuxplus, unlisted };
/// log_on_success (fact B3.21), in dump order.
enum class SuccessOption : std::uint8_t { host, duration, exit, pid, userid, traffic };
/// log_on_failure (fact B3.22), in dump order.
enum class FailureOption : std::uint8_t { host, attempt, userid };

/// One interval of access_times: minutes since local midnight, both ends included; start > end crosses midnight
/// (fact B4.42, decision B15.16).
struct Interval {
  int start = 0;
  int end = 0;
  bool operator==(const Interval&) const = default;
};

/// access_policy, ours: who wins when only_from and no_access both match a peer (decision B15.2).
enum class AccessPolicy : std::uint8_t {
  refuse_both,  ///< no_access, as in xinetd
  best_match,   ///< the more specific element, see policy::more_specific(); equal ones refuse
};

/// reload_policy, ours: what an error costs when the configuration is read again (decision B15.18).
enum class ReloadPolicy : std::uint8_t {
  lenient,  ///< the entry it is in: its service keeps running as before
  strict,   ///< the whole reload: everything keeps running as before
};

/// removed_sessions, ours: what happens to the running servers of a service that a reload removes, or changes in such a
/// way that xinetd removes it and opens another (fact B8.31).
enum class RemovedSessions : std::uint8_t {
  terminate,  ///< TERM, and KILL after the grace time (fact B8.26, decision B15.18)
  keep,       ///< they end by themselves
};

/// pass_fds, ours: beside descriptors 0, 1 and 2 nothing, or the socket as sd_listen_fds(3) looks for it.
enum class PassFds : std::uint8_t { none, systemd };

/// redirect_proxy, ours: the version of the PROXY protocol's header with which a relay begins.
enum class RedirectProxy : std::uint8_t { no, v1, v2 };

/// stderr, ours: what a server has as descriptor 2.
enum class ErrorOutput : std::uint8_t {
  client,   ///< its connection or socket, as with xinetd
  log,      ///< a pipe that a worker reads, for the log of the service
  discard,  ///< /dev/null
};

/// One element of only_from or no_access.
struct AddressPattern {
  enum class Kind : std::uint8_t {
    network,     ///< base and prefix; a single address has a prefix of 32 or 128
    host,        ///< the peer's name equals `name`
    domain,      ///< the peer's name ends in `name`, which begins with a dot
    unresolved,  ///< a name that could not be looked up when the configuration was read (decision B15.15)
  };
  Kind kind = Kind::network;
  base::Address base;  ///< IPv4 or IPv6, host bits zero
  int prefix = 0;      ///< 0..32 or 0..128
  std::string name;    ///< lower case
  std::string text;    ///< as written
  Place place;         ///< where it was written

  struct Network {
    base::Address base;
    int prefix = 0;
    [[nodiscard]] bool single() const { return prefix == (base.family() == base::Address::Family::ipv4 ? 32 : 128); }
    bool operator==(const Network&) const = default;
  };
  /// Of a network: what peers are compared with. One inside ::ffff:0:0/96 is the IPv4 network that it contains
  /// (decision B12.24).
  [[nodiscard]] Network network() const {
    const bool mapped = base.is_mapped() && prefix >= 96;
    return mapped ? Network{base.unmapped(), prefix - 96} : Network{base, prefix};
  }
  /// Equal in meaning; text and place do not count (fact B5.10).
  bool operator==(const AddressPattern& other) const {
    return kind == other.kind && base == other.base && prefix == other.prefix && name == other.name;
  }
};

/// log_type: where START, EXIT and FAIL entries go (facts B3.42 to B3.45).
struct LogTarget {
  enum class Kind : std::uint8_t { none, file, syslog };
  Kind kind = Kind::none;
  std::string path;        ///< file
  std::uint64_t soft = 0;  ///< file: bytes, 0: no limits
  std::uint64_t hard = 0;  ///< file: bytes, 0: no limits
  int facility = 0;        ///< syslog: LOG_DAEMON and so on
  int level = 0;           ///< syslog: LOG_INFO and so on
  bool operator==(const LogTarget&) const = default;
};

/// event_log, ours: where records of what happens go, complete and with named fields.
struct EventTarget {
  enum class Kind : std::uint8_t {
    none,             ///< takes back what the defaults say
    file,             ///< a JSON object a line
    standard_output,  ///< the same
    journal,          ///< fields of systemd's
  };
  Kind kind = Kind::none;
  std::string path;  ///< file
  bool operator==(const EventTarget&) const = default;
};

struct User {
  std::string text;  ///< as written
  std::string name;  ///< login name when the uid has an entry, else empty
  uid_t uid = 0;
  gid_t gid = 0;  ///< primary group; the uid number when there is no entry (fact B3.8)
  bool operator==(const User&) const = default;
};
struct Group {
  std::string text;
  gid_t gid = 0;
  bool operator==(const Group&) const = default;
};
struct FileMode {
  mode_t bits = 0;
  bool operator==(const FileMode&) const = default;
};
struct VersionRange {
  std::uint32_t low = 0;
  std::uint32_t high = 0;
  bool operator==(const VersionRange&) const = default;
};
struct RedirectTarget {
  std::string host;  ///< as written; of a UNIX socket its path, or '@' and its abstract name
  std::uint16_t port = 0;  ///< 0 for a UNIX socket
  [[nodiscard]] bool local() const { return host.starts_with('/') || host.starts_with('@'); }
  bool operator==(const RedirectTarget&) const = default;
};

using Words = std::vector<std::string>;

/// Which lines have a say in the values of one entry, for sources_of(). Compact, because ten thousand services have one
/// each: eight bytes a line, and a name a file. Takes no part in any comparison: where a value was written changes nothing.
class Origins {
 public:
  struct Line {
    std::uint8_t row = 0;    ///< of attributes()
    bool changes = false;    ///< written with += or -=
    std::uint16_t file = 0;
    std::uint32_t number = 0;
  };
  void note(std::size_t row, bool changes, const Place& place);
  /// Those of the defaults that the entry is completed with; null: there are none.
  void inherit(std::shared_ptr<const Origins> defaults) { inherited_ = std::move(defaults); }
  [[nodiscard]] const Origins* inherited() const { return inherited_.get(); }
  /// In reading order.
  [[nodiscard]] const std::vector<Line>& lines() const { return lines_; }
  [[nodiscard]] const std::string& file(const Line& line) const { return files_[line.file]; }
  bool operator==(const Origins&) const { return true; }

 private:
  std::vector<Line> lines_;
  std::vector<std::string> files_;
  std::shared_ptr<const Origins> inherited_;
};

/// What the attributes of one entry say, each field named after its attribute (facts B3). An empty optional means
/// that the attribute was not given, neither by the service nor, after merging, by the defaults.
struct Settings {
  std::optional<std::string> id;
  std::optional<Set<Type>> type;
  std::optional<Set<Flag>> flags;
  std::optional<SocketType> socket_type;
  std::optional<Protocol> protocol;
  std::optional<bool> wait;
  std::optional<bool> disable;
  std::optional<User> user;
  std::optional<Group> group;
  std::optional<bool> groups;
  std::optional<FileMode> umask;
  std::optional<int> nice;
  std::optional<Limit> instances;
  std::optional<Limit> per_source;
  std::optional<SourceRate> per_source_rate;
  std::optional<TokenRate> rate;  ///< ours, as all to kill_grace
  std::optional<Limit> fleet_per_source;
  std::optional<FleetRate> fleet_rate;
  std::optional<SourcePrefix> source_prefix;
  std::optional<std::vector<AddressPattern>> limit_exempt;  ///< networks only
  std::optional<QueueLimit> queue;
  std::optional<std::vector<Penalty>> penalty;
  std::optional<PenaltyRange> penalty_range;
  std::optional<std::uint32_t> runtime_max;         ///< seconds
  std::optional<std::uint32_t> idle_timeout;        ///< seconds
  std::optional<std::uint32_t> first_data_timeout;  ///< seconds
  std::optional<std::uint32_t> kill_grace;          ///< seconds
  std::optional<Rate> cps;
  std::optional<std::uint32_t> cps_window;  ///< ours: seconds
  std::optional<double> max_load;
  std::optional<std::vector<Interval>> access_times;
  std::optional<std::vector<AddressPattern>> only_from;
  std::optional<std::vector<AddressPattern>> no_access;
  std::optional<AccessPolicy> access_policy;
  std::optional<LogTarget> log_type;
  std::optional<EventTarget> event_log;  ///< ours
  std::optional<Set<SuccessOption>> log_on_success;
  std::optional<Set<FailureOption>> log_on_failure;
  std::optional<Words> env;
  std::optional<Words> passenv;
  std::optional<std::string> server;
  std::optional<Words> server_args;
  std::optional<std::uint16_t> port;
  std::optional<VersionRange> rpc_version;
  std::optional<std::uint32_t> rpc_number;
  std::optional<RedirectTarget> redirect;
  std::optional<std::string> bind;
  std::optional<bool> v6only;
  std::optional<std::vector<ListenElement>> listen;  ///< ours, as all to keepalive
  std::optional<std::string> bind_device;
  std::optional<bool> freebind;
  std::optional<bool> mptcp;
  std::optional<std::uint32_t> defer_accept;  ///< seconds
  std::optional<std::uint32_t> receive_buffer;
  std::optional<std::uint32_t> send_buffer;
  std::optional<std::uint8_t> tos;
  std::optional<std::uint32_t> mark;
  std::optional<FileMode> socket_mode;
  std::optional<User> socket_owner;
  std::optional<Group> socket_group;
  std::optional<std::vector<User>> only_uid;
  std::optional<std::vector<Group>> only_gid;
  std::optional<std::vector<std::uint32_t>> only_cid;
  std::optional<ConnEnv> conn_env;
  std::optional<bool> expand;
  std::optional<KeepaliveTimes> keepalive;
  std::optional<bool> tls;  ///< ours, as all to tls_timeout
  std::optional<std::string> tls_cert;
  std::optional<std::string> tls_key;
  std::optional<std::vector<SniCertificate>> tls_sni;
  std::optional<bool> tls_sni_strict;
  std::optional<std::string> tls_client_ca;
  std::optional<std::string> tls_client_crl;
  std::optional<ClientCertificate> tls_client_cert;
  std::optional<std::vector<CertificatePattern>> only_cert;
  std::optional<TlsVersions> tls_versions;
  std::optional<Words> tls_ciphers;
  std::optional<Words> tls_alpn;
  std::optional<std::uint32_t> tls_timeout;  ///< seconds
  std::optional<TlsHandover> tls_handover;   ///< ours, as all to redirect_proxy
  std::optional<RedirectTls> redirect_tls;
  std::optional<std::vector<AddressPattern>> proxy_from;  ///< networks only
  std::optional<std::uint32_t> proxy_timeout;             ///< seconds
  std::optional<bool> real_peer;
  std::optional<RedirectProxy> redirect_proxy;
  std::optional<std::string> banner;
  std::optional<std::string> banner_success;
  std::optional<std::string> banner_fail;
  std::optional<int> deny_time;  ///< minutes; -1: forever, 0: never
  std::optional<std::vector<BanCause>> ban_on;  ///< ours, as all to ban_nft
  std::optional<BanTime> ban_time;
  std::optional<SourcePrefix> ban_prefix;
  std::optional<Words> ban_crowdsec;                      ///< defaults only: a URL, see LapiAddress, and a path
  std::optional<std::string> ban_crowdsec_ca;             ///< defaults only: a path
  std::optional<std::vector<AddressPattern>> ban_exempt;  ///< networks only
  std::optional<std::string> ban_file;                    ///< defaults only
  std::optional<std::uint32_t> ban_limit;                 ///< defaults only
  std::optional<BanNft> ban_nft;                          ///< defaults only
  std::optional<Words> ban_share;                         ///< ours, as all to ban_share_password: defaults only; see StoreAddress
  std::optional<std::string> ban_share_ca;                ///< a path
  std::optional<std::string> ban_share_password;          ///< a path
  std::optional<std::string> libwrap;
  std::optional<std::uint32_t> linger;  ///< ours: seconds
  std::optional<bool> mdns;
  std::optional<PassFds> pass_fds;
  std::optional<ErrorOutput> error_output;  ///< stderr, which <cstdio> has as a macro
  std::optional<Limit> rlimit_as;
  std::optional<Limit> rlimit_cpu;  ///< seconds
  std::optional<Limit> rlimit_data;
  std::optional<Limit> rlimit_rss;
  std::optional<Limit> rlimit_stack;
  std::optional<Limit> rlimit_files;
  std::optional<Limit> rlimit_core;  ///< ours, as all to tcp_connect; bytes
  std::optional<Limit> rlimit_fsize;
  std::optional<Limit> rlimit_nproc;
  std::optional<Limit> rlimit_memlock;
  std::optional<Limit> rlimit_locks;
  std::optional<Limit> rlimit_sigpending;
  std::optional<Limit> rlimit_msgqueue;
  std::optional<Limit> rlimit_nice;    ///< 20 less the nice value
  std::optional<Limit> rlimit_rtprio;
  std::optional<Limit> rlimit_rttime;  ///< microseconds
  std::optional<Sandbox> sandbox;
  std::optional<bool> no_new_privileges;
  std::optional<CapabilitySet> capabilities;
  std::optional<SystemCalls> system_calls;
  std::optional<CallAction> system_call_action;
  std::optional<ConnectPorts> tcp_connect;
  std::optional<std::string> root_directory;
  std::optional<Words> read_only_paths;
  std::optional<Words> read_write_paths;
  std::optional<Words> inaccessible_paths;
  std::optional<bool> private_tmp;
  std::optional<bool> private_devices;
  std::optional<bool> private_network;
  std::optional<bool> private_pids;
  std::optional<bool> private_ipc;
  std::optional<bool> dynamic_user;
  std::optional<UidRange> dynamic_uids;
  std::optional<bool> user_namespace;
  std::optional<bool> box_reuse;
  std::optional<Limit> memory_max;  ///< bytes
  std::optional<Limit> swap_max;    ///< bytes
  std::optional<Limit> tasks_max;
  std::optional<CpuQuota> cpu_quota;
  std::optional<std::uint32_t> cpu_weight;
  std::optional<Limit> service_memory_max;  ///< bytes
  std::optional<Limit> service_tasks_max;
  std::optional<CpuQuota> service_cpu_quota;
  std::optional<int> backlog;  ///< ours: listen(2) backlog; unset: the system's maximum
  std::optional<ReloadPolicy> reload_policy;        ///< defaults only
  std::optional<RemovedSessions> removed_sessions;  ///< defaults only
  std::optional<Words> enabled;   ///< defaults only
  std::optional<Words> disabled;  ///< defaults only
  Origins origins;                ///< of what stands in the entry itself
  bool operator==(const Settings&) const = default;
};

}  // namespace xsuperd::config
