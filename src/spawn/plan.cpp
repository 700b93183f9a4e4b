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
  plan.path = recipe.path.c_str();
  plan.limits = recipe.limits.data();
  plan.limit_count = recipe.limits.size();
  if (recipe.credentials) add_credentials(plan, *recipe.credentials);
  plan.set_umask = recipe.umask.has_value();
  plan.umask = recipe.umask.value_or(0);
  plan.set_nice = recipe.nice.has_value();
  plan.nice = recipe.nice.value_or(0);
  return plan;
}

}  // namespace xsuperd::spawn
