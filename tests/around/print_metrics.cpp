// SPDX-License-Identifier: MIT
// Prints metrics in which everything occurs: the text, or with --names what its series are called.
#include <cstdio>
#include <set>
#include <string>
#include <string_view>

#include "xsuperd/base/histogram.hpp"
#include "xsuperd/metrics/exposition.hpp"

namespace {

using namespace xsuperd;

metrics::Snapshot everything() {
  metrics::Snapshot all;
  control::reply::Metrics& daemon = all.daemon;
  daemon.version = "0";
  daemon.started = daemon.loaded = 1.0;
  daemon.process_limit = 1;
  daemon.totals.reasons.emplace_back("address", 1);
  daemon.failed_starts.emplace_back("executing the server", 1);
  daemon.handshakes.emplace_back("done", 1);
  control::reply::MetricsRow row;
  row.id = "one";
  row.state = control::States::listening;
  row.accepted = row.served = row.banned = row.failed = row.withdrawn = row.bytes_in = row.bytes_out = row.ended = 1;
  row.queued = row.queue_ms = row.limited = row.waiting = row.refused = 1;
  row.limit = 1;
  row.reasons.emplace_back("address", 1);
  row.starts = row.durations = control::reply::Times{std::vector<std::uint64_t>(base::bounds.size(), 1), 1};
  all.services.push_back(row);
  return all;
}

}  // namespace

int main(int argc, char** argv) {
  const bool open = argc > 1 && std::string_view(argv[1]) == "--open";
  const std::string text = exposition(everything(), open ? metrics::Format::open_metrics : metrics::Format::text);
  if (argc < 2 || open) return std::fputs(text.c_str(), stdout) < 0;
  std::set<std::string> names;
  for (std::string_view rest = text; !rest.empty(); rest.remove_prefix(std::min(rest.find('\n'), rest.size() - 1) + 1))
    if (rest.front() != '#') names.emplace(rest.substr(0, rest.find_first_of("{ ")));
  for (const std::string& name : names) std::puts(name.c_str());
}
