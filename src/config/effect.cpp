// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <algorithm>

#include "xsuperd/base/text.hpp"
#include "xsuperd/config/attribute.hpp"
#include "xsuperd/config/loader.hpp"
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

}  // namespace

std::vector<std::string> not_in_effect(const Config& config, const Abilities& abilities) {
  Items items;
  for (const auto& service : config.services) {
    if (service->settings.mdns.value_or(false) && !abilities.mdns)
      items.add("mdns: built without libavahi-client", service->id);
    if (service->has(Flag::labeled) && abilities.labels == Abilities::Labels::not_built)
      items.add("flags = LABELED: built without libselinux, so that they are not opened", service->id);
  }
  return items.texts();
}

std::string hindrance(const Service& service, const Abilities& abilities) {
  if (!service.has(Flag::labeled)) return {};
  switch (abilities.labels) {
    case Abilities::Labels::not_built:
      return "flags = LABELED, and xsuperd was built without libselinux";
    case Abilities::Labels::not_in_kernel:
      return "flags = LABELED, and this kernel has no SELinux";
    case Abilities::Labels::usable:
      break;
  }
  return {};
}

std::vector<Diagnostic> hindered(const Config& config, const Abilities& abilities) {
  std::vector<Diagnostic> found;
  if (abilities.labels != Abilities::Labels::not_in_kernel) return found;
  for (const auto& service : config.services)
    if (const std::string why = hindrance(*service, abilities); !why.empty())
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
