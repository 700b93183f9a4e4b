// SPDX-License-Identifier: MIT
// What one image of the daemon leaves to the next when it executes its program anew. Internal to supervisor.
#pragma once
#include <sys/types.h>

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "xsuperd/base/described.hpp"
#include "xsuperd/base/error.hpp"
#include "xsuperd/config/model.hpp"
#include "xsuperd/log/event.hpp"
#include "xsuperd/policy/ban_list.hpp"
#include "xsuperd/policy/offences.hpp"
#include "xsuperd/service/hand_over.hpp"
#include "xsuperd/spawn/boxing_spawner.hpp"
#include "xsuperd/supervisor/take_over.hpp"
#include "xsuperd/tls/tickets.hpp"
#include "xsuperd/worker/client.hpp"

namespace xsuperd::supervisor {

/// What came of reading the configuration last.
struct LoadRecord {
  static constexpr std::size_t most_unguarded = 20;
  static constexpr std::size_t most_findings = 50;
  static constexpr std::size_t longest_finding = 1000;
  base::WallTime at{};
  bool is_reload = false;
  std::string outcome = "applied";  ///< or "refused": what was there before goes on
  std::size_t errors = 0;
  std::size_t warnings = 0;
  std::vector<std::string> unguarded = {};  ///< the first sentences about files that others may change
  std::vector<std::string> findings = {};   ///< the first errors and warnings, a line each, of printable ASCII
  bool operator==(const LoadRecord&) const = default;
};
BOOST_DESCRIBE_STRUCT(LoadRecord, (), (at, is_reload, outcome, errors, warnings, unguarded, findings))
constexpr auto members_since(const LoadRecord*) { return std::array{base::Since{"unguarded", 5}, base::Since{"findings", 11}}; }

/// The whole state of a daemon as plain values; descriptors by their numbers, -1 for none. To add something, add a
/// member where it belongs, to its BOOST_DESCRIBE_STRUCT and to members_since() beside it, with the version that comes
/// after that of the last release: a state from before is taken with the member's default, one from later is refused,
/// because what was left out of it would be lost. Members are never renamed or removed, and enumerators only added at the
/// end. What may stand in a member is said in hand_over_limits.hpp, where its type does not say it.
struct HandOver {
  static const std::uint64_t version;                     ///< the greatest of members_since()
  static constexpr std::uint64_t oldest_version = 4;  ///< the oldest that can be taken over

  struct Daemon {
    pid_t pid = 0;
    std::string program_version;  ///< of the image that leaves
    Invocation invocation;
    bool adopts_orphans = false;
    mode_t umask = 022;
    int priority = 0;
    std::uint64_t files_soft = 0;  ///< RLIMIT_NOFILE as the daemon was started with it (fact B6.13)
    std::uint64_t files_hard = 0;
    int control = -1;  ///< the control socket: requests that come meanwhile wait in it
    bool operator==(const Daemon&) const = default;
  };
  /// A line that has a say in the value of an attribute.
  struct Origin {
    std::string attribute;
    bool changes = false;  ///< += or -=
    std::string file;
    int line = 0;
    bool operator==(const Origin&) const = default;
  };
  struct Service {
    /// An endpoint, whatever names mean by now and whatever other services there are.
    struct Place {
      base::Endpoint at;
      bool ipv6 = false;
      bool v6only = false;
      bool beside = false;
      std::string element = {};  ///< of what is not an IP address and a port: how `listen` says it
      bool operator==(const Place&) const = default;
    };
    /// What a file about TLS said when it was read.
    struct File {
      std::string path;
      std::string text;  ///< PEM; it may be a key
      bool operator==(const File&) const = default;
    };
    std::string text;  ///< an entry that config::load() reads
    std::string file;  ///< where it stood
    int line = 0;
    bool common_log = false;
    std::vector<Origin> origins = {};
    /// Words that may hold what xinetd's language cannot say, as inetd.conf can; in `text` others stand for them.
    std::string server = {};
    std::vector<std::string> server_args = {};
    std::vector<std::string> argv = {};
    base::Endpoint at = {};  ///< where its first socket is
    bool v6only = false;     ///< for the sake of another service, whatever the text says
    std::string waits_for = {};  ///< then `at` is nowhere
    std::vector<Place> places = {};  ///< all of them; none from an image that knows of one only
    bool of_inetd = false;
    std::vector<File> files = {};
    std::string not_renewed = {};  ///< why files that say something else by now could not be taken
    bool operator==(const Service&) const = default;
  };
  struct Absent {
    std::string name;
    std::string id;
    std::string file;
    int line = 0;
    config::Fate fate = config::Fate::refused;
    bool operator==(const Absent&) const = default;
  };
  struct Runner {
    std::size_t service = 0;  ///< index into services
    bool retired = false;
    service::InheritedRunner state;
    bool operator==(const Runner&) const = default;
  };
  /// What an administrator has made of the services of an id.
  struct Standing {
    std::string id;
    service::Standing standing = service::Standing::serving;
    bool operator==(const Standing&) const = default;
  };
  /// A service manager's, which no service has.
  struct ActivatedSocket {
    std::string name;
    int socket = -1;
    bool foreign = false;  ///< a server has had it
    bool operator==(const ActivatedSocket&) const = default;
  };
  /// As images before this one told of it.
  struct Ban {
    policy::Network peer;
    base::Moment until{};  ///< Moment::max(): forever
    bool operator==(const Ban&) const = default;
  };
  /// Why there are bans, and who says so.
  struct BanText {
    std::string reason;
    std::string origin;
    bool operator==(const BanText&) const = default;
  };
  struct Leftover {
    int pidfd = -1;
    bool operator==(const Leftover&) const = default;
  };
  /// What is counted for the daemon as a whole. Words that the next image does not know are forgotten.
  struct Tally {
    std::string of;
    std::string word;
    std::uint64_t count = 0;
    bool operator==(const Tally&) const = default;
  };

  Daemon daemon;
  base::WallTime started{};  ///< the first image
  base::WallTime loaded{};   ///< the configuration
  LoadRecord last_load;
  log::Level log_level = log::Level::debug;
  std::string defaults;           ///< an entry that config::load() reads
  std::vector<Origin> default_origins;
  std::vector<Standing> standings;
  service::Counters gone;  ///< of services that are no more
  std::vector<Service> services;  ///< those of the configuration in its order, then others that runners have
  std::size_t configured = 0;     ///< how many of them make up the configuration
  std::vector<Absent> absent;
  std::vector<Runner> runners;    ///< in the order of the daemon's lists
  std::vector<Ban> bans;  ///< the one whose last touch is oldest first; where there is no ban_table
  bool displaced_told = false;
  unsigned chargen_line = 0;
  service::Token last_token = 0;
  std::vector<worker::InheritedWorker> workers;
  std::vector<worker::InheritedWorker> tls_workers;
  std::vector<ActivatedSocket> handed;
  std::vector<Leftover> leftovers;  ///< children that have only to be reaped
  std::vector<spawn::InheritedBox> boxes;  ///< of servers that run
  bool reload_wanted = false;       ///< a request to reload that came while the upgrade was under way
  std::uint64_t worker_failures = 0;
  base::WallTime last_worker_failure{};
  bool log_behind = false;          ///< the logs could not take everything in time
  std::vector<service::InheritedLinger> lingering;
  std::string notes;                ///< what the trial run of the new image wanted it to know
  tls::InheritedTickets tickets;
  base::Moment now{};               ///< when this was written
  std::string ban_table = {};       ///< see pack_bans()
  std::vector<BanText> ban_texts = {};
  std::vector<policy::Offenders::Entry> offenders = {};
  bool ban_file_behind = false;     ///< not all of them stand in ban_file
  bool ban_file_unread = false;     ///< what stands there is not among them: it is being read, or could not be
  std::uint64_t ban_file_lines = 0;
  std::string clock = {};           ///< by which clock, as time_namespace() names it
  std::vector<Tally> tallies = {};
  std::string bans_behind = {};     ///< in lines as those of ban_table, of bans behind these
  bool operator==(const HandOver&) const = default;
};
BOOST_DESCRIBE_STRUCT(HandOver::Daemon, (),
                      (pid, program_version, invocation, adopts_orphans, umask, priority, files_soft, files_hard, control))
BOOST_DESCRIBE_STRUCT(HandOver::Origin, (), (attribute, changes, file, line))
BOOST_DESCRIBE_STRUCT(HandOver::Service::Place, (), (at, ipv6, v6only, beside, element))
constexpr auto members_since(const HandOver::Service::Place*) { return std::array{base::Since{"element", 7}}; }
BOOST_DESCRIBE_STRUCT(HandOver::Service::File, (), (path, text))
BOOST_DESCRIBE_STRUCT(HandOver::Service, (),
                      (text, file, line, common_log, origins, server, server_args, argv, at, v6only, waits_for, places,
                       of_inetd, files, not_renewed))
constexpr auto members_since(const HandOver::Service*) {
  return std::array{base::Since{"v6only", 5}, base::Since{"waits_for", 5}, base::Since{"places", 6},
                    base::Since{"of_inetd", 6}, base::Since{"files", 10}, base::Since{"not_renewed", 10}};
}
BOOST_DESCRIBE_STRUCT(HandOver::Absent, (), (name, id, file, line, fate))
BOOST_DESCRIBE_STRUCT(HandOver::Runner, (), (service, retired, state))
BOOST_DESCRIBE_STRUCT(HandOver::Standing, (), (id, standing))
BOOST_DESCRIBE_STRUCT(HandOver::ActivatedSocket, (), (name, socket, foreign))
constexpr auto members_since(const HandOver::ActivatedSocket*) { return std::array{base::Since{"foreign", 5}}; }
BOOST_DESCRIBE_STRUCT(HandOver::Ban, (), (peer, until))
BOOST_DESCRIBE_STRUCT(HandOver::BanText, (), (reason, origin))
BOOST_DESCRIBE_STRUCT(HandOver::Leftover, (), (pidfd))
BOOST_DESCRIBE_STRUCT(HandOver::Tally, (), (of, word, count))
BOOST_DESCRIBE_STRUCT(HandOver, (),
                      (daemon, started, loaded, last_load, log_level, defaults, default_origins, standings, gone, services,
                       configured, absent, runners, bans, displaced_told, chargen_line, last_token, workers, handed,
                       leftovers, reload_wanted, worker_failures, last_worker_failure, log_behind, notes, lingering, now,
                       clock, boxes, tls_workers, tickets, tallies,
                       ban_table, ban_texts, offenders, ban_file_behind, ban_file_unread, ban_file_lines, bans_behind))
constexpr auto members_since(const HandOver*) {
  return std::array{base::Since{"lingering", 5}, base::Since{"now", 5}, base::Since{"clock", 5},
                    base::Since{"boxes", 9}, base::Since{"tls_workers", 10}, base::Since{"tickets", 10},
                    base::Since{"tallies", 11},
                    base::Since{"ban_table", 11}, base::Since{"ban_texts", 11}, base::Since{"offenders", 11},
                    base::Since{"ban_file_behind", 11}, base::Since{"ban_file_unread", 11}, base::Since{"ban_file_lines", 11},
                    base::Since{"bans_behind", 13}};
}

/// As text (JSON).
[[nodiscard]] std::string encode(const HandOver& state);
/// Trusts nothing: any bytes give a state that is right in itself, or an error that says which field is not.
[[nodiscard]] base::Result<HandOver> decode(std::string_view text);
/// The clock that this process has its moments from: its time namespace, as the kernel names it (time_namespaces(7)). Empty
/// where it is not known.
[[nodiscard]] std::string time_namespace();
/// In the new image, whose moments come from `clock`, and where it is `now`: where the old image had another clock, all
/// moments are moved, as if no time had passed. Else nothing changes. Pure.
void keep_time(HandOver& state, base::Moment now, std::string_view clock);
/// The numbers of all descriptors that it speaks of.
[[nodiscard]] std::vector<int> descriptors(const HandOver& state);

}  // namespace xsuperd::supervisor
