// SPDX-License-Identifier: MIT
#include "spawn/confine.hpp"

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include <cerrno>
#include <cstdint>

namespace xsuperd::spawn {

namespace {

// Younger than the headers of some systems that we are built on; the same on all architectures that we know of.
constexpr long sys_landlock_create_ruleset = 444, sys_landlock_add_rule = 445, sys_landlock_restrict_self = 446;
constexpr std::uint64_t landlock_connect_tcp = 1U << 1;
constexpr int landlock_path_rule = 1, landlock_port_rule = 2;
/// LANDLOCK_ACCESS_FS_WRITE_FILE and _TRUNCATE, and what is done to directories: to remove and to make, of any kind, and to move.
constexpr std::uint64_t landlock_write_file = 1U << 1 | 1U << 14, landlock_write_directory = 0x3ff0;
struct LandlockRuleset {
  std::uint64_t files, network;
};
struct LandlockPath {
  std::uint64_t allowed;
  std::int32_t at;
} __attribute__((packed));
struct LandlockPort {
  std::uint64_t allowed, port;
};

/// More than any kernel has; prctl says when there are no more.
constexpr unsigned capability_numbers = 64;

struct Capabilities {
  std::uint64_t effective, permitted, inheritable;
};

XSUPERD_IN_CHILD constexpr std::uint64_t whole(std::uint32_t low, std::uint32_t high) { return std::uint64_t{high} << 32 | low; }

XSUPERD_IN_CHILD int read_capabilities(Capabilities& to) {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[2];
  if (const long answer = raw(SYS_capget, &header, &data[0]); answer < 0) return error_of(answer);
  to.effective = whole(data[0].effective, data[1].effective);
  to.permitted = whole(data[0].permitted, data[1].permitted);
  to.inheritable = whole(data[0].inheritable, data[1].inheritable);
  return 0;
}

XSUPERD_IN_CHILD int write_capabilities(const Capabilities& from) {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[2];
  for (int half = 0; half < 2; ++half) {
    data[half].effective = static_cast<std::uint32_t>(from.effective >> (32 * half));
    data[half].permitted = static_cast<std::uint32_t>(from.permitted >> (32 * half));
    data[half].inheritable = static_cast<std::uint32_t>(from.inheritable >> (32 * half));
  }
  return error_of(raw(SYS_capset, &header, &data[0]));
}

XSUPERD_IN_CHILD bool has_bit(std::uint64_t set, unsigned number) { return (set >> number & 1) != 0; }

/// 1 or 0, or -errno: there is no such capability.
XSUPERD_IN_CHILD long ambient(unsigned number) { return raw(SYS_prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, number); }
XSUPERD_IN_CHILD long in_bounding_set(unsigned number) { return raw(SYS_prctl, PR_CAPBSET_READ, number); }

}  // namespace

XSUPERD_IN_CHILD int forbid_new_privileges(const ChildPlan& plan) {
  return plan.no_new_privileges && !plan.inherited ? error_of(raw(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1)) : 0;
}

namespace {

/// To write there, and below.
XSUPERD_IN_CHILD int allow_writing(long rules, const char* path) {
  const long at = raw(SYS_openat, AT_FDCWD, path, O_PATH | O_CLOEXEC);
  if (at < 0) return error_of(at);
  LandlockPath rule{landlock_write_file | landlock_write_directory, static_cast<std::int32_t>(at)};
  int error = error_of(raw(sys_landlock_add_rule, rules, landlock_path_rule, &rule, 0));
  if (error == EINVAL) {  // a file takes the rights of files only
    rule.allowed = landlock_write_file;
    error = error_of(raw(sys_landlock_add_rule, rules, landlock_path_rule, &rule, 0));
  }
  raw(SYS_close, at);
  return error;
}

/// Devices can be written to where they are read-only, too; these are all that servers need.
XSUPERD_IN_CHILD int allow_devices(long rules) {
  for (const char* path : {"/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/tty"}) {
    const int error = allow_writing(rules, path);
    if (error != 0 && error != ENOENT && error != EACCES) return error;
  }
  return 0;
}

}  // namespace

XSUPERD_IN_CHILD int restrict_writing(const ChildPlan& plan) {
  if (plan.writable_files == nullptr) return 0;
  const LandlockRuleset handled{landlock_write_file | landlock_write_directory, 0};
  const long rules = raw(sys_landlock_create_ruleset, &handled, sizeof handled, 0);
  if (rules < 0) return error_of(rules);
  int error = allow_devices(rules);
  for (const char* const* path = plan.writable_files; *path != nullptr && error == 0; ++path) error = allow_writing(rules, *path);
  if (error == 0) error = error_of(raw(sys_landlock_restrict_self, rules, 0));
  raw(SYS_close, rules);
  return error;
}

XSUPERD_IN_CHILD int restrict_connect(const ChildPlan& plan) {
  if (!plan.limit_connect) return 0;
  const LandlockRuleset handled{0, landlock_connect_tcp};
  const long rules = raw(sys_landlock_create_ruleset, &handled, sizeof handled, 0);
  if (rules < 0) return error_of(rules);
  int error = 0;
  for (std::size_t i = 0; i < plan.connect_port_count && error == 0; ++i) {
    const LandlockPort rule{landlock_connect_tcp, plan.connect_ports[i]};
    error = error_of(raw(sys_landlock_add_rule, rules, landlock_port_rule, &rule, 0));
  }
  if (error == 0) error = error_of(raw(sys_landlock_restrict_self, rules, 0));
  raw(SYS_close, rules);
  return error;
}

namespace {

/// `whole`: none of it has been done by our thread.
XSUPERD_IN_CHILD int cut(const ChildPlan& plan, bool whole) {
  if (!plan.capabilities.given) return 0;
  const CapabilityBounds& bounds = plan.capabilities.value;
  for (unsigned number = 0; number < capability_numbers && whole; ++number) {
    const long there = in_bounding_set(number);
    if (there < 0) break;
    if (there == 0 || has_bit(bounds.allowed, number)) continue;
    const int error = error_of(raw(SYS_prctl, PR_CAPBSET_DROP, number));
    // Without CAP_SETPCAP it stays; where nothing is gained by exec, it means nothing.
    if (error != 0 && !(error == EPERM && plan.no_new_privileges)) return error;
  }
  return bounds.ambient ? error_of(raw(SYS_prctl, PR_SET_KEEPCAPS, 1)) : 0;
}

}  // namespace

XSUPERD_IN_CHILD int cut_bounding_set(const ChildPlan& plan) { return plan.users < 0 ? cut(plan, !plan.inherited) : 0; }

XSUPERD_IN_CHILD int cut_bounding_set_inside(const ChildPlan& plan) { return plan.users < 0 ? 0 : cut(plan, true); }

XSUPERD_IN_CHILD bool is_bounded(std::uint64_t allowed) {
  for (unsigned number = 0; number < capability_numbers; ++number)
    if (in_bounding_set(number) == 1 && !has_bit(allowed, number)) return false;
  return true;
}

/// The change of user does not take them away in a user namespace, because who came in is not its root.
XSUPERD_IN_CHILD int drop_capabilities_inside(const ChildPlan& plan) {
  return plan.users < 0 || plan.uid_inside == 0 ? 0 : write_capabilities({0, 0, 0});
}

XSUPERD_IN_CHILD int set_capabilities(const ChildPlan& plan) {
  if (!plan.capabilities.given) return drop_capabilities_inside(plan);
  const CapabilityBounds& bounds = plan.capabilities.value;
  Capabilities own{};
  if (const int error = read_capabilities(own)) return error;
  const std::uint64_t left = own.permitted & bounds.allowed;
  if (const int error = write_capabilities({left, left, bounds.ambient ? left : 0})) return error;
  if (const long answer = raw(SYS_prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL); answer < 0) return error_of(answer);
  if (!bounds.ambient) return 0;
  for (unsigned number = 0; number < capability_numbers; ++number)
    if (has_bit(left, number))
      if (const long answer = raw(SYS_prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, number); answer < 0) return error_of(answer);
  return error_of(raw(SYS_prctl, PR_SET_KEEPCAPS, 0));
}

XSUPERD_IN_CHILD int verify_capabilities(const ChildPlan& plan) {
  if (!plan.capabilities.given) return 0;
  const CapabilityBounds& bounds = plan.capabilities.value;
  Capabilities left{};
  if (const int error = read_capabilities(left)) return error;
  if ((left.permitted & ~bounds.allowed) != 0 || (bounds.required & ~left.permitted) != 0) return EPERM;
  if (left.effective != left.permitted || left.inheritable != (bounds.ambient ? left.permitted : 0)) return EPERM;
  if (plan.inherited && plan.users < 0 && !bounds.ambient) return 0;  // the thread has looked, and ambient ones have been cleared
  for (unsigned number = 0; number < capability_numbers; ++number) {
    const long there = in_bounding_set(number);
    if (there < 0) break;
    if (there == 1 && !has_bit(bounds.allowed, number) && !plan.no_new_privileges) return EPERM;
    if ((ambient(number) == 1) != (bounds.ambient && has_bit(left.permitted, number))) return EPERM;
  }
  return 0;
}

XSUPERD_IN_CHILD int install_filter(const ChildPlan& plan) {
  if (plan.filter_error != 0) return plan.filter_error;
  if (plan.filter == nullptr || plan.inherited) return 0;
  const struct {
    unsigned short length;
    const sock_filter* program;
  } filter{plan.filter_length, plan.filter};
  return error_of(raw(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter));
}

}  // namespace xsuperd::spawn
