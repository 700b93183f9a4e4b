// SPDX-License-Identifier: MIT
#include "xsuperd/cli/check.hpp"

#include <fmt/format.h>

#include <cstdio>

#include "xsuperd/config/examine.hpp"
#include "xsuperd/net/abilities.hpp"

namespace xsuperd::cli {

Checking checking_of(const CommandLine& command) {
  return {command.strict, command.show, command.as_xinetd ? config::Readers::also_xinetd : config::Readers::xsuperd};
}

int check_configuration(const config::Sources& sources, const Checking& how) {
  const std::string& path = sources.path();
  config::SystemFiles files;
  config::SystemNames names;
  const config::Examined examined = config::examine(files, names, sources, net::abilities(), how.readers);
  for (const config::Diagnostic& d : examined.findings) fmt::print(stderr, "{}", config::explained(d));
  if (how.show && examined.loaded.config) fmt::print("{}", config::dump(*examined.loaded.config));
  fmt::print(stderr, "{}: {}\n", path, config::summary(examined));
  if (examined.errors > 0 || !examined.loaded.config) return 2;
  return how.strict && examined.warnings > 0 ? 1 : 0;
}

}  // namespace xsuperd::cli
