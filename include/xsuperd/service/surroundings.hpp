// SPDX-License-Identifier: MIT
#pragma once
#include <sys/resource.h>

#include <boost/asio/thread_pool.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "xsuperd/base/descriptor_reserve.hpp"
#include "xsuperd/log/daemon_log.hpp"
#include "xsuperd/log/history.hpp"
#include "xsuperd/config/loader.hpp"
#include "xsuperd/net/forward_resolver.hpp"
#include "xsuperd/net/activated_sockets.hpp"
#include "xsuperd/net/ident.hpp"
#include "xsuperd/net/labels.hpp"
#include "xsuperd/net/libwrap.hpp"
#include "xsuperd/net/local_connector.hpp"
#include "xsuperd/net/mdns.hpp"
#include "xsuperd/net/resolver.hpp"
#include "xsuperd/net/rpcbind.hpp"
#include "xsuperd/net/tcp_observer.hpp"
#include "xsuperd/net/true_pairs.hpp"
#include "xsuperd/net/udp_reply.hpp"
#include "xsuperd/policy/ban_list.hpp"
#include "xsuperd/policy/bans_behind.hpp"
#include "xsuperd/policy/fleet_counts.hpp"
#include "xsuperd/policy/offences.hpp"
#include "xsuperd/service/linger.hpp"
#include "xsuperd/service/state.hpp"
#include "xsuperd/service/tallies.hpp"
#include "xsuperd/service/udp_internal.hpp"
#include "xsuperd/spawn/children.hpp"
#include "xsuperd/spawn/spawner.hpp"
#include "xsuperd/worker/conversations.hpp"

namespace boost::asio {
class io_context;
}

/// What all services share, by subject, so that each part of a service is given the subjects it needs and no others. All
/// of it is owned by the Supervisor, outlives every Runner, and lives on the loop thread.
namespace xsuperd::service {

class Runner;
class RpcRegistration;
class Banners;
class Lookups;

/// Sends banners from files that are read on `blocking`. `most_waiting`: so many peers that do not take their banner are
/// waited for at a time, by all services together; 0: one for each eight descriptors of the hard limit, and no more than a
/// thousand.
[[nodiscard]] std::shared_ptr<Banners> make_banners(boost::asio::io_context& loop, boost::asio::thread_pool& blocking,
                                                    const log::DaemonLog& log, std::size_t most_waiting = 0);

/// Who waits for the outcome of a start and for the end of the server.
class ServerOwner {
 public:
  virtual void on_outcome(spawn::Outcome outcome) = 0;
  virtual void on_ended(const spawn::Ended& end) = 0;

 protected:
  ~ServerOwner() = default;
};

/// What serves: programs and conversations.
struct Serving {
  spawn::Spawner& spawner;
  spawn::Children& children;
  worker::Conversations& conversations;
  std::shared_ptr<Lingering> lingering;
  net::SecurityLabels* labels = nullptr;  ///< null: this kernel has none
  worker::Conversations* handshakes = nullptr;  ///< where TLS is spoken; null: nowhere
  std::shared_ptr<net::TruePairs> pairs{};      ///< for servers whose connection somebody else has to have
};

/// Who is asked about peers and hosts.
struct Asked {
  net::Resolver& resolver;
  net::IdentClient& ident_admitted;
  net::IdentClient& ident_refused;  ///< with a bound of its own, -logprocs: refused peers cost little
  net::Libwrap& libwrap;
  std::unique_ptr<net::ForwardResolver> targets;  ///< of redirects
  std::unique_ptr<net::LocalConnector> local_targets;  ///< of redirects to UNIX sockets
  std::shared_ptr<net::TcpObserver> observer = std::make_shared<net::TcpObserver>();  ///< of connections that others have
};

/// Where sockets come from and go to.
struct Sockets {
  /// Open sockets of a service manager's that no service has: where services look first, and leave them again.
  net::ActivatedSockets activated{};
  /// A service manager keeps duplicates of our listening sockets: peers could connect to one that is closed here, unless
  /// it is shut down first. Not while the daemon ends: then the next one is to have them.
  bool duplicates_kept = false;
  /// The sockets that a service manager keeps are for the next daemon, and so are the files of UNIX sockets.
  bool paths_stay = false;
  /// An upgrade is near: no socket is waited for, and peers stay in the backlog (Runner::hold).
  bool holding = false;
  net::Mdns* mdns = nullptr;  ///< null: nothing is announced
  /// Of ranges of ports. Set by Surroundings.
  std::shared_ptr<Lookups> lookups{};
};

/// What is being talked about with rpcbind.
struct Rpc {
  // Not an aggregate: g++ 12 destroys the members of one twice when a later one throws, as the thread may.
  Rpc() {}  // NOLINT(modernize-use-equals-default)
  net::RpcbindPlace place;
  /// Talks with it, in order: a registration must not overtake the end of the one before it.
  boost::asio::thread_pool thread{1};
  /// Who has asked for a registration: of one program, version and protocol only one can have it (decision B15.25).
  std::vector<std::weak_ptr<RpcRegistration>> services{};
  /// What has been asked of `thread`, and whose end the loop has not seen yet.
  std::size_t pending = 0;
};

/// Of internal datagram services.
struct Datagrams {
  net::DatagramBatch batch{udp_turn, udp_room};  ///< of the service whose turn it is
  ChargenPosition chargen{};
  std::vector<std::uint16_t> internal_ports{};  ///< of all of them (decision B15.20)
};

/// Who is kept out of all services.
struct Bans {
  policy::BanList list{};         ///< lives as long as the daemon
  policy::BansBehind behind{};    ///< those that last longer
  policy::Offenders offenders{};  ///< of those whom services have banned by ban_on
  bool displaced_told = false;    ///< that the list is full has been said
  std::function<void(const policy::Network&)> on_ban = {};  ///< called after that one has been put on the list or behind somebody else's ban, stays longer, or for another reason
};

/// What peers are sent by the daemon itself.
struct Sending {
  std::shared_ptr<Banners> banners;
  /// Held for each refused peer that is still being sent its banner, or asked about: an upgrade waits for them a little.
  std::shared_ptr<const bool> farewell = std::make_shared<const bool>(true);
  [[nodiscard]] std::size_t farewells() const { return static_cast<std::size_t>(farewell.use_count() - 1); }
};

/// The sessions of all services together.
struct Census {
  Tallies tallies{};
  std::uint64_t process_limit = 0;  ///< -limit; 0: none
  std::uint64_t processes = 0;      ///< places taken in all services
  Token last_token = 0;
  /// Who waits for the outcome and the end of a token's server.
  boost::unordered_flat_map<Token, std::weak_ptr<ServerOwner>> owners{};
  base::DescriptorReserve reserve{};  ///< sessions do not get these
  policy::FleetCounts fleet{};        ///< those of sources with limits of a fleet, with what other hosts have
};

/// Times, and what is measured.
struct Clock {
  std::function<base::Moment()> now = std::chrono::steady_clock::now;
  std::function<std::optional<double>()> load = {};  ///< one-minute load average
  std::chrono::seconds grace{3};                     ///< between TERM and KILL
  /// How long a timer of that length really waits: tests shorten it.
  std::function<std::chrono::milliseconds(std::chrono::milliseconds)> timer_length = std::identity{};
};

/// What services call and ask in the Supervisor.
struct Hooks {
  std::function<void()> on_sockets = {};  ///< called after a service has opened or closed its socket, often
  std::function<void()> on_change = {};   ///< called when services or servers come and go, very often
  std::function<void()> on_counts = {};   ///< called when the counts of a fleet have changed, very often
  std::function<void()> on_idle = {};     ///< called when the last session of a retired service has ended
  /// tcpmux: the service of that name, lower case, or null; and the names of all.
  std::function<std::shared_ptr<Runner>(const std::string&)> mux_service = {};
  std::function<std::vector<std::string>()> mux_names = {};
  /// What the internal services servers, services and xadmin tell (facts B9.4 to B9.6).
  std::function<std::vector<std::string>(const std::string&)> texts_for = {};
  /// What the internal services metrics and dashboard show: `made` is called once, soon, and never from inside the call.
  std::function<void(const worker::PageWish&, std::function<void(worker::PageMade)> made)> page = {};
};

struct Surroundings {
  Surroundings(boost::asio::io_context& the_loop, boost::asio::thread_pool& blocking, spawn::Spawner& spawner,
               spawn::Children& children, log::DaemonLog& daemon_log, net::Resolver& resolver,
               net::IdentClient& ident_admitted, net::IdentClient& ident_refused, net::Libwrap& libwrap,
               worker::Conversations& conversations);

  boost::asio::io_context& loop;
  log::DaemonLog& log;
  Serving serving;
  Asked asked;
  Sending sending;
  Sockets sockets{};
  Rpc rpc{};
  Datagrams datagrams{};
  Bans bans{};
  log::History history{};  ///< what has happened lately
  Census census{};
  Clock clock{};
  Hooks hooks{};
};

/// How servers start in this process: what a Recipe takes from the daemon rather than from the configuration.
struct DaemonFacts {
  bool root = false;
  int priority = 0;       ///< the daemon's own nice value
  mode_t umask = 022;
  rlimit files{};         ///< RLIMIT_NOFILE at the start (fact B6.13)
  /// Asked for servers with limits of memory, tasks or processor time.
  std::function<config::Abilities::Controllers()> controllers = [] { return config::Abilities::Controllers{}; };
  /// Asked for servers with boxes.
  std::function<config::Abilities::Boxes()> boxes = [] { return config::Abilities::Boxes::usable; };
  /// Asks the running process.
  [[nodiscard]] static DaemonFacts of_this_process(mode_t umask);
};

/// The recipe for the servers of a service with kind program or tcpmux. Pure.
[[nodiscard]] std::shared_ptr<const spawn::Recipe> make_recipe(const config::Service& service,
                                                               const DaemonFacts& daemon);

}  // namespace xsuperd::service
