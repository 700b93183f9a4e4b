// SPDX-License-Identifier: MIT
#include "convert/origins.hpp"

#include <optional>

#include "xsuperd/config/attribute.hpp"

namespace xsuperd::convert {

namespace {
std::optional<config::Place> find(const config::Entry& entry, std::string_view attribute) {
  std::optional<config::Place> place;
  for (const config::Assignment& a : entry.assignments)
    if (const auto* row = config::find_attribute(a.name); row && row->name == attribute)
      place = config::Place{entry.place.file, a.line, a.column};
  return place;
}
}  // namespace

Origins::Origins(const std::map<std::string, std::string>& texts) {
  config::Diagnostics ignored;
  for (const auto& [file, text] : texts)
    for (config::Entry& entry : config::parse(text, file, ignored).entries) {
      if (entry.kind == config::Entry::Kind::defaults)
        defaults_ = std::move(entry);
      else if (entry.kind == config::Entry::Kind::service)
        services_[{file, entry.place.line}] = std::move(entry);
    }
}

config::Place Origins::of(const config::Service& service, std::string_view attribute) const {
  const auto own = services_.find({service.place.file, service.place.line});
  if (own == services_.end()) return service.place;
  if (const auto place = find(own->second, attribute)) return *place;
  return find(defaults_, attribute).value_or(service.place);
}

}  // namespace xsuperd::convert
