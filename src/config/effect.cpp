// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "xsuperd/base/text.hpp"
#include "xsuperd/config/attribute.hpp"
#include "xsuperd/config/loader.hpp"
#include "xsuperd/config/store_address.hpp"
#include "xsuperd/config/vocabulary.hpp"

namespace xsuperd::config {

namespace {

/// Items with the services that ask for them.
class Items {
 public:
  void add(std::string what, const std::string& id) {
    const auto found = std::find_if(items_.begin(), items_.end(), [&](const auto& i) { return i.what == what; });
    if (found == items_.end())
      items_.push_back({std::move(what), {id}});
    else
      found->ids.push_back(id);
  }
  [[nodiscard]] std::vector<std::string> texts() const {
    std::vector<std::string> result;
    for (const Item& item : items_) result.push_back(fmt::format("{} ({})", item.what, base::join(item.ids)));
    return result;
  }

 private:
  struct Item {
    std::string what;
    Words ids;
  };
  std::vector<Item> items_;
};

using Labels = Abilities::Labels;
using Mdns = Abilities::Mdns;
using Ranges = Abilities::Ranges;
using Filters = Abilities::Filters;
using Connects = Abilities::Connects;
using Boxes = Abilities::Boxes;
using UserNamespaces = Abilities::UserNamespaces;
using Controllers = Abilities::Controllers;
using Nftables = Abilities::Nftables;

/// Of a service with the flag LABELED.
std::string hindrance(Labels labels) {
  switch (labels) {
    case Labels::not_built:
      return "flags = LABELED, and xsuperd was built without libselinux";
    case Labels::not_loaded:
      return "flags = LABELED, and libselinux cannot be loaded";
    case Labels::not_in_kernel:
      return "flags = LABELED, and this kernel has no SELinux";
    case Labels::usable:
      break;
  }
  return {};
}

bool filters_calls(const Service& service) { return !confinement_of(service).calls.is_all(); }
bool limits_connects(const Service& service) { return !confinement_of(service).connect.any; }

bool has_box(const Service& service) { return confinement_of(service).box.needed(); }

/// Of a service whose servers have boxes.
std::string hindrance(Boxes boxes) {
  switch (boxes) {
    case Boxes::not_root:
      return "its servers have boxes, which only root can make";
    case Boxes::not_permitted:
      return "its servers have boxes, and this machine or container permits no namespaces or mounts";
    case Boxes::not_in_kernel:
      return "its servers have boxes, and this kernel cannot enter their namespaces (Linux 5.12)";
    case Boxes::usable:
      break;
  }
  return {};
}

/// Of a service with user_namespace = yes.
std::string hindrance(UserNamespaces spaces) {
  switch (spaces) {
    case UserNamespaces::not_root:
      return "user_namespace, and only root can make one for its servers";
    case UserNamespaces::not_permitted:
      return "user_namespace, and this machine or container permits none (user.max_user_namespaces may be 0)";
    case UserNamespaces::not_in_kernel:
      return "user_namespace, and this kernel has none";
    case UserNamespaces::usable:
      break;
  }
  return {};
}

/// What keeps the paths of a service without boxes from being kept by Landlock; empty: nothing.
std::string hindrance_of_rules(const Confinement& c, const Abilities& abilities) {
  const RulesForFiles rules = rules_for_files(c);
  if (!rules.inexpressible.empty()) return rules.inexpressible;
  return abilities.file_rules() == Abilities::FileRules::usable ? "" : "this kernel has no Landlock rules for truncating files (Linux 6.2)";
}

/// Of a service that is to have boxes.
std::string hindrance_of_box(const Confinement& c, const Abilities& abilities) {
  std::string why = hindrance(abilities.boxes());
  if (why.empty() || !rules_for_files(c).paths_only) return why;
  const std::string also = hindrance_of_rules(c, abilities);
  return also.empty() ? "" : fmt::format("{}; {}", why, also);
}

/// Of limits that nothing but a control group keeps.
std::string without(std::string_view what, Controllers::State state) {
  const bool there = state == Controllers::State::not_permitted;
  return fmt::format("{}, and {}", what, there ? "the control group of the daemon is not delegated to it (Delegate=yes)" : "this machine has no controller for it in cgroup v2");
}

/// The first limit of a service that cannot be kept; empty when all can.
std::string unkept(const BoxSettings& box, const Controllers& controllers) {
  constexpr auto usable = Controllers::State::usable;
  const bool tasks = box.each.tasks && !box.tasks_of_preset && !box.own_user;
  if (controllers.memory != usable && box.together.memory) return without("service_memory_max", controllers.memory);
  if (controllers.memory != usable && box.each.swap) return without("swap_max", controllers.memory);
  if (controllers.tasks != usable && tasks) return without("tasks_max without dynamic_user", controllers.tasks);
  if (controllers.tasks != usable && box.together.tasks) return without("service_tasks_max", controllers.tasks);
  if (controllers.cpu != usable && box.each.cpu) return without("cpu_quota", controllers.cpu);
  if (controllers.cpu != usable && box.each.weight) return without("cpu_weight", controllers.cpu);
  if (controllers.cpu != usable && box.together.cpu) return without("service_cpu_quota", controllers.cpu);
  return {};
}

/// Asked of nobody else: an answer takes reading files.
bool has_limits(const BoxSettings& box) { return box.each.any() || box.together.any(); }

/// Those for which something else stands in.
void add_substitutes(Items& items, const Service& service, const Abilities& abilities) {
  const Confinement confinement = confinement_of(service);
  const BoxSettings& box = confinement.box;
  if (!box.read_only.empty() && kept_by_rules(confinement, abilities.boxes))
    items.add("read_only_paths: without a box Landlock keeps it, and nobody changes mode, owner and times of files", service.id);
  if (!has_limits(box)) return;
  const KeptLimits kept = kept_limits(box, abilities.controllers());
  if (!kept.missing.empty()) return;
  if (kept.address_space) items.add("memory_max: without a control group it holds for each process by itself, as rlimit_as", service.id);
  if (kept.processes && !box.tasks_of_preset) items.add("tasks_max: without a control group it holds for the user id of the box, as rlimit_nproc", service.id);
}

/// Of a service whose system calls are filtered.
std::string hindrance(Filters filters) {
  switch (filters) {
    case Filters::not_built:
      return "system_calls, and xsuperd was built without libseccomp";
    case Filters::not_loaded:
      return "system_calls, and libseccomp cannot be loaded";
    case Filters::not_in_kernel:
      return "system_calls, and this kernel has no filters for them (seccomp)";
    case Filters::usable:
      break;
  }
  return {};
}

/// Of ban_nft.
std::string hindrance(Nftables nftables) {
  switch (nftables) {
    case Nftables::not_built:
      return "ban_nft: built without libnftables";
    case Nftables::not_loaded:
      return "ban_nft: libnftables cannot be loaded";
    case Nftables::not_permitted:
      return "ban_nft: it needs the capability CAP_NET_ADMIN";
    case Nftables::not_in_kernel:
      return "ban_nft: this kernel has no nftables";
    case Nftables::usable:
      break;
  }
  return {};
}

bool is_range(const ListenSpec& place) { return place.kind == ListenSpec::Kind::range; }

bool has_range(const Service& service) { return std::ranges::any_of(service.places(), is_range); }

/// Has it no other places, and what of them is not in the kernel?
bool without_place(const Service& service, const Abilities& abilities) {
  const auto places = service.places();
  return !places.empty() && std::ranges::all_of(places, is_range) && abilities.ranges() == Ranges::not_in_kernel;
}

/// This kernel has not got what a service cannot be opened without.
std::string hindrance_in_kernel(const Service& service, const Abilities& abilities) {
  if (service.has(Flag::labeled) && abilities.labels() == Labels::not_in_kernel) return hindrance(Labels::not_in_kernel);
  if (filters_calls(service) && abilities.filters() == Filters::not_in_kernel) return hindrance(Filters::not_in_kernel);
  if (limits_connects(service) && abilities.connects() == Connects::not_in_kernel)
    return "tcp_connect, and this kernel has no Landlock rules for TCP (Linux 6.7)";
  if (has_box(service))
    if (auto why = hindrance_of_box(confinement_of(service), abilities); !why.empty()) return why;
  if (confinement_of(service).user_namespace)
    if (auto why = hindrance(abilities.user_namespaces()); !why.empty()) return why;
  if (const BoxSettings box = confinement_of(service).box; has_limits(box))
    if (auto why = unkept(box, abilities.controllers()); !why.empty()) return why;
  if (without_place(service, abilities))
    return "listen = any:..., and this kernel has no BPF programs that look up sockets (Linux 5.9)";
  return {};
}

}  // namespace

KeptLimits kept_limits(const BoxSettings& box, const Abilities::Controllers& controllers) {
  constexpr auto usable = Controllers::State::usable;
  KeptLimits kept{.each = box.each, .together = box.together, .missing = unkept(box, controllers)};
  if (controllers.memory != usable) {
    kept.address_space = std::exchange(kept.each.memory, std::nullopt);
    kept.each.swap.reset();
    kept.together.memory.reset();
  }
  if (controllers.tasks != usable) {
    if (box.own_user) kept.processes = kept.each.tasks;
    kept.each.tasks.reset();
    kept.together.tasks.reset();
  }
  if (controllers.cpu != usable) {
    kept.each.cpu.reset();
    kept.each.weight.reset();
    kept.together.cpu.reset();
  }
  return kept;
}

namespace {

/// Without a store nobody is told of other hosts.
void add_fleet_limits(Items& items, const Service& service, bool shared) {
  if (shared) return;
  const Settings& s = service.settings;
  if (s.fleet_per_source && !s.fleet_per_source->is_unlimited()) items.add("fleet_per_source: it needs ban_share in the defaults", service.id);
  if (s.fleet_rate && !s.fleet_rate->is_unlimited()) items.add("fleet_rate: it needs ban_share in the defaults", service.id);
}

}  // namespace

std::vector<std::string> not_in_effect(const Config& config, const Abilities& abilities) {
  Items items;
  const bool shared = config.defaults.ban_share && !config.defaults.ban_share->empty();
  if (config.defaults.ban_nft)
    if (std::string why = hindrance(abilities.nftables()); !why.empty()) items.add(std::move(why), "defaults");
  if (shared && !can_share_bans()) items.add("ban_share: built without hiredis", "defaults");
  for (const auto& service : config.services) {
    const Mdns mdns = service->settings.mdns.value_or(false) ? abilities.mdns() : Mdns::usable;
    if (mdns == Mdns::not_built) items.add("mdns: built without libavahi-client", service->id);
    if (mdns == Mdns::not_loaded) items.add("mdns: libavahi-client cannot be loaded", service->id);
    const Labels labels = service->has(Flag::labeled) ? abilities.labels() : Labels::usable;
    if (labels == Labels::not_built)
      items.add("flags = LABELED: built without libselinux, so they are not opened", service->id);
    if (labels == Labels::not_loaded)
      items.add("flags = LABELED: libselinux cannot be loaded, so they are not opened", service->id);
    const Filters filters = filters_calls(*service) ? abilities.filters() : Filters::usable;
    if (filters == Filters::not_built) items.add("system_calls: built without libseccomp, so they are not opened", service->id);
    if (filters == Filters::not_loaded) items.add("system_calls: libseccomp cannot be loaded, so they are not opened", service->id);
    if (service->tls() && !service->served_by_us() && abilities.pairs() == Abilities::Pairs::unix_sockets)
      items.add("tls: it needs the capabilities CAP_SYS_ADMIN and CAP_NET_ADMIN; servers get UNIX sockets, which do not tell the peer's address", service->id);
    if (has_range(*service) && abilities.ranges() == Ranges::not_permitted)
      items.add("listen = any:...: it needs the capabilities CAP_NET_ADMIN and CAP_BPF", service->id);
    if (shows_real_peer(*service) && abilities.pairs() == Abilities::Pairs::unix_sockets)
      items.add("real_peer: it needs the capabilities CAP_SYS_ADMIN and CAP_NET_ADMIN; servers get UNIX sockets, which do not tell the peer's address", service->id);
    add_fleet_limits(items, *service, shared);
    add_substitutes(items, *service, abilities);
  }
  return items.texts();
}

std::string hindrance(const Service& service, const Abilities& abilities) {
  if (!service.waits_for.empty()) return fmt::format("{} has no address yet", service.waits_for);
  if (auto why = hindrance_in_kernel(service, abilities); !why.empty()) return why;
  if (service.has(Flag::labeled))
    if (auto why = hindrance(abilities.labels()); !why.empty()) return why;
  return filters_calls(service) ? hindrance(abilities.filters()) : std::string{};
}

std::vector<Diagnostic> hindered(const Config& config, const Abilities& abilities) {
  std::vector<Diagnostic> found;
  for (const auto& service : config.services)
    if (const std::string why = hindrance_in_kernel(*service, abilities); !why.empty())
      found.push_back({Level::error,
                       service->place,
                       fmt::format("Service {} is not opened: {}", service->id, why),
                       {},
                       1,
                       {},
                       service->id});
  return found;
}

}  // namespace xsuperd::config
