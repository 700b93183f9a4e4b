// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <algorithm>

#include "convert/environment_file.hpp"
#include "convert/from_units.hpp"
#include "xsuperd/base/text.hpp"

namespace xsuperd::convert {

namespace {

/// A value that is one word; reported when it is not.
std::optional<std::string> word(Unit& service, const Directive* d, Report& report) {
  if (!d) return std::nullopt;
  auto value = resolved(service, d->value);
  if (value && value->find_first_of(" \t") == std::string::npos) return value;
  report.loss(d->place, fmt::format("{} is not converted: it has blanks, or specifiers that only systemd can resolve",
                                    quoted(*d)));
  return std::nullopt;
}

/// systemd gives a user by number their group and groups as well; here a number would stand for the group, too.
std::string user_name(const std::string& word, config::Files& files) {
  if (!base::parse_number(word)) return word;
  const auto passwd = files.read("/etc/passwd");
  const auto login = passwd ? find_login(*passwd, word) : std::nullopt;
  return login ? login->name : word;
}

bool exists(const std::string& name, config::Files& files) {
  const auto passwd = files.read("/etc/passwd");
  return passwd && find_login(*passwd, name);
}

void take_user(Unit& service, config::Files& files, Draft& draft, Report& report) {
  const Directive* user = service.last("Service", "User");
  const Directive* group = service.last("Service", "Group");
  const Directive* dynamic = service.last("Service", "DynamicUser");
  auto name = word(service, user, report);
  if (name) name = user_name(*name, files);
  if (user && !name) draft.unfit.push_back("its user is not known");
  // One that exists already is taken as it is.
  if (dynamic && unit_boolean(dynamic->value).value_or(false) && !(name && exists(*name, files))) {
    draft.set("user", {"nobody"}, dynamic);
    draft.set("dynamic_user", {"yes"}, dynamic);
    if (group) report.note(group->place, fmt::format("{} is not converted: the user of DynamicUser= has a group of its own here", quoted(*group)));
    return;
  }
  draft.set("user", {name.value_or("root")}, user);
  const bool numeric = name && base::parse_number(*name);
  if (user && !numeric) draft.set("groups", {"yes"}, user);
  const auto group_name = word(service, group, report);
  if (group_name) draft.set("group", {*group_name}, group);
  if (group && !group_name) draft.unfit.push_back("its group is not known");
}

void take_limit(Unit& service, std::string_view key, std::string attribute, Draft& draft, Report& report) {
  const Directive* d = service.last("Service", key);
  if (!d) return;
  const std::size_t colon = d->value.find(':');
  const std::string soft = d->value.substr(0, colon);
  if (colon != std::string::npos)
    report.loss(d->place, fmt::format("{}: {} is one value, the first of these", quoted(*d), attribute));
  if (soft == "infinity") return draft.set(std::move(attribute), {"UNLIMITED"}, d);
  const auto value = key == "LimitCPU" ? unit_seconds(soft) : unit_size(soft);
  if (!value) return no_value(*d, report);
  if (*value == 0) {
    report.loss(d->place, fmt::format("{}: here, 0 leaves the limit unchanged", quoted(*d)));
    return draft.unfit.push_back(fmt::format("{}: here, 0 leaves the limit unchanged", quoted(*d)));
  }
  draft.set(std::move(attribute), {std::to_string(*value)}, d);
}

void take_numbers(Unit& service, Draft& draft, Report& report) {
  if (const Directive* d = service.last("Service", "UMask")) draft.set("umask", {d->value}, d);
  if (const Directive* d = service.last("Service", "Nice")) draft.set("nice", {d->value}, d);
  constexpr std::pair<std::string_view, std::string_view> limits[]{
      {"LimitAS", "rlimit_as"},   {"LimitCPU", "rlimit_cpu"},     {"LimitDATA", "rlimit_data"},
      {"LimitRSS", "rlimit_rss"}, {"LimitSTACK", "rlimit_stack"}, {"LimitNOFILE", "rlimit_files"}};
  for (const auto& [key, attribute] : limits) take_limit(service, key, std::string(attribute), draft, report);
}

bool waits(const Draft& draft) {
  return std::any_of(draft.entry.assignments.begin(), draft.entry.assignments.end(), [](const config::Assignment& a) {
    return a.name == "wait" && a.values.front().text == "yes";
  });
}

/// The connection must be what xinetd makes of it: descriptors 0, 1 and 2.
void take_streams(Unit& service, Draft& draft, Report& report) {
  const Directive* input = service.last("Service", "StandardInput");
  if (!input || input->value != "socket") {
    // A socket that it accepts from it can have as it had it, but what it prints would go there as well.
    if (waits(draft)) draft.set("pass_fds", {"systemd"}, input);
    const std::string why = "its server takes sockets by LISTEN_FDS, as there is no StandardInput=socket";
    report.loss(input ? input->place : service.place, why);
    draft.unfit.push_back(why);
  }
  for (const char* key : {"StandardOutput", "StandardError"}) {
    const Directive* d = service.last("Service", key);
    if (!d || d->value == "socket" || d->value == "inherit") continue;
    if (d->key == "StandardError" && d->value == "null") {
      draft.set("stderr", {"discard"}, d);
      continue;
    }
    report.loss(d->place, fmt::format("{}: here it goes to the peer, as the standard input comes from it", quoted(*d)));
    // What a server says of its errors may be seen; what it was not to answer may not.
    if (d->key == "StandardOutput") draft.unfit.push_back(fmt::format("{}: here it goes to the peer", quoted(*d)));
  }
}

void take_type(Unit& service, Draft& draft, Report& report) {
  const Directive* type = service.last("Service", "Type");
  if (!type) return;
  for (const std::string_view plain : {"simple", "exec", "oneshot", "idle"})
    if (type->value == plain) return;
  report.loss(type->place, fmt::format("{}: the server is assumed to run until its process ends", quoted(*type)));
  draft.unfit.push_back(fmt::format("{}: a server is assumed to run until its process ends", quoted(*type)));
}

/// When SIGKILL follows, TimeoutStopSec=: 0 and "infinity" stand for never.
void take_grace(Unit& service, Draft& draft, Report& report) {
  constexpr std::uint64_t usual = 90, most = 3600;
  const Directive* stop = service.last("Service", "TimeoutStopSec");
  const Directive* d = stop ? stop : service.last("Service", "TimeoutSec");
  const bool endless = d && base::iequals(d->value, "infinity");
  const auto value = d && !endless ? unit_seconds(d->value) : std::nullopt;
  if (d && !endless && !value) return no_value(*d, report);
  std::uint64_t grace = d ? value.value_or(0) : usual;
  if (grace == 0 || grace > most) {
    report.loss(d->place, fmt::format("{}: here, a server gets SIGKILL {} s after a time limit has ended it", quoted(*d), most));
    grace = most;
  }
  draft.set("kill_grace", {std::to_string(grace)}, d);
}

/// RuntimeMaxSec= in seconds; nothing, after reporting, for what runtime_max cannot be.
std::optional<std::uint64_t> runtime_of(const Directive& d, Draft& draft, Report& report) {
  constexpr std::uint64_t most = 30 * 86'400;
  const auto seconds = unit_seconds(d.value);
  if (!seconds) return no_value(d, report), std::nullopt;
  if (*seconds == 0 || *seconds > most) {
    const std::string why = fmt::format("{} is not converted: runtime_max takes 1 s to 30 days", quoted(d));
    report.loss(d.place, why);
    return draft.unfit.push_back(why), std::nullopt;
  }
  if (unit_microseconds(d.value) != *seconds * 1'000'000)
    report.note(d.place, fmt::format("{}: runtime_max takes whole seconds; it is {}", quoted(d), *seconds));
  return seconds;
}

/// Is there a longest time?
bool take_runtime(Unit& service, Draft& draft, Report& report) {
  const Directive* d = service.last("Service", "RuntimeMaxSec");
  const Directive* more = service.last("Service", "RuntimeRandomizedExtraSec");
  const Directive* type = service.last("Service", "Type");
  if (!d || base::iequals(d->value, "infinity")) return false;
  if (type && type->value == "oneshot") {
    report.note(d->place, fmt::format("{} is not converted: it has no effect with Type=oneshot", quoted(*d)));
    return false;
  }
  const auto seconds = runtime_of(*d, draft, report);
  if (!seconds) return false;
  if (more) report.loss(more->place, fmt::format("{}: here, every session has the same time", quoted(*more)));
  draft.set("runtime_max", {std::to_string(*seconds)}, d);
  return true;
}

/// What becomes of a server and of what it has started.
void take_ending(Unit& service, Report& report) {
  const Directive* kill = service.last("Service", "KillMode");
  constexpr std::string_view left = "here, processes that a server leaves behind keep running";
  if (!kill)
    report.note(service.place, fmt::format("KillMode= is not given, which is control-group: {}", left));
  else if (kill->value != "process" && kill->value != "none")
    report.loss(kill->place, fmt::format("{}: {}", quoted(*kill), left));
  if (const Directive* restart = service.last("Service", "Restart"); restart && restart->value != "no")
    report.loss(restart->place, fmt::format("{}: a server is only started by a request", quoted(*restart)));
}

}  // namespace

void take_relay(Unit& service, const Relay& relay, Draft& draft, Report& report) {
  draft.set("user", {"nobody"}, relay.from);
  // Nothing is executed for it.
  for (const char* key : {"User", "Group", "DynamicUser", "Type", "StandardInput", "KillMode", "Restart"})
    service.pass_over("Service", key);
  draft.set("redirect", {relay.host, relay.port}, relay.from);
  draft.set("instances", {relay.most}, relay.from);
  take_numbers(service, draft, report);
  if (take_runtime(service, draft, report))
    report.note(relay.from->place, "runtime_max: here, each connection has its own time; under systemd they end with the relay");
  for (const char* key : {"StartLimitIntervalSec", "StartLimitBurst"}) service.pass_over("Unit", key);
}

void take_service(Unit& service, bool accept, config::Files& files, Draft& draft, Report& report) {
  take_user(service, files, draft, report);
  const Environment environment = environment_of(service, files, draft, report);
  const auto used = take_command(service, environment, draft, report);
  take_streams(service, draft, report);
  take_type(service, draft, report);
  write_environment(service, environment, used, draft, report);
  take_numbers(service, draft, report);
  if (take_runtime(service, draft, report)) take_grace(service, draft, report);
  take_ending(service, report);
  if (accept)
    report.note(service.place,
                "REMOTE_ADDR and REMOTE_PORT, which systemd sets for each connection, are not set: REMOTE_HOST has the "
                "address");
  for (const char* key : {"CollectMode", "RefuseManualStart", "RefuseManualStop"})
    if (accept) service.pass_over("Unit", key);
  // An instance for a connection is started once.
  for (const char* key : {"StartLimitIntervalSec", "StartLimitBurst"})
    if (accept) service.pass_over("Unit", key);
}

}  // namespace xsuperd::convert
