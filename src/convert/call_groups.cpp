// SPDX-License-Identifier: MIT
#include "convert/call_groups.hpp"

#include <algorithm>

#include "xsuperd/base/text.hpp"

namespace xsuperd::convert {

namespace {

/// One of systemd's, as `systemd-analyze syscall-filter` lists it.
struct Group {
  std::string_view name;
  bool outside;            ///< none of its calls is in @system-service
  std::string_view calls;  ///< and groups, with blanks between
};
constexpr Group groups[]{
    {"@aio", false,
     "io_cancel io_destroy io_getevents io_pgetevents io_pgetevents_time64 io_setup io_submit io_uring_enter "
     "io_uring_register io_uring_setup"},
    {"@chown", false,
     "chown chown32 fchown fchown32 fchownat lchown lchown32"},
    {"@clock", true,
     "adjtimex clock_adjtime clock_adjtime64 clock_settime clock_settime64 settimeofday"},
    {"@cpu-emulation", true,
     "modify_ldt subpage_prot switch_endian vm86 vm86old"},
    {"@debug", true,
     "lookup_dcookie perf_event_open pidfd_getfd ptrace rtas s390_runtime_instr sys_debug_setcontext"},
    {"@ipc", false,
     "ipc memfd_create mq_getsetattr mq_notify mq_open mq_timedreceive mq_timedreceive_time64 mq_timedsend "
     "mq_timedsend_time64 mq_unlink msgctl msgget msgrcv msgsnd pipe pipe2 process_madvise process_vm_readv "
     "process_vm_writev semctl semget semop semtimedop semtimedop_time64 shmat shmctl shmdt shmget"},
    {"@keyring", false,
     "add_key keyctl request_key"},
    {"@memlock", false,
     "mlock mlock2 mlockall munlock munlockall"},
    {"@module", true,
     "delete_module finit_module init_module"},
    {"@mount", true,
     "chroot fsconfig fsmount fsopen fspick mount mount_setattr move_mount open_tree pivot_root umount umount2 "
     "open_tree_attr"},
    {"@obsolete", true,
     "_sysctl afs_syscall bdflush break create_module ftime get_kernel_syms getpmsg gtty idle lock mpx prof profil putpmsg "
     "query_module security sgetmask ssetmask stime stty sysfs tuxcall ulimit uselib ustat vserver"},
    {"@pkey", true,
     "pkey_alloc pkey_free pkey_mprotect"},
    {"@privileged", false,
     "@chown @clock @module @raw-io @reboot @swap _sysctl acct bpf capset chroot fanotify_init fanotify_mark nfsservctl "
     "open_by_handle_at pivot_root quotactl quotactl_fd setdomainname setfsuid setfsuid32 setgroups setgroups32 "
     "sethostname setresuid setresuid32 setreuid setreuid32 setuid setuid32 vhangup"},
    {"@raw-io", true,
     "ioperm iopl pciconfig_iobase pciconfig_read pciconfig_write s390_pci_mmio_read s390_pci_mmio_write"},
    {"@reboot", true,
     "kexec_file_load kexec_load reboot"},
    {"@resources", false,
     "ioprio_set mbind migrate_pages move_pages nice sched_setaffinity sched_setattr sched_setparam sched_setscheduler "
     "set_mempolicy set_mempolicy_home_node setpriority setrlimit"},
    {"@setuid", false,
     "setgid setgid32 setgroups setgroups32 setregid setregid32 setresgid setresgid32 setresuid setresuid32 setreuid "
     "setreuid32 setuid setuid32"},
    {"@swap", true,
     "swapoff swapon"},
    {"@sync", false,
     "fdatasync fsync msync sync sync_file_range sync_file_range2 syncfs"},
    {"@timer", false,
     "alarm getitimer setitimer timer_create timer_delete timer_getoverrun timer_gettime timer_gettime64 timer_settime "
     "timer_settime64 timerfd_create timerfd_gettime timerfd_gettime64 timerfd_settime timerfd_settime64 times"},
};

constexpr std::string_view beyond_service =
    "chroot fanotify_mark landlock_add_rule landlock_create_ruleset landlock_restrict_self memfd_secret mincore "
    "multiplexer pkey_alloc pkey_free pkey_mprotect process_mrelease rtas s390_guarded_storage s390_sthyi seccomp sgetmask "
    "spu_create spu_run ssetmask subpage_prot switch_endian sys_debug_setcontext sysmips ustat";

constexpr std::string_view within_service =
    "@keyring io_uring_enter io_uring_register io_uring_setup kcmp migrate_pages move_pages process_madvise "
    "process_vm_readv process_vm_writev setns unshare userfaultfd";

std::set<std::string> set_of(std::string_view words) {
  std::set<std::string> all;
  for (const std::string_view word : base::split_words(words)) all.emplace(word);
  return all;
}

const Group* find_group(std::string_view name) {
  const auto* const found = std::ranges::find(groups, name, &Group::name);
  return found == std::end(groups) ? nullptr : found;
}

}  // namespace

std::optional<std::set<std::string>> calls_of_group(std::string_view name, bool of_service) {
  const Group* group = find_group(name);
  if (!group) return std::nullopt;
  std::set<std::string> all;
  for (const std::string& word : set_of(group->calls)) {
    if (!word.starts_with('@')) {
      all.insert(word);
      continue;
    }
    if (of_service && is_outside_system_service(word)) continue;
    auto within = calls_of_group(word, of_service);
    if (within) all.merge(*within);
  }
  return all;
}

bool is_outside_system_service(std::string_view group) {
  const Group* found = find_group(group);
  return found && found->outside;
}

std::set<std::string> left_by_service() { return set_of(beyond_service); }
std::string_view taken_by_service() { return within_service; }

}  // namespace xsuperd::convert
