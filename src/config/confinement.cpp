// SPDX-License-Identifier: MIT
#include "xsuperd/config/confinement.hpp"

#include <algorithm>

#include "xsuperd/base/text.hpp"
#include "xsuperd/config/model.hpp"

namespace xsuperd::config {

namespace {

constexpr std::string_view names[]{
    "CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_DAC_READ_SEARCH", "CAP_FOWNER", "CAP_FSETID", "CAP_KILL", "CAP_SETGID", "CAP_SETUID",
    "CAP_SETPCAP", "CAP_LINUX_IMMUTABLE", "CAP_NET_BIND_SERVICE", "CAP_NET_BROADCAST", "CAP_NET_ADMIN", "CAP_NET_RAW",
    "CAP_IPC_LOCK", "CAP_IPC_OWNER", "CAP_SYS_MODULE", "CAP_SYS_RAWIO", "CAP_SYS_CHROOT", "CAP_SYS_PTRACE", "CAP_SYS_PACCT",
    "CAP_SYS_ADMIN", "CAP_SYS_BOOT", "CAP_SYS_NICE", "CAP_SYS_RESOURCE", "CAP_SYS_TIME", "CAP_SYS_TTY_CONFIG", "CAP_MKNOD",
    "CAP_LEASE", "CAP_AUDIT_WRITE", "CAP_AUDIT_CONTROL", "CAP_SETFCAP", "CAP_MAC_OVERRIDE", "CAP_MAC_ADMIN", "CAP_SYSLOG",
    "CAP_WAKE_ALARM", "CAP_BLOCK_SUSPEND", "CAP_AUDIT_READ", "CAP_PERFMON", "CAP_BPF", "CAP_CHECKPOINT_RESTORE"};

bool is_root(const Service& service) { return service.settings.user && service.settings.user->uid == 0; }

void choose_root(BoxSettings& box, const Settings& s, bool strict) {
  const bool whole = s.read_only_paths && std::ranges::find(*s.read_only_paths, "/") != s.read_only_paths->end();
  if (strict && !whole) box.root = BoxSettings::Root::programs;
  box.root_read_only = strict;
  if (!s.root_directory) return;
  box.root = *s.root_directory == "/" ? BoxSettings::Root::host : BoxSettings::Root::directory;
  if (box.root == BoxSettings::Root::directory) box.directory = *s.root_directory;
}

/// Where the root is a selection, the server is in it wherever it is.
void show_server(BoxSettings& box, const Settings& s) {
  if (box.root == BoxSettings::Root::programs && s.server && !seen_as_program(*s.server)) box.read_only.push_back(*s.server);
  std::ranges::sort(box.read_only);
}

std::optional<std::uint64_t> amount(const std::optional<Limit>& limit) {
  return limit && !limit->is_unlimited() ? std::optional(limit->value) : std::nullopt;
}

std::optional<std::uint32_t> amount(const std::optional<CpuQuota>& quota) {
  return quota && !quota->is_unlimited() ? std::optional(quota->percent) : std::nullopt;
}

void limit(BoxSettings& box, const Settings& s, bool strict) {
  constexpr std::uint64_t tasks_of_strict = 64;
  box.each = {.memory = amount(s.memory_max), .swap = amount(s.swap_max), .tasks = amount(s.tasks_max), .cpu = amount(s.cpu_quota), .weight = s.cpu_weight};
  box.together = {.memory = amount(s.service_memory_max), .tasks = amount(s.service_tasks_max), .cpu = amount(s.service_cpu_quota)};
  box.tasks_of_preset = strict && !s.tasks_max;
  if (box.tasks_of_preset) box.each.tasks = tasks_of_strict;
}

BoxSettings box_of(const Service& service) {
  const Settings& s = service.settings;
  const bool strict = s.sandbox == Sandbox::strict;
  BoxSettings box;
  choose_root(box, s, strict);
  box.read_only = s.read_only_paths.value_or(Words{});
  box.read_write = s.read_write_paths.value_or(Words{});
  box.inaccessible = s.inaccessible_paths.value_or(Words{});
  box.tmp = s.private_tmp.value_or(strict);
  box.devices = s.private_devices.value_or(strict);
  box.network = s.private_network.value_or(strict);
  box.pids = s.private_pids.value_or(strict);
  box.ipc = s.private_ipc.value_or(strict);
  box.own_user = s.dynamic_user.value_or(false);
  box.reuse = s.box_reuse.value_or(false);
  show_server(box, s);
  limit(box, s, strict);
  return box;
}

}  // namespace

std::span<const std::string_view> capability_names() { return names; }

std::optional<unsigned> find_capability(std::string_view name) {
  constexpr std::string_view prefix = "CAP_";
  for (unsigned number = 0; number < std::size(names); ++number)
    if (base::iequals(names[number], name) || base::iequals(names[number].substr(prefix.size()), name)) return number;
  return std::nullopt;
}

bool seen_as_program(std::string_view path) {
  return std::ranges::any_of(program_directories, [&](std::string_view one) { return path.starts_with(one) && path.substr(one.size()).starts_with('/'); });
}

Confinement confinement_of(const Service& service) {
  Confinement c;
  if (!service.starts_programs()) return c;
  const Settings& s = service.settings;
  const bool basic = s.sandbox == Sandbox::basic;
  const bool strict = s.sandbox == Sandbox::strict;
  if (strict || (basic && !is_root(service))) c.capabilities = {false, 0};
  if (basic) c.calls.base = SystemCalls::Base::service;
  if (strict) c.calls.base = SystemCalls::Base::strict;
  c.capabilities = s.capabilities.value_or(c.capabilities);
  c.calls = s.system_calls.value_or(c.calls);
  c.action = s.system_call_action.value_or(c.action);
  c.connect = s.tcp_connect.value_or(c.connect);
  c.box = box_of(service);
  c.user_namespace = s.user_namespace.value_or(false);
  // The kernel takes filters and rules from root only, or from whoever has given up new privileges.
  c.no_new_privileges = s.no_new_privileges.value_or(basic || strict) || !c.calls.is_all() || !c.connect.any;
  return c;
}

}  // namespace xsuperd::config
