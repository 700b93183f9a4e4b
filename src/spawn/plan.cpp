// SPDX-License-Identifier: MIT
#include "spawn/child.hpp"

#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <fstream>
#include <limits>

namespace xsuperd::spawn {

namespace {

void add_credentials(ChildPlan& plan, const Credentials& who) {
  plan.set_user = true;
  plan.uid = who.uid;
  plan.set_groups = who.set_groups;
  plan.gid = who.gid;
  plan.groups = who.groups.data();
  plan.group_count = who.groups.size();
}

void add_filter(ChildPlan& plan, const Recipe& recipe) {
  plan.filter_error = recipe.filter_error;
  if (!recipe.filter) return;
  plan.filter = recipe.filter->data();
  plan.filter_length = static_cast<unsigned short>(recipe.filter->size());
  if (recipe.filter->size() > std::numeric_limits<unsigned short>::max()) plan.filter_error = E2BIG;
}

/// Else such as do not exist in our user namespace look like nobody's.
bool all_exist(const char* map) {
  std::ifstream file(map);
  std::uint64_t inside = 1, outside = 1, count = 0;
  return file >> inside >> outside >> count && inside == 0 && outside == 0 && count == std::numeric_limits<std::uint32_t>::max();
}

}  // namespace

Beginning present_ids() {
  Beginning ids;
  uid_t user = 0, effective_user = 0, saved_user = 0;
  gid_t group = 0, effective_group = 0, saved_group = 0;
  const bool known = all_exist("/proc/self/uid_map") && all_exist("/proc/self/gid_map") &&
                     ::getresuid(&user, &effective_user, &saved_user) == 0 &&
                     ::getresgid(&group, &effective_group, &saved_group) == 0;
  if (!known) return ids;
  ids.root = user == 0 && effective_user == 0 && saved_user == 0;
  if (group == effective_group && group == saved_group) ids.gid = group;
  return ids;
}

ChildPlan plan_for(const Recipe& recipe) {
  ChildPlan plan;
  static_cast<Tuning&>(plan) = recipe;
  plan.path = recipe.path.c_str();
  plan.limits = recipe.limits.data();
  plan.limit_count = recipe.limits.size();
  if (recipe.connect_ports) {
    plan.limit_connect = true;
    plan.connect_ports = recipe.connect_ports->data();
    plan.connect_port_count = recipe.connect_ports->size();
  }
  add_filter(plan, recipe);
  if (recipe.credentials) add_credentials(plan, *recipe.credentials);
  return plan;
}

}  // namespace xsuperd::spawn
