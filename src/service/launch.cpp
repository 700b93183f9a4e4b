// SPDX-License-Identifier: MIT
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "xsuperd/box/filter.hpp"
#include "xsuperd/box/mould.hpp"
#include "xsuperd/net/service_manager.hpp"
#include "xsuperd/service/surroundings.hpp"

namespace xsuperd::service {

namespace {

/// Facts B6.14: 0 leaves the limit alone.
void add_limit(spawn::Recipe& recipe, int resource, const std::optional<config::Limit>& limit) {
  if (!limit || limit->value == 0) return;
  const rlim_t value = limit->is_unlimited() ? RLIM_INFINITY : limit->value;
  recipe.limits.push_back({resource, value, value});
}

/// Of ours: 0 is a limit.
void add_own_limits(spawn::Recipe& recipe, const config::Settings& s) {
  const std::pair<int, const std::optional<config::Limit>&> limits[]{
      {RLIMIT_CORE, s.rlimit_core},         {RLIMIT_FSIZE, s.rlimit_fsize},       {RLIMIT_LOCKS, s.rlimit_locks},
      {RLIMIT_MEMLOCK, s.rlimit_memlock},   {RLIMIT_MSGQUEUE, s.rlimit_msgqueue}, {RLIMIT_NICE, s.rlimit_nice},
      {RLIMIT_NPROC, s.rlimit_nproc},       {RLIMIT_RTPRIO, s.rlimit_rtprio},     {RLIMIT_RTTIME, s.rlimit_rttime},
      {RLIMIT_SIGPENDING, s.rlimit_sigpending}};
  for (const auto& [resource, limit] : limits) {
    if (!limit) continue;
    const rlim_t value = limit->is_unlimited() ? RLIM_INFINITY : limit->value;
    recipe.limits.push_back({resource, value, value});
  }
}

/// Fact B6.13: a server may open as many files as the daemon's hard limit allows.
void add_file_limit(spawn::Recipe& recipe, const config::Settings& s, const DaemonFacts& daemon) {
  if (s.rlimit_files && s.rlimit_files->value != 0 && !s.rlimit_files->is_unlimited())
    return add_limit(recipe, RLIMIT_NOFILE, s.rlimit_files);
  constexpr rlim_t when_infinite = 4096;
  const rlim_t hard = daemon.files.rlim_max == RLIM_INFINITY ? when_infinite : daemon.files.rlim_max;
  recipe.limits.push_back({RLIMIT_NOFILE, hard, hard});
}

std::optional<spawn::Credentials> credentials_of(const config::Service& service, const DaemonFacts& daemon) {
  const config::Settings& s = service.settings;
  if (!s.user && !s.group) return std::nullopt;
  spawn::Credentials c;
  c.uid = s.user ? s.user->uid : ::geteuid();
  c.gid = s.group ? s.group->gid : s.user->gid;
  c.groups = service.supplementary_groups;
  c.set_groups = daemon.root;
  return c;
}

/// Is user 0 whom servers run as?
bool runs_as_root(const spawn::Recipe& recipe, const config::Confinement& c) {
  return !c.box.own_user && (!recipe.credentials || recipe.credentials->uid == 0);
}

spawn::CapabilityBounds bounds_of(const config::CapabilitySet& set, bool as_root) {
  const std::uint64_t named = set.except ? 0 : set.bits;
  return {.allowed = set.allowed(), .required = named, .ambient = !as_root && named != 0};
}

/// Without the program that it should have, it starts no server.
void add_filter(spawn::Recipe& recipe, const config::Confinement& c) {
  using Request = box::FilterRequest;
  using Base = config::SystemCalls::Base;
  const auto base = c.calls.base == Base::all ? Request::Base::all : c.calls.base == Base::service ? Request::Base::service : Request::Base::strict;
  const auto refusal = c.action == config::CallAction::kill ? Request::Action::kill : Request::Action::error;
  const Request request{base, refusal, c.calls.denied, !c.connect.any, recipe.writable_files.has_value(), c.box.network};
  auto filter = box::make_filter(request);
  recipe.inheritable = recipe.inheritable && box::lets_launch(request);
  if (filter)
    recipe.filter = std::move(*filter);
  else
    recipe.filter_error = filter.error().code;
}

/// What servers cannot leave anything in is lent from box to box: without capabilities nobody can configure a network, and
/// the calls of @strict make no objects of System V and no message queues. Who leaves processes behind cannot be told from
/// others without a process namespace.
box::Mould mould_of(const config::Confinement& c, bool as_root) {
  using Own = box::Mould::Own;
  using Root = config::BoxSettings::Root;
  const config::BoxSettings& b = c.box;
  // Root needs no capability for the network's settings where /proc shows them.
  const bool settings_hidden = b.root == Root::programs || b.root_read_only;
  const bool powerless = b.pids && c.capabilities.allowed() == 0 && (!as_root || settings_hidden);
  const bool strict = c.calls.base == config::SystemCalls::Base::strict;
  box::Mould mould;
  mould.root = b.root == Root::host ? box::Mould::Root::host : b.root == Root::programs ? box::Mould::Root::selection : box::Mould::Root::directory;
  mould.directory = b.directory;
  mould.directory_read_only = b.root_read_only;
  if (b.root == Root::programs) mould.trees.assign(std::begin(config::program_directories), std::end(config::program_directories));
  mould.read_only = b.read_only;
  mould.read_write = b.read_write;
  mould.inaccessible = b.inaccessible;
  mould.tmp = b.tmp;
  mould.devices = b.devices;
  mould.pids = b.pids;
  if (b.network) mould.network = powerless ? Own::lent : Own::fresh;
  if (b.ipc) mould.ipc = powerless && strict ? Own::lent : Own::fresh;
  mould.reuse = b.reuse;
  constexpr unsigned ptrace = 19;  // CAP_SYS_PTRACE
  // Root writes the score by which processes are killed for want of memory, which counts for all that share the memory.
  mould.apart = as_root || (c.capabilities.allowed() >> ptrace & 1) != 0;
  return mould;
}

box::Mould::Amounts amounts_of(const config::Amounts& a) {
  constexpr auto unlimited = box::Mould::Amounts::unlimited;
  return {.memory = a.memory.value_or(unlimited),
          .swap = a.swap.value_or(unlimited),
          .tasks = a.tasks.value_or(unlimited),
          .cpu = a.cpu ? std::uint64_t{*a.cpu} : unlimited,
          .weight = a.weight ? std::uint64_t{*a.weight} : unlimited};
}

/// What another attribute allows may be less.
void tighten(spawn::Recipe& recipe, int resource, const std::optional<std::uint64_t>& most) {
  if (!most) return;
  const auto same = std::ranges::find(recipe.limits, resource, &spawn::ResourceLimit::resource);
  if (same == recipe.limits.end())
    recipe.limits.push_back({resource, *most, *most});
  else
    same->soft = same->hard = std::min<rlim_t>(same->hard, *most);
}

/// By its control group, as far as the machine has controllers; the boxes of a service with limits for all of them are its own.
void limit(spawn::Recipe& recipe, box::Mould& mould, const config::Service& service, const config::Confinement& c, const DaemonFacts& daemon) {
  if (!c.box.each.any() && !c.box.together.any()) return;
  const config::KeptLimits kept = config::kept_limits(c.box, daemon.controllers());
  mould.each = amounts_of(kept.each);
  mould.together = amounts_of(kept.together);
  if (mould.together.any()) mould.service = service.id;
  tighten(recipe, RLIMIT_AS, kept.address_space);
  tighten(recipe, RLIMIT_NPROC, kept.processes);
}

/// By rules in place of mounts, if that is to be so.
bool restrict_files(spawn::Recipe& recipe, const config::Confinement& c, const DaemonFacts& daemon) {
  if (!config::kept_by_rules(c, daemon.boxes)) return false;
  if (!c.box.read_only.empty()) recipe.writable_files = config::rules_for_files(c).writable;
  return true;
}

void enclose(spawn::Recipe& recipe, const config::Confinement& c, const config::Service& service, const DaemonFacts& daemon) {
  recipe.own_users = c.user_namespace;
  if (!c.box.needed() || restrict_files(recipe, c, daemon)) return;
  box::Mould mould = mould_of(c, runs_as_root(recipe, c));
  limit(recipe, mould, service, c, daemon);
  recipe.mould = std::make_shared<const box::Mould>(std::move(mould));
  if (!c.box.own_user) return;
  const config::UidRange uids = service.settings.dynamic_uids.value_or(config::UidRange{});
  recipe.own_uids = spawn::OwnUids{uids.first, uids.last};
  recipe.root_inside = recipe.credentials && recipe.credentials->uid == 0;
}

void confine(spawn::Recipe& recipe, const config::Service& service, const DaemonFacts& daemon) {
  const config::Confinement c = config::confinement_of(service);
  enclose(recipe, c, service, daemon);
  recipe.no_new_privileges = c.no_new_privileges;
  recipe.inheritable = c.no_new_privileges;
  if (!c.capabilities.is_all()) recipe.capabilities = bounds_of(c.capabilities, runs_as_root(recipe, c));
  if (!c.connect.any) recipe.connect_ports = c.connect.ports;
  if (!c.calls.is_all()) add_filter(recipe, c);
  recipe.inheritable = recipe.inheritable && (recipe.filter || recipe.capabilities.given);
}

}  // namespace

DaemonFacts DaemonFacts::of_this_process(mode_t umask) {
  DaemonFacts facts;
  facts.root = ::geteuid() == 0;
  facts.priority = ::getpriority(PRIO_PROCESS, 0);
  facts.umask = umask;
  ::getrlimit(RLIMIT_NOFILE, &facts.files);
  return facts;
}

std::shared_ptr<const spawn::Recipe> make_recipe(const config::Service& service, const DaemonFacts& daemon) {
  const config::Settings& s = service.settings;
  auto recipe = std::make_shared<spawn::Recipe>();
  recipe->path = s.server.value_or("");
  recipe->argv = service.argv;
  recipe->environment = service.environment;
  recipe->credentials = credentials_of(service, daemon);
  recipe->umask = s.umask ? s.umask->bits : daemon.umask;
  if (s.nice) recipe->nice = std::clamp(daemon.priority + *s.nice, -20, 19);
  add_file_limit(*recipe, s, daemon);
  add_limit(*recipe, RLIMIT_AS, s.rlimit_as);
  add_limit(*recipe, RLIMIT_CPU, s.rlimit_cpu);
  add_limit(*recipe, RLIMIT_DATA, s.rlimit_data);
  add_limit(*recipe, RLIMIT_RSS, s.rlimit_rss);
  add_limit(*recipe, RLIMIT_STACK, s.rlimit_stack);
  add_own_limits(*recipe, s);
  confine(*recipe, service, daemon);
  if (service.passes_fds()) recipe->listen_name = net::descriptor_name(service.id);
  recipe->blocking_stdio = service.wait;
  return recipe;
}

}  // namespace xsuperd::service
