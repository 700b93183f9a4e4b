// SPDX-License-Identifier: MIT
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "convert/networks.hpp"
#include "convert/report.hpp"
#include "convert/unit_text.hpp"
#include "xsuperd/config/model.hpp"

/// The two units of a service, systemd.socket(5) and systemd.service(5).
namespace xsuperd::convert {

/// What one service is converted with.
struct UnitContext {
  const config::Service& service;
  config::Names& names;  ///< of this machine
  Report& report;
  std::vector<std::string>& unprotected;  ///< that protect and have no equivalent: nothing may start the socket
  bool wraps = false;   ///< hosts.allow or hosts.deny of this machine say something
  bool install = true;  ///< to be started with the machine

  /// The line that gives the attribute last, in the service's own entry or else in the defaults; else its first line.
  [[nodiscard]] config::Place place(std::string_view attribute) const;
  void note(std::string_view attribute, std::string sentence) const {
    report.note(place(attribute), std::move(sentence));
  }
  void loss(std::string_view attribute, std::string sentence) const {
    report.loss(place(attribute), std::move(sentence));
  }
};

/// Why no pair of units can stand for the service; empty when one can.
[[nodiscard]] std::string no_units(const config::Service& service);
/// Does systemd take such a variable of Environment=?
[[nodiscard]] bool is_unit_variable(std::string_view name, std::string_view value);
/// Does systemd accept the connections, and start an instance of NAME@.service for each?
[[nodiscard]] bool systemd_accepts(const config::Service& service);

/// Does a directive of the service's unit say all that the attribute does?
[[nodiscard]] bool has_directive(std::string_view attribute);

[[nodiscard]] std::string service_unit(const UnitContext& c);
/// After the other one has been made: what it lacks counts here.
[[nodiscard]] std::string socket_unit(const UnitContext& c);

/// A Listen...= line for each place, and what concerns families and protocols. Reports those that systemd cannot have.
void write_places(const UnitContext& c, UnitText& unit);
/// Options of sockets, and to whom the files of UNIX sockets belong.
void write_options(const UnitContext& c, UnitText& unit);
/// Privileges, capabilities and system calls of a server, and what else confines it.
void write_confinement(const UnitContext& c, UnitText& unit);
/// Can systemd listen there?
[[nodiscard]] bool has_place(const config::ListenSpec& place);

/// IPAddressAllow= and IPAddressDeny= for both access lists.
void write_access(const UnitContext& c, UnitText& unit);
/// Reports every attribute that neither unit has room for; to be called before the units are made.
void report_lacking(const UnitContext& c);

}  // namespace xsuperd::convert
