// SPDX-License-Identifier: MIT
// The system calls themselves: libc's functions of these names change all threads (nptl(7)).
#include "net/acting_as.hpp"

#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

namespace xsuperd::net {

namespace {

// Where these exist, the plain names take ids of 16 bits.
#ifdef SYS_setresuid32
constexpr long sys_setgroups = SYS_setgroups32, sys_getgroups = SYS_getgroups32, sys_setresgid = SYS_setresgid32,
               sys_setresuid = SYS_setresuid32;
#else
constexpr long sys_setgroups = SYS_setgroups, sys_getgroups = SYS_getgroups, sys_setresgid = SYS_setresgid,
               sys_setresuid = SYS_setresuid;
#endif

constexpr auto as_is = static_cast<unsigned>(-1);

int set_groups(const std::vector<gid_t>& groups) {
  return ::syscall(sys_setgroups, groups.size(), groups.data()) == 0 ? 0 : errno;
}
int set_group(gid_t group) { return ::syscall(sys_setresgid, as_is, group, as_is) == 0 ? 0 : errno; }
int set_user(uid_t user) { return ::syscall(sys_setresuid, as_is, user, as_is) == 0 ? 0 : errno; }

/// A change of effective ids makes the kernel set the flag that says who may look into our memory, and whether it is dumped,
/// to fs.suid_dumpable. As after a server's start, nobody may.
void stay_closed() { ::prctl(PR_SET_DUMPABLE, 0); }

std::uint64_t effective_capabilities() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3]{};
  if (::syscall(SYS_capget, &header, data) != 0) return ~std::uint64_t{0};
  return data[0].effective | static_cast<std::uint64_t>(data[1].effective) << 32;
}

}  // namespace

ActingAs::Ids ActingAs::present() {
  Ids ids{::geteuid(), ::getegid(), {}, effective_capabilities()};
  const long count = ::syscall(sys_getgroups, 0, nullptr);
  ids.groups.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
  if (!ids.groups.empty()) ::syscall(sys_getgroups, ids.groups.size(), ids.groups.data());
  return ids;
}

ActingAs::ActingAs(const ConnectAs& who) : before_(present()), error_(become(who)) {}

/// Groups first, while it may; the privileges of root go with the user.
int ActingAs::become(const ConnectAs& who) {
  stay_closed();
  int error = set_groups(who.groups);
  if (error == 0) error = set_group(who.group);
  if (error == 0) error = set_user(who.user);
  stay_closed();
  if (error != 0) return error;
  if (::geteuid() != who.user || ::getegid() != who.group) return EPERM;
  // Security bits (capabilities(7)) may let them stay: then the kernel would let it in anywhere.
  return who.user != 0 && effective_capabilities() != 0 ? EPERM : 0;
}

bool ActingAs::restore() {
  if (!changed_) return true;
  changed_ = false;
  (void)set_user(before_.user);  // whatever these say: what counts is what came of it
  (void)set_group(before_.group);
  (void)set_groups(before_.groups);
  stay_closed();
  try {
    return present() == before_;
  } catch (const std::exception&) {  // no memory to compare with
    return false;
  }
}

}  // namespace xsuperd::net
