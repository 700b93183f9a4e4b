// SPDX-License-Identifier: MIT
#include "xsuperd/config/model.hpp"

#include "xsuperd/base/text.hpp"

namespace xsuperd::config {

std::string Service::libwrap_name() const {
  if (settings.libwrap) return *settings.libwrap;
  if (served_by_us() || !settings.server) return name;
  const bool by_argument = has(Flag::nameinargs) && !argv.empty();
  return std::string(base::last_component(by_argument ? argv.front() : *settings.server));
}

}  // namespace xsuperd::config
