// SPDX-License-Identifier: MIT
#include "supervisor/reload_report.hpp"

#include "supervisor/prepare.hpp"

namespace xsuperd::supervisor {

ReloadReport report_of(const Prepared& prepared) {
  ReloadReport report;
  report.refused = prepared.refused;
  report.diagnostics = prepared.loaded.diagnostics;
  const auto add = [&](config::Level level, const std::vector<std::string>& sentences) {
    for (const std::string& sentence : sentences) {
      config::Diagnostic& problem = report.problems.emplace_back();
      problem.level = level;
      problem.sentence = sentence;
    }
  };
  add(config::Level::error, prepared.problems);
  if (!prepared.refused.empty()) add(config::Level::error, prepared.unbound);
  add(config::Level::warning, prepared.logs_lost);
  for (const auto& change : prepared.changes) report.changed.push_back({change.after->id, change.rebind, change.changed});
  for (const auto& service : prepared.stopped) report.stopped.push_back(service->id);
  for (const Step& step : prepared.steps)
    if (step.kind == Step::Kind::fresh && !step.before) report.started.push_back(step.service->id);
  return report;
}

log::record::Reload reload_record(const ReloadReport& report) {
  return {.outcome = report.applied ? "applied" : "refused",
          .reason = log::record::Words(report.refused),
          .started = report.started.size(),
          .changed = report.changed.size(),
          .stopped = report.stopped.size(),
          .errors = report.diagnostics.count(config::Level::error),
          .warnings = report.diagnostics.count(config::Level::warning)};
}

}  // namespace xsuperd::supervisor
