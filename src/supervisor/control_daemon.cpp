// SPDX-License-Identifier: MIT
// What concerns the daemon as a whole: its log, and its configuration.

#include "supervisor/control.hpp"
#include "xsuperd/base/text.hpp"
#include "xsuperd/control/finding.hpp"

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

namespace {

json::array json_texts(const std::vector<std::string>& texts) {
  json::array all;
  for (const std::string& text : texts) all.push_back(json::value(json_text(text)));
  return all;
}

/// What was found in the files, down to warnings, and what beside them could not be had: the first of it.
json::object json_findings(const ReloadReport& report) {
  constexpr std::size_t most = 200;
  json::array all;
  std::size_t more = 0;
  for (const auto* findings : {&report.problems, &report.diagnostics.all()})
    for (const config::Diagnostic& d : *findings) {
      if (d.level > config::Level::warning) continue;
      if (all.size() < most)
        all.push_back(control::json_finding(d));
      else
        ++more;
    }
  return {{"findings", std::move(all)}, {"more_findings", more}};
}

/// Services that should be open and are not, by whatever fault, now.
json::array json_not_opened(const Supervisor::Impl& daemon) {
  json::array all;
  for (const auto& runner : daemon.runners)
    if (could_not_be_opened(*runner))
      all.push_back({{"id", json_text(runner->service().id)}, {"sentence", json_trouble(*runner)}});
  for (const auto& service : daemon.config->services)  // the Runner of one that waits has said so
    if (const std::string why = service->waits_for.empty() ? config::hindrance(*service, daemon.abilities) : "";
        !why.empty())
      all.push_back({{"id", json_text(service->id)}, {"sentence", json_text(why)}});
  return all;
}

json::object json_report(const ReloadReport& report) {
  json::array changed;
  for (const ReloadReport::Change& change : report.changed) {
    json::array names;
    for (const std::string_view name : change.attributes) names.push_back(json::value(name));
    changed.push_back({{"id", json_text(change.id)}, {"attributes", std::move(names)}, {"rebind", change.rebind}});
  }
  json::object object{{"errors", report.diagnostics.count(config::Level::error)},
                      {"warnings", report.diagnostics.count(config::Level::warning)},
                      {"started", json_texts(report.started)},
                      {"stopped", json_texts(report.stopped)},
                      {"changed", std::move(changed)}};
  const json::object findings = json_findings(report);
  object.insert(findings.begin(), findings.end());
  return object;
}

Reply json_outcome(const ReloadReport& report, bool good) {
  if (good) return {json_report(report)};
  return {{}, {}, control::Failure{Code::refused, "everything stays as it was: " + report.refused, json_report(report)}};
}

}  // namespace

void control_reopen_logs(Supervisor::Impl& daemon, const Request&, Server::Respond respond) {
  using Output = base::Result<std::shared_ptr<log::Output>>;
  const auto open = [&daemon] {
    return daemon.options.reopen_log ? std::optional<Output>(daemon.options.reopen_log()) : std::nullopt;
  };
  off_loop(daemon, open, std::move(respond), [&daemon](std::optional<Output> opened, const Server::Respond& answer) {
    const auto trouble = opened && !*opened ? std::vector{opened->error().sentence} : std::vector<std::string>{};
    if (opened) daemon.replace_daemon_log(std::move(*opened));
    daemon.reopen_logs([answer, trouble](std::vector<std::string> troubles) {
      troubles.insert(troubles.begin(), trouble.begin(), trouble.end());
      if (troubles.empty()) return answer({{{"reopened", true}}});
      answer({{}, {}, control::Failure{Code::failed, "some logs go on in the files that are open",
                                       {{"troubles", json_texts(troubles)}}}});
    });
  });
}

/// Answers when it is done, with what is so then.
void control_reload(Supervisor::Impl& daemon, const Request& request, Server::Respond respond) {
  daemon.reload(control::true_at(request.arguments, "strict"), [&daemon, respond = std::move(respond)](const ReloadReport& report) {
    Reply reply = json_outcome(report, report.applied);
    if (!report.applied) return respond(std::move(reply));
    reply.result["services"] = {{"new", report.counts.fresh}, {"old", report.counts.old}, {"dropped", report.counts.dropped}};
    when_settled(daemon, [&daemon, reply = std::move(reply), respond]() mutable {
      reply.result["not_opened"] = json_not_opened(daemon);
      respond(std::move(reply));
    });
  });
}

/// Reads the files as a reload would, off the loop, and changes nothing.
void control_diff(Supervisor::Impl& daemon, const Request&, Server::Respond respond) {
  daemon.preview([respond = std::move(respond)](const ReloadReport& report) {
    respond(json_outcome(report, report.refused.empty()));
  });
}

/// The last word of this image: what is answered goes out before the next one is executed, which opens the socket anew.
void control_upgrade(Supervisor::Impl& daemon, const Request&, Server::Respond respond) {
  const std::string version = daemon.options.version;
  daemon.upgrade([respond = std::move(respond), version](base::Result<void> ready) {
    if (ready) return respond({{{"leaving", version}}});
    respond(Reply::failed(Code::refused, "everything goes on as it was: " + ready.error().sentence));
  });
}

}  // namespace xsuperd::supervisor
