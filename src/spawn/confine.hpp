// SPDX-License-Identifier: MIT
// The steps of the child that take from it what its server is not to have. The rules of child.cpp hold: raw system calls
// and memory of the plan, nothing else. Each returns errno, 0 for success.
#pragma once
#include "spawn/child.hpp"
#include "xsuperd/base/raw_syscall.hpp"

namespace xsuperd::spawn {

using base::error_of;
using base::raw;

int forbid_new_privileges(const ChildPlan& plan);
// Landlock. These need no_new_privileges, and descriptors.
int restrict_writing(const ChildPlan& plan);
int restrict_connect(const ChildPlan& plan);
/// While the child still has the daemon's privileges: takes from the bounding set what is not allowed, and has the change of
/// user leave what is to be passed on. The ways back are shut by verify_ids() even so: that change disables all of them.
int cut_bounding_set(const ChildPlan& plan);
/// The same in a user namespace, where a child has a whole bounding set again; there it takes the place of the other.
int cut_bounding_set_inside(const ChildPlan& plan);
/// Has the bounding set nothing but these?
bool is_bounded(std::uint64_t allowed);
/// As the user that the server has: keeps what is allowed and drops the rest.
int set_capabilities(const ChildPlan& plan);
/// Asks the kernel what is left. EPERM when that is more, or less than required.
int verify_capabilities(const ChildPlan& plan);
/// seccomp. Needs no_new_privileges; to be followed by execve(2) and exit_group(2) only, which every filter lets through.
int install_filter(const ChildPlan& plan);

}  // namespace xsuperd::spawn
