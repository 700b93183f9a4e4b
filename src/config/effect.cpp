// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <algorithm>

#include "xsuperd/base/text.hpp"
#include "xsuperd/config/attribute.hpp"
#include "xsuperd/config/loader.hpp"
#include "xsuperd/config/vocabulary.hpp"

namespace xsuperd::config {

namespace {

constexpr Flag planned_flags[]{Flag::labeled};

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

void look_at(const Service& s, Items& items) {
  for (const Attribute& row : attributes())
    if (row.effect == Effect::planned && row.is_set(s.settings)) items.add(std::string(row.name), s.id);
  for (const Flag flag : planned_flags)
    if (s.has(flag)) items.add(fmt::format("flags = {}", word_of<Flag>(vocabulary<Flag>(), flag)), s.id);
}

}  // namespace

std::vector<std::string> not_in_effect(const Config& config) {
  Items items;
  for (const auto& service : config.services) look_at(*service, items);
  return items.texts();
}

bool served(const Service& service) { return !service.has(Flag::labeled); }

}  // namespace xsuperd::config
