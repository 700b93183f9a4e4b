// SPDX-License-Identifier: MIT
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "convert/unit_file.hpp"
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
  const Directive* from = nullptr;
  bool datagrams = false;
  std::string address;  ///< empty: all
  std::string port;
  bool v6 = false;  ///< an IPv6 address
};
[[nodiscard]] std::vector<Listening> listening(Unit& socket, Report& report);
[[nodiscard]] bool accepts(Unit& socket, Report& report);

/// What holds for all sockets of the unit. `accept`: connections are accepted before there is a server.
void take_socket(Unit& socket, const Listening& at, bool accept, Draft& draft, Report& report);
/// The server. `accept`: it is an instance for one connection.
void take_service(Unit& service, bool accept, Draft& draft, Report& report);
/// A service that relays by systemd-socket-proxyd(8): our redirect.
struct Relay {
  const Directive* from = nullptr;
  std::string host, port;
  std::string most;  ///< connections at a time
};
[[nodiscard]] std::optional<Relay> relay_of(Unit& service);
void take_relay(Unit& service, const Relay& relay, Draft& draft, Report& report);
/// ExecStart= and the variables it may use.
void take_command(Unit& service, Draft& draft, Report& report);

/// A value with specifiers resolved that do not depend on where and when the unit runs; nothing when there are others.
[[nodiscard]] std::optional<std::string> resolved(const Unit& unit, std::string_view value);

/// A value as findings show it.
[[nodiscard]] inline std::string shortened(const std::string& value) {
  return value.size() > 200 ? value.substr(0, 200) + "..." : value;
}

/// What is left of a unit has no equal.
void report_unused(const Unit& unit, Report& report);

}  // namespace xsuperd::convert
