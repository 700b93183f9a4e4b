// SPDX-License-Identifier: MIT
#include "xsuperd/cli/explain.hpp"

#include <fmt/format.h>

#include <chrono>
#include <cstdio>

#include "xsuperd/base/text.hpp"
#include "xsuperd/cli/sources.hpp"
#include "xsuperd/config/loader.hpp"
#include "xsuperd/net/abilities.hpp"
#include "xsuperd/policy/absence.hpp"
#include "xsuperd/policy/explain.hpp"

namespace xsuperd::cli {

Explanation explain(const config::Config& config, const Inquiry& inquiry, net::NameSource& names) {
  using Outcome = Explanation::Outcome;
  Explanation result;
  for (const auto& service : config.services) {
    if (!policy::is_meant(service->id, service->name, inquiry.service)) continue;
    const policy::Inquiry asked{inquiry.peer, inquiry.at, inquiry.process_limit,
                                config::hindrance(*service, net::abilities()), {}, inquiry.groups};
    const policy::Policy compiled(service);
    policy::PeerName name;
    policy::Explanation one = policy::explain(compiled, asked, name);
    if (one.needs_name) {
      name = net::peer_name(names, inquiry.peer.unmapped(), [] { return true; });
      one = policy::explain(compiled, asked, name);
    }
    result.text += policy::explanation_text(*service, asked, one);
    const bool first = result.outcome == Outcome::no_such_service;
    if (first || !one.admitted) result.outcome = one.admitted ? Outcome::admitted : Outcome::refused;
  }
  for (const config::Absent& absent : config.absent)
    if (policy::is_meant(absent.id, absent.name, inquiry.service)) result.text += policy::absence_text(absent);
  if (result.text.empty())
    result.text = fmt::format("no service is named {}\n", base::escaped(inquiry.service, 200));
  return result;
}

namespace {

int fail(const std::string& sentence) {
  fmt::print(stderr, "xsuperd: {}\n", sentence);
  return 2;
}

}  // namespace

int explain_access(const CommandLine& command) {
  const CommandLine::Explain& words = command.explain.value();
  const auto peer = base::parse_peer(words.address);
  if (!peer) return fail(fmt::format("'{}' is not a valid address", base::escaped(words.address, 200)));
  Inquiry inquiry{words.service, *peer, base::local_time(std::chrono::system_clock::now()), command.limit, {}};
  if (words.time && !policy::set_clock(*words.time, inquiry.at))
    return fail(fmt::format("invalid time '{}' (expected H:MM)", *words.time));
  config::SystemFiles files;
  config::SystemNames names;
  if (peer->is_local()) inquiry.groups = config::groups_of_user(names, peer->uid());
  const config::Loaded loaded = config::load(files, names, sources_of(command));
  if (!loaded.config) {
    for (const config::Diagnostic& d : loaded.diagnostics.all())
      if (d.level <= config::Level::error) fmt::print(stderr, "{}", config::explained(d));
    return fail(fmt::format("{} cannot be used", sources_of(command).path()));
  }
  if (const auto errors = loaded.diagnostics.count(config::Level::error); errors > 0)
    fmt::print(stderr, "{}: {} errors; -t alone lists them\n", sources_of(command).path(), errors);
  const Explanation explanation = explain(*loaded.config, inquiry, *net::system_names());
  const bool found = explanation.outcome != Explanation::Outcome::no_such_service;
  fmt::print(found ? stdout : stderr, "{}", explanation.text);
  return static_cast<int>(explanation.outcome);
}

}  // namespace xsuperd::cli
