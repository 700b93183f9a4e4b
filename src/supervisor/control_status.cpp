// SPDX-License-Identifier: MIT
#include <dirent.h>
#include <sys/resource.h>
#include <unistd.h>

#include "supervisor/control.hpp"
#include "xsuperd/base/text.hpp"

namespace xsuperd::supervisor {

using control::json_text;

namespace {

/// Of this process. Reads a directory that is as long as there are descriptors: not for the loop.
std::size_t open_descriptors() {
  std::size_t count = 0;
  const std::unique_ptr<DIR, int (*)(DIR*)> dir(::opendir("/proc/self/fd"), ::closedir);
  while (const dirent* entry = dir ? ::readdir(dir.get()) : nullptr) count += entry->d_name[0] != '.';
  return count > 0 ? count - 1 : 0;  // the directory itself
}

json::object configuration(const Supervisor::Impl& daemon) {
  const LoadRecord& last = daemon.last_load;
  json::object object{{"path", json_text(daemon.options.sources.path())},
                      {"loaded", json_time(daemon.loaded_at)},
                      {"errors", last.errors},
                      {"warnings", last.warnings}};
  json::array unguarded;
  for (const std::string& sentence : last.unguarded) unguarded.push_back(json::value(json_text(sentence)));
  object["unguarded"] = std::move(unguarded);
  object["last_reload"] = nullptr;
  if (last.is_reload) object["last_reload"] = {{"at", json_time(last.at)}, {"outcome", last.outcome}};
  return object;
}

json::object totals(const Supervisor::Impl& daemon) {
  service::Counters sum = daemon.gone;
  std::size_t running = 0;
  std::size_t undecided = 0;
  for (const auto* runners : {&daemon.runners, &daemon.retired})
    for (const auto& runner : *runners) {
      sum += runner->counters();
      running += running_sessions(*runner);
      undecided += runner->sessions().size() - running_sessions(*runner);
    }
  json::object object = json_counters(sum);
  object["running"] = running;
  object["undecided"] = undecided;
  return object;
}

/// How many entries are not served, and why.
json::object left_out(const config::Config& config) {
  std::size_t refused = 0;
  for (const config::Absent& entry : config.absent) refused += entry.fate == config::Fate::refused;
  return {{"in_error", refused}, {"off", config.absent.size() - refused}};
}

json::object services(const Supervisor::Impl& daemon) {
  json::object states;
  for (const auto& runner : daemon.runners) {
    auto& count = states[state_word(*runner)];
    count = (count.is_int64() ? count.get_int64() : 0) + 1;
  }
  return {{"configured", daemon.config->services.size()},
          {"served", daemon.runners.size()},
          {"left_out", left_out(*daemon.config)},
          {"retiring", daemon.retired.size()},
          {"states", std::move(states)}};
}

json::array workers(const Supervisor::Impl& daemon) {
  json::array pids;
  for (const pid_t pid : daemon.workers.workers()) pids.push_back(pid);
  return pids;
}

json::value process_limit(const Supervisor::Impl& daemon) {
  return daemon.around.process_limit > 0 ? json::value(daemon.around.process_limit) : json::value(nullptr);
}

json::object status(const Supervisor::Impl& daemon) {
  const auto load = daemon.around.load ? daemon.around.load() : std::nullopt;
  return {{"version", daemon.options.version},
          {"pid", ::getpid()},
          {"started", json_time(daemon.started)},
          {"now", json_time(std::chrono::system_clock::now())},
          {"configuration", configuration(daemon)},
          {"services", services(daemon)},
          {"totals", totals(daemon)},
          {"process_limit", process_limit(daemon)},
          {"load", load ? json::value(*load) : json::value(nullptr)},
          {"workers", workers(daemon)},
          {"worker_failures", {{"count", daemon.worker_failures}, {"last", json_time(daemon.last_worker_failure)}}},
          {"conversations", daemon.workers.running()},
          {"bans", daemon.around.bans.size()},
          {"log_level", log_level_word(daemon.log.threshold())},
          {"control_clients", daemon.control ? daemon.control->clients() : 0}};
}

/// One row for each service, made when the client has room for it.
template <typename Make>
control::Rows service_rows(std::vector<std::shared_ptr<service::Runner>> services, Make make) {
  return [services = std::move(services), next = std::size_t{0}, make]() mutable -> std::optional<json::object> {
    if (next == services.size()) return std::nullopt;
    return make(*services[next++]);
  };
}

json::object stats_row(const service::Runner& runner) {
  json::object row = json_counters(runner.counters());
  row["id"] = json_text(runner.service().id);
  row["state"] = state_word(runner);
  row["running"] = running_sessions(runner);
  row["limit"] = json_limit(runner.service());
  row["slowest_start"] = std::chrono::duration<double>(runner.counters().slowest_start).count();
  row["since"] = json_time(runner.counters().since);
  return row;
}

}  // namespace

void control_status(Supervisor::Impl& daemon, const Request&, Server::Respond respond) {
  off_loop(daemon, open_descriptors, std::move(respond), [&daemon](std::size_t used, const Server::Respond& answer) {
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    json::object result = status(daemon);
    result["descriptors"] = {{"used", used}, {"limit", static_cast<std::uint64_t>(limit.rlim_cur)}};
    answer({std::move(result)});
  });
}

/// All services, and with `all` the entries that are not served; or those that are asked for, served or not.
void control_list(Supervisor::Impl& daemon, const Request& request, Server::Respond respond) {
  const auto words = words_at(request, "service", "services", respond);
  if (!words) return;
  Reply reply{{{"now", json_time(std::chrono::system_clock::now())}, {"left_out", left_out(*daemon.config)}}};
  std::vector<const config::Absent*> absent;
  if (control::true_at(request.arguments, "all") && words->empty())
    for (const config::Absent& entry : daemon.config->absent) absent.push_back(&entry);
  Selection selection{daemon.runners, {}};
  if (!words->empty()) {
    selection = select_services(daemon, *words, false);
    absent = select_absent(daemon, *words);
    if (selection.failure && selection.failure->details.empty()) return respond({{}, {}, std::move(selection.failure)});
  }
  reply.rows = [rows = service_rows(std::move(selection.runners), json_service), absent = std::move(absent),
                config = daemon.config, next = std::size_t{0}]() mutable -> std::optional<json::object> {
    if (auto row = rows()) return row;
    if (next == absent.size()) return std::nullopt;
    return json_absent(*absent[next++]);
  };
  respond(std::move(reply));
}

void control_stats(Supervisor::Impl& daemon, const Request& request, Server::Respond respond) {
  const auto words = words_at(request, "service", "services", respond);
  if (!words) return;
  auto meant = words->empty() ? daemon.runners : services_meant(daemon, request, respond);
  if (!words->empty() && meant.empty()) return;
  const auto load = daemon.around.load ? daemon.around.load() : std::nullopt;
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  const auto seconds = [](const timeval& t) { return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6; };
  Reply reply{{{"version", daemon.options.version},
               {"pid", ::getpid()},
               {"now", json_time(std::chrono::system_clock::now())},
               {"started", json_time(daemon.started)},
               {"process_limit", process_limit(daemon)},
               {"workers", workers(daemon)},
               {"conversations", daemon.workers.running()},
               {"totals", totals(daemon)},
               {"load", load ? json::value(*load) : json::value(nullptr)},
               {"cpu", {{"user", seconds(used.ru_utime)}, {"system", seconds(used.ru_stime)}}},
               {"bans", daemon.around.bans.size()}}};
  reply.rows = service_rows(std::move(meant), stats_row);
  respond(std::move(reply));
}

}  // namespace xsuperd::supervisor
