// SPDX-License-Identifier: MIT
#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "xsuperd/config/files.hpp"
#include "xsuperd/config/inetd.hpp"
#include "xsuperd/config/model.hpp"
#include "xsuperd/config/names.hpp"

namespace xsuperd::config {

/// The outcome of reading a configuration.
struct Loaded {
  enum class Fatal : std::uint8_t {
    none,
    unreadable,    ///< the main file cannot be opened (fact B1.34)
    bad_defaults,  ///< a bad value in a defaults entry (fact B2.29, decision B15.5)
  };
  Fatal fatal = Fatal::none;
  std::shared_ptr<const Config> config;  ///< null when fatal
  Diagnostics diagnostics;
  /// Files in which an error made it uncertain where entries end, or that could not be read at all: an entry that is
  /// missing from one of them may have been lost to the error. A directory ends in a slash.
  std::vector<std::string> unclear_files;
  /// Is it one of them, or does it stand in a directory that could not be read?
  [[nodiscard]] bool is_unclear(const std::string& file) const;
  /// A sentence for each file and folder of it that others than root and this process's user may change. The diagnostics
  /// have them, too.
  std::vector<std::string> unguarded = {};
  /// A defaults entry has a syntax error that costs all of it, as `defaults {` on one line (fact B13.26).
  bool defaults_broken = false;
};

/// Where a configuration comes from.
struct Sources {
  std::string main = {};  ///< the file in xinetd's language; empty: none, and a lack of inetd files is fatal then
  std::string defaults = {};             ///< what stands in the braces of a defaults entry that is read first
  std::vector<std::string> inetd = {};   ///< files of inetd, read last; of a directory, all its files by name
  InetdStyle style = {};
  bool accepted = false;  ///< it has been accepted once: what has become of certificates since is not asked
  /// What the configuration is called in messages and dumps.
  [[nodiscard]] const std::string& path() const { return main.empty() && !inetd.empty() ? inetd.front() : main; }
};

/// Reads the main file and all it includes, then the files of inetd; merges, completes and checks. Never throws for bad
/// input and never stops at the first error. Blocks on files and look-ups: off the loop once the daemon runs. Facts B2,
/// B3, B11; decisions B15. A line of inetd.conf gives way to an entry of the main file with its id or its socket.
[[nodiscard]] Loaded load(Files& files, Names& names, const Sources& sources);
/// The same for a reload. An entry of `before` that stands where it stood, letter for letter, below the same defaults,
/// is not taken apart again but is the same object, provided that users, programs and whatever else was looked up are
/// what they were. Host names are looked up anew each time.
[[nodiscard]] Loaded load(Files& files, Names& names, const Sources& sources, const Config& before);
[[nodiscard]] Loaded load(Files& files, Names& names, const std::string& path);

/// The service with what its files about TLS say now.
struct Renewed {
  /// The same object if they say the same, or cannot be used as they could not before; with SharedOffer::not_renewed if they
  /// cannot, and everything else as it was.
  std::shared_ptr<const Service> service;
  enum class Outcome : std::uint8_t { unchanged, renewed, kept } outcome = Outcome::unchanged;
  std::vector<std::string> warnings = {};  ///< sentences
};
/// Reads them again, and nothing else. Blocks on files.
[[nodiscard]] Renewed renew(const std::shared_ptr<const Service>& service, Files& files, Names& names);

/// Where lines of amend() stand, in the place of a file.
inline constexpr std::string_view amended_at = "xsuperctl set";
/// The service with lines "ATTRIBUTE=VALUES", "ATTRIBUTE+=VALUES" or "ATTRIBUTE-=VALUES" that stand behind its own, of those
/// attributes that limit or admit and are asked for each request anew. An Error with a sentence for whoever has given them, which
/// names the service, when one is not understood or cannot hold. Blocks on look-ups.
[[nodiscard]] base::Result<std::shared_ptr<const Service>> amend(const Service& service, const std::vector<std::string>& lines, Files& files,
                                                                 Names& names);

/// The settings of the defaults or of one service as lines "NAME = VALUES" in table order, each indented by `indent`.
[[nodiscard]] std::string dump(const Settings& settings, std::string_view indent = "\t");
/// A whole configuration in the syntax that load() reads, includes resolved and defaults merged into each service.
[[nodiscard]] std::string dump(const Config& config);

/// The difference between one configuration and the next. Services are paired by id, ignoring case, and among several
/// with one id by protocol, socket type and port.
struct Plan {
  using Service = std::shared_ptr<const config::Service>;
  struct Change {
    Service before;
    Service after;
    bool rebind = false;  ///< another service to xinetd, which ends the old one's servers (fact B8.31)
    bool same = false;    ///< equal in everything, place included
    bool moved = false;   ///< equal in everything but the place
    std::vector<std::string_view> changed;  ///< names of the attributes that differ
  };
  std::vector<Service> start;
  std::vector<Service> stop;
  std::vector<Change> keep;  ///< in both, changed or not
};
[[nodiscard]] Plan diff(const Config& before, const Config& after);

/// Where the service is to listen, given the addresses that its `bind` leads to: what service.listen says, at each address
/// of the family that its flags want, in their order, and at no more than `most_endpoints`. With the flag IPv6 an IPv4
/// address counts where there is no other. None when there is none. For one that waits_for a name, when that has been looked
/// up again (decision B15.24). Pure.
[[nodiscard]] std::vector<ListenSpec> places_at(const Service& service, std::span<const base::Address> candidates);
/// The places that its `listen` adds, in their order. Pure.
[[nodiscard]] std::vector<ListenSpec> element_places(const Service& service);
/// These, which its `bind` leads to, and behind them those of its `listen` that are not among them, at most `most_endpoints`.
/// Pure.
[[nodiscard]] std::vector<ListenSpec> with_elements(const Service& service, std::vector<ListenSpec> places);
/// Gives the service these places, which must not be none.
void place(Service& service, std::vector<ListenSpec> places);
/// Takes the arguments of a service with expand = yes apart; to be called when its argv is another one.
void expand_arguments(Service& service);

/// The service, to be opened for IPv6 peers alone: another one has those of IPv4 on its port (decision B15.25).
[[nodiscard]] Service for_ipv6_alone(const Service& service);

/// For a reload: `loaded`, in which every service that an error has kept out stays as `running` has it, because an
/// xinetd.d directory has many owners (decision B15.18). What would need the endpoint of one that stays is refused, and a
/// name that has no address at the moment has the one it had (decisions B15.24, B15.25). Says so in the diagnostics.
void keep_broken(const Config& running, Loaded& loaded);

/// What this program was built with, and the machine has and permits, as far as attributes depend on it. Asked only when a
/// service has such an attribute, because an answer may take loading a library; it then blocks on files.
struct Abilities {
  enum class Mdns : std::uint8_t { usable, not_built, not_loaded };
  enum class Labels : std::uint8_t { usable, not_in_kernel, not_built, not_loaded };
  /// `not_permitted`: this process may not, and has root's user id, so that a daemon is not likely to have more.
  enum class Ranges : std::uint8_t { usable, not_permitted, not_in_kernel };
  /// For system_calls, and for tcp_connect.
  enum class Filters : std::uint8_t { usable, not_in_kernel, not_built, not_loaded };
  enum class Connects : std::uint8_t { usable, not_in_kernel };
  /// For paths where boxes cannot be made: rules about files, with such about truncating them.
  enum class FileRules : std::uint8_t { usable, not_in_kernel };
  /// For namespaces and mounts. `not_permitted`: root may not, as in some containers.
  enum class Boxes : std::uint8_t { usable, not_root, not_permitted, not_in_kernel };
  /// For user_namespace. `not_permitted`: root may not, as in some containers, or the kernel's limit is 0.
  enum class UserNamespaces : std::uint8_t { usable, not_root, not_permitted, not_in_kernel };
  /// Those of cgroup v2, for limits of memory, tasks and processor time. `not_permitted`: they are there, and the daemon's
  /// control group is not its own to make others in.
  struct Controllers {
    enum class State : std::uint8_t { usable, not_permitted, not_in_kernel };
    State memory = State::usable, tasks = State::usable, cpu = State::usable;
    bool operator==(const Controllers&) const = default;
  };
  /// Sockets that have the addresses of somebody else's connection. `unix_sockets`: this process may make no network
  /// namespace, and has UNIX sockets in their place.
  enum class Pairs : std::uint8_t { usable, unix_sockets };
  /// For ban_nft. `not_permitted`: as for Ranges.
  enum class Nftables : std::uint8_t { usable, not_permitted, not_in_kernel, not_built, not_loaded };
  std::function<Mdns()> mdns = [] { return Mdns::usable; };
  std::function<Labels()> labels = [] { return Labels::usable; };
  std::function<Ranges()> ranges = [] { return Ranges::usable; };
  std::function<Filters()> filters = [] { return Filters::usable; };
  std::function<Connects()> connects = [] { return Connects::usable; };
  std::function<FileRules()> file_rules = [] { return FileRules::usable; };
  std::function<Boxes()> boxes = [] { return Boxes::usable; };
  std::function<UserNamespaces()> user_namespaces = [] { return UserNamespaces::usable; };
  std::function<Controllers()> controllers = [] { return Controllers{}; };
  std::function<Pairs()> pairs = [] { return Pairs::usable; };
  std::function<Nftables()> nftables = [] { return Nftables::usable; };
};
/// What the configuration asks for and this program was built without, finds no library for or may not do, one item each with the
/// services that want it, such as "mdns: built without libavahi-client (ftp ssh)"; empty when everything is in effect.
[[nodiscard]] std::vector<std::string> not_in_effect(const Config& config, const Abilities& abilities);
/// Why the service is not opened; empty when it is.
[[nodiscard]] std::string hindrance(const Service& service, const Abilities& abilities);
/// What of the limits of a box can be kept, and how: by its control group, or in another way. Pure.
struct KeptLimits {
  Amounts each = {}, together = {};                  ///< by control groups
  std::optional<std::uint64_t> address_space = {};   ///< RLIMIT_AS of each process, in place of memory_max
  std::optional<std::uint64_t> processes = {};       ///< RLIMIT_NPROC of the user of the box, in place of tasks_max
  std::string missing = {};                          ///< why the service is not opened; empty: all that it asks for is kept
};
[[nodiscard]] KeptLimits kept_limits(const BoxSettings& box, const Abilities::Controllers& controllers);
/// Where boxes cannot be made, the paths of a service can be kept by rules about files (Landlock) if nothing else of it takes a
/// box, and if they say the same: such rules list where one may write, and cannot take away anything below that. Pure.
struct RulesForFiles {
  bool paths_only = false;                  ///< it asks for paths, and for nothing else that takes a box
  std::vector<std::string> writable = {};   ///< all that can be written to
  std::string inexpressible = {};           ///< why the rules would not say the same; empty: they do
  [[nodiscard]] bool usable() const { return paths_only && inexpressible.empty(); }
};
[[nodiscard]] RulesForFiles rules_for_files(const Confinement& confinement);
/// Are they in the place of boxes? Asks only where that may be so.
[[nodiscard]] bool kept_by_rules(const Confinement& confinement, const std::function<Abilities::Boxes()>& boxes);
/// An error for each service that is not opened because of this machine's kernel, with its place.
[[nodiscard]] std::vector<Diagnostic> hindered(const Config& config, const Abilities& abilities);

}  // namespace xsuperd::config
