// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include "ctl/commands.hpp"
#include "ctl/table.hpp"
#include "xsuperd/config/examine.hpp"
#include "xsuperd/control/finding.hpp"
#include "xsuperd/net/abilities.hpp"
#include "xsuperd/net/libwrap.hpp"

namespace xsuperd::ctl {

namespace {

using control::json_text;

config::Sources sources_of(const Arguments& arguments) {
  config::Sources sources;
  sources.style.replaces_tcpd = net::libwrap_available();
  if (arguments.inetd)
    sources.inetd = {arguments.words.empty() ? "/etc/inetd.conf" : arguments.words[0]};
  else
    sources.main = arguments.words.empty() ? "/etc/xinetd.conf" : arguments.words[0];
  return sources;
}

json::object json_of(const config::Examined& e, const std::string& path) {
  json::array findings;
  for (const config::Diagnostic& d : e.findings) findings.push_back(control::json_finding(d));
  return {{"path", json_text(path)}, {"services", e.services}, {"disabled", e.disabled}, {"refused", e.refused},
          {"errors", e.errors},      {"warnings", e.warnings}, {"findings", std::move(findings)}};
}

}  // namespace

Exit check(const Arguments& arguments, std::FILE* out, std::FILE*) {
  const config::Sources sources = sources_of(arguments);
  config::SystemFiles files;
  config::SystemNames names;
  const config::Examined examined = config::examine(files, names, sources, net::abilities());
  if (arguments.json) {
    fmt::print(out, "{}\n", json::serialize(json_of(examined, sources.path())));
  } else {
    for (const config::Diagnostic& d : examined.findings) fmt::print(out, "{}", config::explained(d));
    fmt::print(out, "{}: {}\n", fit_for_terminal(sources.path()), config::summary(examined));
  }
  const bool bad = examined.errors > 0 || !examined.loaded.config || (arguments.strict && examined.warnings > 0);
  return bad ? Exit::configuration : Exit::good;
}

}  // namespace xsuperd::ctl
