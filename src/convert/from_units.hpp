// SPDX-License-Identifier: MIT
#pragma once
#include <fmt/format.h>

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "convert/unit_file.hpp"
#include "xsuperd/config/files.hpp"
#include "xsuperd/config/listen.hpp"
#include "xsuperd/config/names.hpp"
#include "xsuperd/config/parser.hpp"

/// From the two units of a socket to entries of xinetd.conf.
namespace xsuperd::convert {

/// An entry that grows, and why it must not be served when it must not.
struct Draft {
  config::Entry entry;
  std::vector<std::string> comments = {};
  std::vector<std::string> unfit = {};  ///< reasons; the entry is written disabled

  void set(std::string attribute, const std::vector<std::string>& values, const Directive* from);
  void add_flag(std::string flag, const Directive* from);
  [[nodiscard]] bool has(std::string_view attribute) const;
};

/// One Listen...= of a socket unit.
struct Listening {
  enum class Kind : std::uint8_t {
    ip,
    path,       ///< a UNIX socket with a file
    elsewhere,  ///< one with an abstract name, or vsock
  };
  const Directive* from = nullptr;
  config::SocketType type = config::SocketType::stream;
  Kind kind = Kind::ip;
  std::string address = {};  ///< ip; empty: all
  std::string port = {};     ///< ip
  bool v6 = false;           ///< an IPv6 address
  std::string element = {};  ///< as listen says it
};
/// Those of one type, which become one entry; there is at least one.
struct Sockets {
  config::SocketType type = config::SocketType::stream;
  std::vector<Listening> all;
  /// Can port and bind say it?
  [[nodiscard]] bool plain() const;
  [[nodiscard]] bool any(Listening::Kind kind) const;
};
[[nodiscard]] std::vector<Sockets> listening(Unit& socket, Report& report);
/// "stream", "dgram" or "seqpacket".
[[nodiscard]] std::string_view type_word(config::SocketType type);
/// A switch of the socket: where it is switched on, else null. What is no boolean is reported.
[[nodiscard]] const Directive* flag_of(Unit& socket, std::string_view key, Report& report);
[[nodiscard]] bool accepts(Unit& socket, Report& report);

/// Who does what with the connections.
enum class Way : std::uint8_t {
  accepts,  ///< systemd accepts each, and starts an instance for it
  waits,    ///< one server takes the socket
  relays,   ///< one that hands them on, systemd-socket-proxyd(8)
};

/// Where the entry listens, and what holds for all sockets of the unit. `files`: of this machine.
void take_socket(Unit& socket, const Sockets& at, Way way, config::Files& files, Draft& draft, Report& report);
/// The part of it that are options of sockets.
void take_options(Unit& socket, const Sockets& at, config::Files& files, Draft& draft, Report& report);
/// How often servers may be started. `service`: null when it could not be read.
void take_rate(Unit& socket, Unit* service, Way way, Draft& draft, Report& report);
/// The access lists of both units: a peer must be admitted by either.
void take_access(Unit& socket, Unit* service, const Sockets& at, Way way, Draft& draft, Report& report);
/// Whether the units would be started at all. `files`: of this machine.
void take_conditions(Unit& unit, config::Files& files, Draft& draft, Report& report);
/// The server. `accept`: it is an instance for one connection.
void take_service(Unit& service, bool accept, config::Files& files, Draft& draft, Report& report);
/// What the server may do and use: privileges, capabilities, system calls and limits. `draft` has its user. `names`: of this
/// machine.
void take_confinement(Unit& service, config::Names& names, Draft& draft, Report& report);
[[nodiscard]] bool runs_as_root(const Draft& draft);
/// The part of it that is DynamicUser=, PrivateUsers=, ProtectSystem= and ProtectHome=, which each come to several attributes;
/// behind the others, which they add to. `files`: of this machine.
void take_protection(Unit& service, config::Files& files, Draft& draft, Report& report);
/// The part of it that is SystemCallFilter= and what goes with it.
void take_system_calls(Unit& service, config::Names& names, Draft& draft, Report& report);
/// A service that relays by systemd-socket-proxyd(8): our redirect.
struct Relay {
  const Directive* from = nullptr;
  std::string host, port;
  std::string most;  ///< connections at a time
};
[[nodiscard]] std::optional<Relay> relay_of(Unit& service);
void take_relay(Unit& service, const Relay& relay, Draft& draft, Report& report);

/// The variables of a server.
struct Environment {
  struct One {
    std::string name, value;
    const Directive* from = nullptr;
  };
  std::vector<One> variables = {};        ///< each name once
  std::vector<std::string> passed = {};   ///< of the manager's own: their values are not known here
  bool open = false;  ///< there is a file for more of them: what is set nowhere is meant to be nothing

  void set(const std::string& name, std::string value, const Directive* from);
  [[nodiscard]] const One* find(std::string_view name) const;
  /// Does the name of a variable that is not among them stand for nothing, rather than for what only systemd knows?
  [[nodiscard]] bool nothing(std::string_view name) const;
};
/// Files for EnvironmentFile= and /etc/passwd are read now.
[[nodiscard]] Environment environment_of(Unit& service, config::Files& files, Draft& draft, Report& report);
/// `used`: the variables that the arguments were made of.
void write_environment(Unit& service, const Environment& environment, const std::set<std::string>& used, Draft& draft,
                       Report& report);
/// ExecStart=. Returns the names of the variables that were used.
std::set<std::string> take_command(Unit& service, const Environment& environment, Draft& draft, Report& report);

/// A value with specifiers resolved that do not depend on where and when the unit runs; nothing when there are others.
[[nodiscard]] std::optional<std::string> resolved(const Unit& unit, std::string_view value);

/// A value as findings show it.
[[nodiscard]] inline std::string shortened(const std::string& value) {
  return value.size() > 200 ? value.substr(0, 200) + "..." : value;
}
/// A line likewise.
[[nodiscard]] inline std::string quoted(const Directive& d) { return fmt::format("{}={}", d.key, shortened(d.value)); }
/// Reports an error: it would do nothing in systemd either.
inline void no_value(const Directive& d, Report& report) {
  report.error(d.place, fmt::format("{} has no value that systemd would accept", quoted(d)));
}

}  // namespace xsuperd::convert
