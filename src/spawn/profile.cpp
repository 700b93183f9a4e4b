// SPDX-License-Identifier: MIT
#include "spawn/profile.hpp"

#include <linux/seccomp.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "xsuperd/base/fd.hpp"
#include "xsuperd/base/raw_syscall.hpp"
#include "xsuperd/box/filter.hpp"

namespace xsuperd::spawn {

namespace {

using base::raw;

constexpr unsigned capability_numbers = 64;  // more than any kernel has

bool has_bit(std::uint64_t set, unsigned number) { return (set >> number & 1) != 0; }

/// Drops what is not allowed, and looks whether it is gone. Without CAP_SETPCAP it stays, and means nothing, because nothing
/// is gained by exec.
bool cut_bounding_set(std::uint64_t allowed) {
  for (unsigned number = 0; number < capability_numbers; ++number) {
    const int there = ::prctl(PR_CAPBSET_READ, number, 0, 0, 0);
    if (there < 0) break;
    if (there == 0 || has_bit(allowed, number)) continue;
    if (::prctl(PR_CAPBSET_DROP, number, 0, 0, 0) != 0 ? errno != EPERM : ::prctl(PR_CAPBSET_READ, number, 0, 0, 0) != 0) return false;
  }
  return true;
}

bool take_filter(const box::FilterProgram& program) {
  const box::FilterProgram own = box::for_launcher(program);
  const sock_fprog filter{static_cast<unsigned short>(own.size()), const_cast<sock_filter*>(own.data())};
  return own.size() <= BPF_MAXINSNS && ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter) == 0;
}

/// Of all that it needs only setns(2) is denied by some set; the rest was looked at when the recipe was made
/// (box::lets_launch). A clone(2) that fails shows at the first start.
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

bool take_on(const Profile& profile) {
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return false;
  if (profile.bounds.given && !cut_bounding_set(profile.bounds.value)) return false;
  return (!profile.filter || take_filter(*profile.filter)) && works();
}

}  // namespace xsuperd::spawn
