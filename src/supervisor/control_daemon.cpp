// SPDX-License-Identifier: MIT
// What concerns the daemon as a whole: its log, and its configuration.
#include <boost/asio/post.hpp>

#include "supervisor/control.hpp"
#include "xsuperd/base/text.hpp"

namespace xsuperd::supervisor {

using control::json_text;

namespace {
constexpr log::Level levels[]{log::Level::critical, log::Level::error, log::Level::warning,
                              log::Level::notice,   log::Level::info,  log::Level::debug};
}

std::string log_level_word(log::Level level) { return base::to_lower(log::level_word(level)); }

std::optional<log::Level> log_level_of(std::string_view word) {
  for (const log::Level level : levels)
    if (base::iequals(log::level_word(level), word)) return level;
  return std::nullopt;
}

void control_log_level(Supervisor::Impl& daemon, const Request& request, Server::Respond respond) {
  const auto word = control::string_at(request.arguments, "level");
  const std::string before = log_level_word(daemon.log.threshold());
  if (!word) return respond({{{"level", before}}});
  const auto level = log_level_of(*word);
  if (!level)
    return respond(Reply::failed(Code::bad_request, fmt::format("'{}' is no level: critical, error, warning, notice, info or debug",
                                                                base::escaped(*word, 100))));
  daemon.log.notice("control: messages down to {} are logged", log_level_word(*level));
  daemon.log.set_threshold(*level);
  respond({{{"level", log_level_word(*level)}, {"before", before}}});
}

void control_reopen_logs(Supervisor::Impl& daemon, const Request&, Server::Respond respond) {
  json::array troubles;
  for (const std::string& trouble : daemon.reopen_logs()) troubles.push_back(json::value(json_text(trouble)));
  if (troubles.empty()) return respond({{{"reopened", true}}});
  respond({{}, {}, control::Failure{Code::failed, "some logs go on in the files that are open", {{"troubles", troubles}}}});
}

/// Answers when it is done. A reload that is under way is followed by this one.
void control_reload(Supervisor::Impl& daemon, const Request&, Server::Respond respond) {
  daemon.after_reload.push_back([&daemon, respond = std::move(respond)] {
    const LoadRecord& last = daemon.last_load;
    json::object result{{"outcome", last.outcome}, {"errors", last.errors}, {"warnings", last.warnings}};
    json::array findings;
    for (const std::string& finding : last.findings) findings.push_back(json::value(json_text(finding)));
    result["findings"] = std::move(findings);
    if (last.outcome == "applied") return respond({std::move(result)});
    respond({{}, {}, control::Failure{Code::failed, "the reload failed: everything stays as it was", std::move(result)}});
  });
  daemon.reload();
}

namespace {

json::object json_plan(const config::Plan& plan) {
  const auto ids = [](const std::vector<config::Plan::Service>& services) {
    json::array all;
    for (const auto& service : services) all.push_back(json::value(json_text(service->id)));
    return all;
  };
  json::array changed;
  for (const auto& change : plan.keep) {
    if (change.changed.empty() && !change.rebind) continue;
    json::array names;
    for (const auto name : change.changed) names.push_back(json::value(name));
    changed.push_back({{"id", json_text(change.after->id)}, {"attributes", std::move(names)}, {"rebind", change.rebind}});
  }
  return {{"start", ids(plan.start)}, {"stop", ids(plan.stop)}, {"change", std::move(changed)}};
}

json::object json_difference(const config::Config& running, config::Loaded loaded) {
  const bool usable = loaded.fatal == config::Loaded::Fatal::none;
  if (usable) config::keep_broken(running, loaded);
  json::object result = usable ? json_plan(config::diff(running, *loaded.config)) : json::object{};
  json::array findings;
  for (const config::Diagnostic& d : loaded.diagnostics.all())
    if (d.level <= config::Level::warning) findings.push_back(json::value(json_text(config::log_line(d))));
  result["usable"] = usable;
  result["errors"] = loaded.diagnostics.count(config::Level::error);
  result["warnings"] = loaded.diagnostics.count(config::Level::warning);
  result["findings"] = std::move(findings);
  return result;
}

}  // namespace

/// Reads the files as a reload would, off the loop, and changes nothing.
void control_diff(Supervisor::Impl& daemon, const Request&, Server::Respond respond) {
  boost::asio::post(daemon.blocking, [&daemon, running = daemon.config, respond = std::move(respond)]() mutable {
    // A reload may read with the daemon's own at the same time.
    config::SystemFiles files;
    config::SystemNames names;
    auto loaded = config::load(files, names, daemon.options.config_path);
    boost::asio::post(daemon.loop, [respond = std::move(respond),
                                    result = json_difference(*running, std::move(loaded))]() mutable {
      respond({std::move(result)});
    });
  });
}

}  // namespace xsuperd::supervisor
