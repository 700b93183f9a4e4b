// SPDX-License-Identifier: MIT
#include "spawn/child.hpp"

#include <cerrno>
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

}  // namespace

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
