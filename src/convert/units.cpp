// SPDX-License-Identifier: MIT
#include "convert/units.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "convert/box_words.hpp"
#include "xsuperd/base/text.hpp"
#include "xsuperd/config/origin.hpp"

namespace xsuperd::convert {

namespace {

using config::Flag;
using config::Kind;
using config::Limit;
using config::Service;

constexpr std::string_view unlimited = "4294967295";  // the largest count that systemd reads
constexpr std::string_view relay = "/usr/lib/systemd/systemd-socket-proxyd";

/// May be the name of a descriptor as it stands; with pass_fds other ids are written otherwise.
bool plain_name(std::string_view id) {
  return !id.empty() && id.size() <= 255 && std::all_of(id.begin(), id.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  std::string_view("-_.+@").find(c) != std::string_view::npos;
         });
}

std::string count(const Limit& limit) {
  return limit.is_unlimited() ? std::string(unlimited) : std::to_string(limit.value);
}

/// A time as systemd reads it.
std::string time_text(std::uint64_t microseconds) {
  if (microseconds % 1'000'000 == 0) return fmt::format("{}s", microseconds / 1'000'000);
  return fmt::format("{}us", microseconds);
}

/// As many as the bucket holds, in the time in which it fills.
void write_poll_limit(const UnitContext& c, UnitText& unit) {
  const auto& rate = c.service.settings.rate;
  if (!rate || c.service.kind == Kind::redirect) return;
  const std::uint64_t microseconds = std::uint64_t{rate->burst} * rate->period * 1'000'000;
  unit.set("PollLimitIntervalSec", time_text((microseconds + rate->count - 1) / rate->count));
  unit.set("PollLimitBurst", std::to_string(rate->burst));
  const bool queues = c.service.settings.queue && c.service.settings.queue->number > 0;
  c.report.add(queues ? Weight::note : Weight::loss, c.place("rate"),
               fmt::format("rate: beyond PollLimitBurst= systemd leaves connections in the kernel's queue{}; before version "
                           "255 it does not know this limit",
                           queues ? "" : " and refuses none"));
}

void write_limits(const UnitContext& c, UnitText& unit) {
  const config::Settings& s = c.service.settings;
  if (systemd_accepts(c.service)) {
    unit.set("MaxConnections", count(s.instances.value_or(Limit{})));
    if (s.per_source && !s.per_source->is_unlimited() && s.per_source->value > 0)
      unit.set("MaxConnectionsPerSource", count(*s.per_source));
  }
  write_poll_limit(c, unit);
  const config::Rate rate = c.service.rate();
  const std::uint32_t window = std::max(rate.window, 1u);
  if (rate.connections == 0) return unit.set("TriggerLimitIntervalSec", "0");
  unit.set("TriggerLimitIntervalSec", fmt::format("{}s", window));
  unit.set("TriggerLimitBurst", std::to_string(rate.connections));
  if (s.cps)
    c.loss("cps",
           fmt::format("cps: after more than {} connections in {} s systemd stops the socket until somebody starts "
                       "it; xinetd would open it again after {} s. From systemd 255 on, PollLimitIntervalSec= and "
                       "PollLimitBurst= come closer",
                       rate.connections, window, rate.pause));
  else
    c.report.note(
        {},
        "cps is not given: xinetd pauses for 10 s after more than 50 connections in a second; systemd then stops the "
        "socket until somebody starts it");
}

void write_listening(const UnitContext& c, UnitText& unit) {
  const config::ListenSpec& listen = c.service.listen;
  write_places(c, unit);
  unit.set_switch("Accept", systemd_accepts(c.service));
  if (listen.backlog) unit.set("Backlog", std::to_string(*listen.backlog));
  write_options(c, unit);
  if (c.service.has(Flag::labeled) && systemd_accepts(c.service)) unit.set_switch("SELinuxContextFromNet", true);
  if (c.service.passes_fds() && plain_name(c.service.id)) unit.set("FileDescriptorName", c.service.id);
  const auto& bind = c.service.settings.bind;
  if (bind && !base::Address::parse(*bind))
    c.note("bind", fmt::format("bind: {} is the address {} here, and a unit takes only an address",
                               base::escaped(*bind, 100), listen.at.address.unmapped().text()));
}

void write_head(const UnitContext& c, UnitText& unit, std::string_view what) {
  const Service& s = c.service;
  unit.comment(fmt::format("Converted from {}, line {}, by xsuperctl.", s.place.file, s.place.line));
  unit.section("Unit");
  unit.set("Description", percent_doubled(fmt::format("{}, {}", s.id, what)));
}

/// The program and its arguments. A status other than 0 is nothing to xinetd, hence the "-".
std::string command_line(const Service& s) {
  const std::string& path = *s.settings.server;
  // xinetd calls a server by the last part of its path, systemd by all of it.
  const bool other_name = s.argv.empty() || s.argv[0] != path;
  std::string line = other_name ? "-@" : "-";
  line += unit_word(path);
  for (std::size_t i = other_name ? 0 : 1; i < s.argv.size(); ++i) line.append(" ").append(command_word(s.argv[i]));
  return line;
}

std::string relay_line(const Service& s) {
  const config::RedirectTarget& to = *s.settings.redirect;
  if (to.local())
    return fmt::format("{} --connections-max={} {}", relay, count(s.settings.instances.value_or(Limit{})), command_word(to.host));
  const bool v6 = to.host.find(':') != std::string::npos;
  const std::string target = to.local() ? to.host : fmt::format("{}{}{}:{}", v6 ? "[" : "", to.host, v6 ? "]" : "", to.port);
  return fmt::format("{} --connections-max={} {}", relay, count(s.settings.instances.value_or(Limit{})), command_word(target));
}

void write_user(const UnitContext& c, UnitText& unit) {
  const config::Settings& s = c.service.settings;
  const bool all_groups = s.groups.value_or(false);
  if (!s.user || s.dynamic_user.value_or(false)) return;  // one that exists would be taken in place of a dynamic one
  if (s.user->uid != 0 || all_groups) unit.set("User", percent_doubled(s.user->text));
  // systemd gives a bare number the group 0.
  if (s.group)
    unit.set("Group", percent_doubled(s.group->text));
  else if (s.user->name.empty())
    unit.set("Group", std::to_string(s.user->gid));
  if (all_groups || s.user->uid == 0 || s.user->name.empty()) return;
  const gid_t own = s.group ? s.group->gid : s.user->gid;
  const auto groups = c.names.groups_of(s.user->name, own);
  const auto more = std::count_if(groups.begin(), groups.end(), [own](gid_t g) { return g != own; });
  if (more <= 0) return;
  c.loss("user", fmt::format("user: systemd gives the server all groups of {}; without groups = yes it would have one",
                             base::escaped(s.user->name, 100)));
  c.unprotected.emplace_back("groups");
}

template <auto Member>
std::string limit_text(const config::Settings& s) {
  const std::optional<Limit>& limit = s.*Member;
  if (!limit || limit->value == 0) return {};  // 0 leaves a limit as it is
  return limit->is_unlimited() ? "infinity" : std::to_string(limit->value);
}

/// In those of our own 0 is a limit, as it is in systemd.
template <auto Member>
std::string own_limit_text(const config::Settings& s) {
  const std::optional<Limit>& limit = s.*Member;
  if (!limit) return {};
  return limit->is_unlimited() ? "infinity" : std::to_string(limit->value);
}

using S = config::Settings;
/// Attributes that a directive of systemd.exec(5) says alike, whatever the service is.
struct Alike {
  std::string_view attribute;
  std::string_view directive;
  std::string (*value)(const S&);  ///< empty: it is not given
};
constexpr Alike alike[]{
    {"umask", "UMask", [](const S& s) { return s.umask ? fmt::format("{:04o}", s.umask->bits) : std::string{}; }},
    {"nice", "Nice", [](const S& s) { return s.nice ? std::to_string(*s.nice) : std::string{}; }},
    {"rlimit_as", "LimitAS", limit_text<&S::rlimit_as>},
    {"rlimit_cpu", "LimitCPU", limit_text<&S::rlimit_cpu>},
    {"rlimit_data", "LimitDATA", limit_text<&S::rlimit_data>},
    {"rlimit_rss", "LimitRSS", limit_text<&S::rlimit_rss>},
    {"rlimit_stack", "LimitSTACK", limit_text<&S::rlimit_stack>},
    {"rlimit_files", "LimitNOFILE", limit_text<&S::rlimit_files>},
    {"rlimit_core", "LimitCORE", own_limit_text<&S::rlimit_core>},
    {"rlimit_fsize", "LimitFSIZE", own_limit_text<&S::rlimit_fsize>},
    {"rlimit_locks", "LimitLOCKS", own_limit_text<&S::rlimit_locks>},
    {"rlimit_memlock", "LimitMEMLOCK", own_limit_text<&S::rlimit_memlock>},
    {"rlimit_msgqueue", "LimitMSGQUEUE", own_limit_text<&S::rlimit_msgqueue>},
    {"rlimit_nice", "LimitNICE", own_limit_text<&S::rlimit_nice>},
    {"rlimit_nproc", "LimitNPROC", own_limit_text<&S::rlimit_nproc>},
    {"rlimit_rtprio", "LimitRTPRIO", own_limit_text<&S::rlimit_rtprio>},
    {"rlimit_rttime", "LimitRTTIME", own_limit_text<&S::rlimit_rttime>},  // both in microseconds
    {"rlimit_sigpending", "LimitSIGPENDING", own_limit_text<&S::rlimit_sigpending>}};

void write_environment(const UnitContext& c, UnitText& unit) {
  const config::Settings& s = c.service.settings;
  std::vector<std::string> words;
  for (const std::string& name : s.passenv.value_or(config::Words{}))
    if (is_unit_variable(name, ""))
      words.push_back(unit_word(name));
    else
      c.loss("passenv", fmt::format("passenv: systemd accepts no variable named {}", base::escaped(name, 100)));
  if (!words.empty()) unit.set("PassEnvironment", base::join(words));
  for (const std::string& variable : s.env.value_or(config::Words{})) {
    const std::size_t equals = std::min(variable.find('='), variable.size());
    const std::string_view value = std::string_view(variable).substr(equals);
    if (!value.empty() && is_unit_variable(variable.substr(0, equals), value)) {
      unit.set("Environment", unit_word(variable));
      continue;
    }
    c.loss("env", fmt::format("env: systemd would ignore {}: {}", base::escaped(variable, 100),
                              is_unit_variable(variable.substr(0, equals), "") ? "its value is not UTF-8"
                                                                                : "its name is not valid"));
  }
}

std::string error_output(config::ErrorOutput to) {
  switch (to) {
    case config::ErrorOutput::client: return "socket";
    case config::ErrorOutput::log: return "journal";
    case config::ErrorOutput::discard: return "null";
  }
  return "socket";
}

void write_program(const UnitContext& c, UnitText& unit) {
  unit.set("ExecStart", command_line(c.service));
  for (const std::string_view stream : {"StandardInput", "StandardOutput"}) unit.set(stream, "socket");
  unit.set("StandardError", error_output(c.service.error_output()));
  // What a server leaves behind goes on under xinetd.
  unit.set("KillMode", "process");
  write_user(c, unit);
  write_environment(c, unit);
}

/// A session that takes too long: TERM and then KILL.
void write_times(const UnitContext& c, UnitText& unit) {
  const config::Settings& s = c.service.settings;
  constexpr std::uint32_t usual_grace = 3;
  if (!s.runtime_max || c.service.kind == Kind::redirect) return;
  unit.set("RuntimeMaxSec", fmt::format("{}s", *s.runtime_max));
  const std::uint32_t grace = s.kill_grace.value_or(usual_grace);
  // To systemd, 0 stands for never.
  unit.set("TimeoutStopSec", grace == 0 ? "1ms" : fmt::format("{}s", grace));
  c.loss("runtime_max", "runtime_max: systemd signals the server alone; other processes of its group go on");
}

/// What starts the socket with the machine: nothing where something that protects it is lost.
void write_install(const UnitContext& c, UnitText& unit) {
  if (!c.install) return;
  if (c.unprotected.empty()) {
    unit.section("Install");
    return unit.set("WantedBy", "sockets.target");
  }
  std::vector<std::string> names;
  for (const std::string& one : c.unprotected)
    if (std::find(names.begin(), names.end(), one) == names.end()) names.push_back(one);
  const std::string sentence = fmt::format("the socket is not started at boot, because it would lack {}",
                                           base::join(names, ", "));
  unit.comment(fmt::format("Without [Install]: {}.", sentence));
  c.report.note(c.service.place, fmt::format("service {}: {}", c.service.id, sentence));
}

}  // namespace

bool has_directive(std::string_view attribute) {
  return std::ranges::any_of(alike, [&](const Alike& one) { return one.attribute == attribute; }) ||
         std::ranges::any_of(box_words(), [&](const BoxWord& one) { return one.attribute == attribute; });
}

config::Place UnitContext::place(std::string_view attribute) const {
  const config::Source last = config::sources_of(service, *config::find_attribute(attribute)).back();
  return last.from == config::Source::From::built_in ? service.place : last.place;
}

std::string socket_unit(const UnitContext& c) {
  UnitText unit;
  write_head(c, unit, "its socket");
  unit.section("Socket");
  write_listening(c, unit);
  write_limits(c, unit);
  write_access(c, unit);
  write_install(c, unit);
  return unit.text();
}

std::string service_unit(const UnitContext& c) {
  UnitText unit;
  write_head(c, unit, systemd_accepts(c.service) ? "for one connection" : "its server");
  // A server that is started for each request must not count as one that fails.
  if (!systemd_accepts(c.service)) unit.set("StartLimitIntervalSec", "0");
  // One that was ended counts as failed, and would be kept.
  if (systemd_accepts(c.service) && c.service.settings.runtime_max) unit.set("CollectMode", "inactive-or-failed");
  unit.section("Service");
  if (c.service.kind == Kind::redirect) {
    unit.set("ExecStart", relay_line(c.service));
    unit.set_switch("DynamicUser", true);
  } else {
    write_program(c, unit);
  }
  write_times(c, unit);
  for (const Alike& one : alike)
    if (const std::string value = one.value(c.service.settings); !value.empty()) unit.set(one.directive, value);
  write_confinement(c, unit);
  return unit.text();
}

}  // namespace xsuperd::convert
