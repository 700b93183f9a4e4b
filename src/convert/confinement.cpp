// SPDX-License-Identifier: MIT
// What a server may do, as systemd.exec(5) says it.
#include <fmt/format.h>

#include "convert/box_words.hpp"
#include "convert/call_groups.hpp"
#include "convert/units.hpp"
#include "xsuperd/base/text.hpp"
#include "xsuperd/config/attribute.hpp"

namespace xsuperd::convert {

namespace {

using config::SystemCalls;

bool given(const UnitContext& c, std::string_view attribute) {
  return config::find_attribute(attribute)->is_set(c.service.settings);
}
/// The attribute that has brought it about.
std::string_view author(const UnitContext& c, std::string_view attribute) { return given(c, attribute) ? attribute : "sandbox"; }

std::string names_of(const config::CapabilitySet& set) {
  std::vector<std::string> names;
  for (unsigned number = 0; number < config::capability_names().size(); ++number)
    if ((set.bits >> number & 1) != 0) names.emplace_back(config::capability_names()[number]);
  return base::join(names);
}

/// Those that are named are given to another user than root, too.
void write_capabilities(const UnitContext& c, const config::CapabilitySet& set, UnitText& unit) {
  if (set.is_all()) return;
  const std::string names = names_of(set);
  unit.set("CapabilityBoundingSet", (set.except ? "~" : "") + names);
  const bool root = c.service.settings.user && c.service.settings.user->uid == 0;
  if (!root && !set.except && set.bits != 0) unit.set("AmbientCapabilities", names);
}

/// @system-service without what @service takes away; what @service denies by the arguments of calls has directives of its own.
void write_service_set(const UnitContext& c, UnitText& unit) {
  unit.set("SystemCallFilter", "@system-service");
  unit.set("SystemCallFilter", fmt::format("~{}", taken_by_service()));
  unit.set_switch("RestrictNamespaces", true);
  unit.set_switch("LockPersonality", true);
  c.loss(author(c, "system_calls"),
         "system_calls: @system-service lists what is allowed, and some calls that @service leaves are not on it; TIOCSTI and "
         "TIOCLINUX, which put characters into the input of a terminal, are not denied");
}

void write_calls(const UnitContext& c, const config::Confinement& confinement, UnitText& unit) {
  const SystemCalls& calls = confinement.calls;
  if (calls.is_all()) return;
  if (calls.base != SystemCalls::Base::all) write_service_set(c, unit);
  if (!calls.denied.empty()) unit.set("SystemCallFilter", "~" + base::join(calls.denied));
  // A call that is denied ends the process unless there is a number.
  if (confinement.action == config::CallAction::error) unit.set("SystemCallErrorNumber", "EPERM");
  unit.set("SystemCallArchitectures", "native");
  if (calls.base != SystemCalls::Base::strict) return;
  c.loss(author(c, "system_calls"), "system_calls: systemd has no set as small as @strict; @system-service is written");
  c.unprotected.emplace_back("system_calls");
}

void write_box(const UnitContext& c, UnitText& unit) {
  for (const BoxWord& word : box_words()) {
    const config::Attribute* row = config::find_attribute(word.attribute);
    if (row && row->is_set(c.service.settings)) unit.set(word.directive, directive_value(word, row->print(c.service.settings)));
  }
}

/// PrivateUsers= leaves root in its namespace, and programs that are set-user-ID could become root, to whom the host's files
/// belong.
void write_users(const UnitContext& c, const config::Confinement& confinement, UnitText& unit) {
  if (confinement.box.own_user) unit.set_switch("DynamicUser", true);
  if (!confinement.user_namespace) return;
  unit.set_switch("PrivateUsers", true);
  if (confinement.no_new_privileges) return;
  unit.set_switch("NoNewPrivileges", true);
  c.note("user_namespace", "user_namespace: root exists in the namespace of PrivateUsers=, so NoNewPrivileges=yes keeps set-user-ID programs from becoming root");
}

}  // namespace

void write_confinement(const UnitContext& c, UnitText& unit) {
  if (!c.service.starts_programs()) return;
  const config::Confinement confinement = config::confinement_of(c.service);
  if (confinement.no_new_privileges || given(c, "no_new_privileges"))
    unit.set_switch("NoNewPrivileges", confinement.no_new_privileges);
  write_capabilities(c, confinement.capabilities, unit);
  write_calls(c, confinement, unit);
  write_box(c, unit);
  write_users(c, confinement, unit);
}

}  // namespace xsuperd::convert
