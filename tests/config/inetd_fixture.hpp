// SPDX-License-Identifier: MIT
#pragma once
#include <catch2/catch.hpp>

#include "config/fixture.hpp"

/// Lines of inetd.conf and what they come to.
namespace xsuperd::config::test {

/// A world in which lines of real files make sense.
inline World inetd_world() {
  World w;
  for (const char* program : {"/usr/sbin/in.ftpd", "/usr/sbin/vsftpd", "/usr/sbin/tcpd", "/usr/libexec/fingerd", "/bin/sh"})
    w.files.programs.insert(program);
  w.names.users.push_back({"tty", 5, 5});
  w.names.users.push_back({"www.data", 33, 33});
  w.names.group_ids["tty"] = 5;
  w.names.group_ids["nogroup"] = 65534;
  w.names.ports[{"finger", "tcp"}] = 79;
  w.names.ports[{"ntalk", "udp"}] = 518;
  w.names.ports[{"tcpmux", "tcp"}] = 1;
  w.names.ports[{"daytime", "udp"}] = 13;
  w.names.hosts["two.example.com"] = {"192.0.2.8", "2001:db8::8"};
  w.names.rpc_numbers["rusersd"] = 100002;
  return w;
}

inline World inetd(const std::string& lines) { return inetd_world().read_inetd(lines); }

/// The one fault of a line: "COLUMN sentence"; "none" when it was taken.
inline std::string fault(const std::string& line) {
  const World w = inetd(line + "\n");
  for (const Diagnostic& one : w.loaded.diagnostics.all())
    if (one.level == Level::error) return std::to_string(one.place.column) + " " + one.sentence;
  return "none";
}

/// Does the line come to the very service that the entry of xinetd.conf is? Says in what they differ.
inline std::string difference(const std::string& line, const std::string& name, const std::string& lines) {
  const World from_inetd = inetd(line + "\n");
  World from_entry = inetd_world();
  from_entry.read(entry(name, lines));
  if (from_inetd.loaded.config->services.size() != 1) return "not one service:\n" + from_inetd.log();
  if (from_entry.loaded.config->services.size() != 1) return "not one entry:\n" + from_entry.log();
  const Service& a = *from_inetd.loaded.config->services[0];
  const Service& b = *from_entry.loaded.config->services[0];
  if (same(a, b)) return "";
  return "inetd.conf, as " + a.name + " " + a.id + ":\n" + dump(a.settings) + "xinetd.conf, as " + b.name + " " + b.id +
         ":\n" + dump(b.settings);
}

}  // namespace xsuperd::config::test
