// SPDX-License-Identifier: MIT
// list and stats: all services, and what they have done.
#include <unistd.h>

#include "supervisor/control/command.hpp"
#include "supervisor/control/services.hpp"
#include "supervisor/control/totals.hpp"

namespace xsuperd::supervisor {

namespace {

/// One row for each service, made when the client has room for it.
template <typename Row>
auto rows_of(Services services, Row (*make)(const service::Runner&)) {
  return [services = std::move(services), next = std::size_t{0}, make]() mutable -> std::optional<Row> {
    if (next == services.size()) return std::nullopt;
    return make(*services[next++]);
  };
}

/// All services, and with `all` the entries that are not served; or those that are asked for, served or not.
void list(const Call& call, const request::List& arguments, const Answer<command::List>& answer) {
  const auto words = arguments.words();
  const auto config = call.view.configuration();
  std::vector<const config::Absent*> absent;
  Services services;
  if (words.empty()) {
    services = call.view.services();
    if (arguments.all.value_or(false))
      for (const config::Absent& entry : config->absent) absent.push_back(&entry);
  } else {
    Selection selection = select_services(call.view, words, false);
    // One that has details means an entry that is not served.
    if (selection.failure && selection.failure->details.empty()) return answer.refuse(std::move(*selection.failure));
    services = std::move(selection.services);
    absent = select_absent(*config, words);
  }
  answer({time_of(std::chrono::system_clock::now()), left_out(*config)},
         [rows = rows_of<reply::Service>(std::move(services), told), absent = std::move(absent), config,
          next = std::size_t{0}]() mutable -> std::optional<reply::ListRow> {
           if (auto row = rows()) return std::move(*row);
           if (next == absent.size()) return std::nullopt;
           return told(*absent[next++]);
         });
}

void stats(const Call& call, const request::Stats& arguments, const Answer<command::Stats>& answer) {
  const View& daemon = call.view;
  Selection meant{daemon.services(), {}};
  if (const auto words = arguments.words(); !words.empty()) meant = select_services(daemon, words, false);
  if (meant.failure) return answer.refuse(std::move(*meant.failure));
  if (arguments.reset.value_or(false)) {
    if (!call.peer.may_change) return answer.refuse(Code::not_allowed, "resetting counters is only for root and the daemon's own user");
    note_who(call, "stats --reset");
    call.actions.count_anew(arguments.words().empty() ? nullptr : &meant.services);
  }
  reply::Stats stats;
  stats.version = daemon.version();
  stats.pid = ::getpid();
  stats.now = time_of(std::chrono::system_clock::now());
  stats.started = time_of(daemon.lifetime().started());
  stats.process_limit = process_limit_of(daemon);
  stats.workers = workers_of(daemon);
  stats.conversations = daemon.conversations();
  stats.totals = totals_of(daemon);
  stats.load = daemon.load();
  stats.cpu = processor_time();
  stats.bans = daemon.bans().list().size();
  answer(stats, rows_of<reply::StatsRow>(std::move(meant.services), stats_row));
}

constexpr std::array list_rows{row<command::List, list>(), row<command::Stats, stats>()};

}  // namespace

std::span<const ControlCommand> list_commands() { return list_rows; }

}  // namespace xsuperd::supervisor
