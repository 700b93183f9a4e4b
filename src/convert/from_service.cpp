// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <algorithm>

#include "convert/from_units.hpp"
#include "convert/unit_text.hpp"
#include "xsuperd/base/text.hpp"

namespace xsuperd::convert {

namespace {

std::string quoted(const Directive& d) { return fmt::format("{}={}", d.key, shortened(d.value)); }

/// A value that is one word; reported when it is not.
std::optional<std::string> word(Unit& service, const Directive* d, Report& report) {
  if (!d) return std::nullopt;
  auto value = resolved(service, d->value);
  if (value && value->find_first_of(" \t") == std::string::npos) return value;
  report.loss(d->place, fmt::format("{} is not converted: it has blanks, or specifiers that only systemd can resolve",
                                    quoted(*d)));
  return std::nullopt;
}

void take_user(Unit& service, Draft& draft, Report& report) {
  const Directive* user = service.last("Service", "User");
  const Directive* group = service.last("Service", "Group");
  const Directive* dynamic = service.last("Service", "DynamicUser");
  const auto name = word(service, user, report);
  if (user && !name) draft.unfit.push_back("its user is not known");
  if (dynamic && unit_boolean(dynamic->value).value_or(false)) {
    report.loss(dynamic->place, "DynamicUser= has no equal: the server gets the user nobody");
    draft.set("user", {"nobody"}, dynamic);
  } else {
    draft.set("user", {name.value_or("root")}, user);
    const bool numeric = name && base::parse_number(*name);
    if (user && !numeric) draft.set("groups", {"yes"}, user);
  }
  if (const auto group_name = word(service, group, report)) draft.set("group", {*group_name}, group);
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
  if (!value) return report.error(d->place, fmt::format("{} has no value that systemd would take", quoted(*d)));
  if (*value == 0) return report.loss(d->place, fmt::format("{}: 0 leaves the limit as it is here", quoted(*d)));
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

void take_environment(Unit& service, Draft& draft, Report& report) {
  // systemd gives servers little more than these from its own environment.
  std::vector<std::string> names{"PATH", "LANG"};
  const Directive* from = nullptr;
  for (const Directive* d : service.all("Service", "PassEnvironment")) {
    from = d;
    for (const std::string_view name : base::split_words(d->value))
      if (std::find(names.begin(), names.end(), name) == names.end()) names.emplace_back(name);
  }
  draft.set("passenv", names, from);
  std::vector<std::string> variables;
  for (const Directive* d : service.all("Service", "Environment")) {
    from = d;
    const auto value = resolved(service, d->value);
    const auto words = value ? unit_words(*value) : std::nullopt;
    const bool blanks = words && std::any_of(words->begin(), words->end(), [](const std::string& w) {
                          return w.empty() || std::any_of(w.begin(), w.end(), base::is_space);
                        });
    if (!words || blanks)
      report.loss(d->place,
                  fmt::format("{} is not converted: a value has a blank in it, or cannot be read", quoted(*d)));
    else
      variables.insert(variables.end(), words->begin(), words->end());
  }
  if (!variables.empty()) draft.set("env", variables, from);
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
    const std::string why = "its server takes sockets by LISTEN_FDS: it lacks StandardInput=socket";
    report.loss(input ? input->place : service.place, why);
    draft.unfit.push_back(why);
  }
  for (const char* key : {"StandardOutput", "StandardError"}) {
    const Directive* d = service.last("Service", key);
    if (d && d->value != "socket" && d->value != "inherit")
      report.loss(d->place,
                  fmt::format("{}: here it goes to the peer, as the standard input comes from it", quoted(*d)));
  }
}

void take_type(Unit& service, Draft& draft, Report& report) {
  const Directive* type = service.last("Service", "Type");
  if (!type) return;
  for (const std::string_view plain : {"simple", "exec", "oneshot", "idle"})
    if (type->value == plain) return;
  report.loss(type->place, fmt::format("{}: the server is taken to run until its process ends", quoted(*type)));
  draft.unfit.push_back(quoted(*type));
}

}  // namespace

std::optional<std::string> resolved(const Unit& unit, std::string_view value) {
  std::string text;
  for (std::size_t i = 0; i < value.size(); ++i) {
    if (value[i] != '%') {
      text += value[i];
      continue;
    }
    const char what = ++i < value.size() ? value[i] : '\0';
    if (what == '%')
      text += '%';
    else if (what == 'p')
      text += unit.prefix();
    else if ((what == 'n' || what == 'N') && unit.name.find('@') == std::string::npos)
      text += what == 'n' ? unit.name : unit.prefix();
    else
      return std::nullopt;
  }
  return text;
}

void take_relay(Unit& service, const Relay& relay, Draft& draft, Report& report) {
  draft.set("user", {"nobody"}, relay.from);
  for (const char* key : {"User", "Group", "DynamicUser", "Type", "StandardInput"}) service.pass_over("Service", key);
  draft.set("redirect", {relay.host, relay.port}, relay.from);
  draft.set("instances", {relay.most}, relay.from);
  take_numbers(service, draft, report);
  for (const char* key : {"StartLimitIntervalSec", "StartLimitBurst"}) service.pass_over("Unit", key);
}

void take_service(Unit& service, bool accept, Draft& draft, Report& report) {
  take_user(service, draft, report);
  take_command(service, draft, report);
  take_streams(service, draft, report);
  take_type(service, draft, report);
  take_environment(service, draft, report);
  take_numbers(service, draft, report);
  if (const Directive* kill = service.last("Service", "KillMode"); kill && kill->value != "process")
    report.loss(kill->place, fmt::format("{}: only the server itself is ended here", quoted(*kill)));
  if (const Directive* restart = service.last("Service", "Restart"); restart && restart->value != "no")
    report.loss(restart->place, fmt::format("{}: a server is started by a request only", quoted(*restart)));
  // Limits of starts: cps is there for that.
  for (const char* key :
       {"StartLimitIntervalSec", "StartLimitBurst", "CollectMode", "RefuseManualStart", "RefuseManualStop"})
    if (accept || std::string_view(key).starts_with("StartLimit")) service.pass_over("Unit", key);
}

void report_unused(const Unit& unit, Report& report) {
  for (const Directive* d : unit.unused())
    report.loss(d->place, fmt::format("[{}] {} has no equal", shortened(d->section), quoted(*d)));
}

}  // namespace xsuperd::convert
