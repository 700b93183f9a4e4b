// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include "ctl/answers.hpp"
#include "ctl/commands.hpp"
#include "ctl/counted_files.hpp"
#include "ctl/failure.hpp"
#include "ctl/table.hpp"
#include "xsuperd/config/examine.hpp"
#include "xsuperd/control/finding.hpp"
#include "xsuperd/net/abilities.hpp"
#include "xsuperd/net/libwrap.hpp"

namespace xsuperd::ctl {

namespace {

config::Sources sources_of(const Arguments& arguments) {
  config::Sources sources;
  sources.style.replaces_tcpd = net::libwrap_available();
  if (arguments.inetd)
    sources.inetd = {arguments.words.empty() ? "/etc/inetd.conf" : arguments.words[0]};
  else
    sources.main = arguments.words.empty() ? "/etc/xinetd.conf" : arguments.words[0];
  return sources;
}

told::Check told_of(const config::Examined& e, const std::string& path) {
  told::Check all{path, e.services, e.disabled, e.refused, e.errors, e.warnings, {}};
  for (const config::Diagnostic& d : e.findings) all.findings.push_back(control::finding_of(d));
  return all;
}

}  // namespace

Exit check(const Arguments& arguments, std::FILE* out, std::FILE* err) {
  if (arguments.inetd && arguments.as_xinetd)
    return static_cast<Exit>(usage({out, err, arguments.json}, "--inetd and --as-xinetd cannot be combined", "check"));
  const config::Sources sources = sources_of(arguments);
  Progress progress(err, "checking " + sources.path(), "file");
  CountedFiles files(progress);
  config::SystemNames names;
  const auto readers = arguments.as_xinetd ? config::Readers::also_xinetd : config::Readers::xsuperd;
  const config::Examined examined = config::examine(files, names, sources, net::abilities(), readers);
  progress.end();
  if (arguments.json) {
    fmt::print(out, "{}\n", json::serialize(control::write(told_of(examined, sources.path()))));
  } else {
    for (const config::Diagnostic& d : examined.findings) fmt::print(out, "{}", config::explained(d));
    fmt::print(out, "{}: {}\n", fit_for_terminal(sources.path()), config::summary(examined));
  }
  const bool bad = examined.errors > 0 || !examined.loaded.config || (arguments.strict && examined.warnings > 0);
  return bad ? Exit::configuration : Exit::good;
}

}  // namespace xsuperd::ctl
