// SPDX-License-Identifier: MIT
#include "xsuperd/cli/sources.hpp"

#include <fmt/format.h>

#include <cstdlib>

#include "xsuperd/net/libwrap.hpp"

namespace xsuperd::cli {

namespace {

/// What servers keep of the environment without -E: language and time zone. PATH above all is not for them.
constexpr const char* harmless_variables[]{"TZ",          "LANG",        "LANGUAGE",   "LC_ALL",     "LC_COLLATE", "LC_CTYPE",
                                           "LC_MESSAGES", "LC_MONETARY", "LC_NUMERIC", "LC_TIME"};

/// Those of them that there are.
std::string passed_variables() {
  std::string names;
  for (const char* name : harmless_variables)
    if (std::getenv(name)) names += fmt::format(" {}", name);
  return names;
}

/// Where connections are logged. A file that has a blank in its name cannot stand in a configuration.
std::string log_type(const CommandLine& command) {
  const std::string& file = command.filelog.value_or("");
  const bool fits = file.starts_with("/") && !file.starts_with("/dev/") && file.find_first_of(" \t\r\n\v\f") == file.npos;
  if (fits) return "FILE " + file;
  return fmt::format("SYSLOG {} info", command.syslog.value_or("daemon"));
}

std::string defaults_of(const CommandLine& command) {
  const InetdCommandLine& inetd = *command.inetd;
  std::string lines = fmt::format("cps = {} 600\ncps_window = 60\n", inetd.rate);
  if (inetd.logs)
    lines += fmt::format("log_type = {}\nlog_on_success = HOST PID\nlog_on_failure = HOST\n", log_type(command));
  if (!inetd.keeps_environment) lines += fmt::format("passenv ={}\n", passed_variables());
  if (inetd.backlog > 0) lines += fmt::format("backlog = {}\n", inetd.backlog);
  if (inetd.children > 0) lines += fmt::format("instances = {}\n", inetd.children);
  if (inetd.per_source > 0) lines += fmt::format("per_source = {}\n", inetd.per_source);
  if (inetd.per_source_rate > 0) lines += fmt::format("per_source_rate = {} 60\n", inetd.per_source_rate);
  return lines;
}

}  // namespace

config::Sources sources_of(const CommandLine& command) {
  config::Sources sources;
  sources.style.replaces_tcpd = net::libwrap_available();
  if (!command.inetd) {
    sources.main = command.config;
    if (command.inetd_compat) sources.inetd = {"/etc/inetd.conf"};
    return sources;
  }
  sources.inetd = command.inetd->files;
  sources.defaults = defaults_of(command);
  sources.style.wraps = command.inetd->wraps;
  sources.style.wraps_internal = command.inetd->wraps_internal;
  sources.style.address = command.inetd->address;
  return sources;
}

}  // namespace xsuperd::cli
