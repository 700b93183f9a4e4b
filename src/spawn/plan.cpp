// SPDX-License-Identifier: MIT
#include "spawn/child.hpp"

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

}  // namespace

ChildPlan plan_for(const Recipe& recipe) {
  ChildPlan plan;
  static_cast<Tuning&>(plan) = recipe;
  plan.path = recipe.path.c_str();
  plan.limits = recipe.limits.data();
  plan.limit_count = recipe.limits.size();
  if (recipe.credentials) add_credentials(plan, *recipe.credentials);
  return plan;
}

}  // namespace xsuperd::spawn
