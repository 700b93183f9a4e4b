// SPDX-License-Identifier: MIT
#include "spawn/profile.hpp"

#include <linux/bpf_common.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "spawn/confine.hpp"
#include "xsuperd/base/fd.hpp"
#include "xsuperd/box/filter.hpp"

namespace xsuperd::spawn {

namespace {

/// What the sets deny of all that it needs has a pass, and setns(2) stands for it; the rest was looked at when the recipe was
/// made (box::lets_launch).
bool works() {
  const base::Fd self(static_cast<int>(::syscall(SYS_pidfd_open, ::getpid(), 0U)));
  return ::geteuid() != 0 || !self || raw(SYS_setns, self.get(), CLONE_NEWPID, 0, 0, 0, box::pass()) == 0;
}

}  // namespace

Profile Profile::of(const Recipe& recipe) {
  Profile profile{recipe.filter, {}};
  if (recipe.capabilities.given) profile.bounds = recipe.capabilities.value.allowed;
  return profile;
}

/// By the steps of the child, which a thread can take as well.
bool take_on(const Profile& profile) {
  ChildPlan plan;
  plan.no_new_privileges = true;
  if (profile.bounds.given) plan.capabilities = CapabilityBounds{.allowed = profile.bounds.value};
  box::FilterProgram own;
  if (profile.filter) own = box::for_launcher(*profile.filter);
  if (own.size() > BPF_MAXINSNS) return false;
  plan.filter = own.empty() ? nullptr : own.data();
  plan.filter_length = static_cast<unsigned short>(own.size());
  if (forbid_new_privileges(plan) != 0 || cut_bounding_set(plan) != 0) return false;
  if (profile.bounds.given && ::geteuid() == 0 && !is_bounded(profile.bounds.value)) return false;
  return install_filter(plan) == 0 && works();
}

}  // namespace xsuperd::spawn
