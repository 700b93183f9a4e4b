// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include "xsuperd/config/attribute.hpp"
#include "xsuperd/config/loader.hpp"

namespace xsuperd::config {

std::string dump(const Settings& settings, std::string_view indent) {
  std::string text;
  for (const Attribute& row : attributes()) {
    if (!row.is_set(settings)) continue;
    const std::string values = row.print(settings);
    // flags and type may be empty after completion, but an empty list of words cannot be written.
    if (values.empty() && row.least > 0) continue;
    fmt::format_to(std::back_inserter(text), "{}{:<15} ={}{}\n", indent, row.name, values.empty() ? "" : " ", values);
  }
  return text;
}

std::string dump(const Config& config) {
  std::string text = fmt::format("defaults\n{{\n{}}}\n", dump(config.defaults));
  for (const auto& service : config.services)
    fmt::format_to(std::back_inserter(text), "\n# {}:{}\nservice {}\n{{\n{}}}\n", service->place.file,
                   service->place.line, service->name, dump(service->settings));
  return text;
}

}  // namespace xsuperd::config
