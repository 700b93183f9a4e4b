// SPDX-License-Identifier: MIT
// reload and diff.
#include "supervisor/control/command.hpp"
#include "supervisor/control/services.hpp"
#include "xsuperd/control/finding.hpp"

namespace xsuperd::supervisor {

namespace {

/// What was found in the files, down to warnings, and what beside them could not be had: the first of it.
void tell_findings(const ReloadReport& from, reply::Report& to) {
  constexpr std::size_t most = 200;
  for (const auto* findings : {&from.problems, &from.diagnostics.all()})
    for (const config::Diagnostic& d : *findings) {
      if (d.level > config::Level::warning) continue;
      if (to.findings.size() < most)
        to.findings.push_back(control::finding_of(d));
      else
        ++to.more_findings;
    }
}

void tell(const ReloadReport& from, reply::Report& to) {
  to.errors = from.diagnostics.count(config::Level::error);
  to.warnings = from.diagnostics.count(config::Level::warning);
  to.started = from.started;
  to.stopped = from.stopped;
  for (const ReloadReport::Change& change : from.changed)
    to.changed.push_back({change.id, {change.attributes.begin(), change.attributes.end()}, change.rebind});
  tell_findings(from, to);
}

control::Failure refusal(const ReloadReport& report) {
  reply::Report details;
  tell(report, details);
  return {Code::refused, "the old configuration stays in effect: " + report.refused, control::write(details)};
}

/// Services that should be open and are not, by whatever fault, now.
std::vector<reply::NotOpened> not_opened(const View& daemon) {
  std::vector<reply::NotOpened> all;
  for (const auto& one : daemon.services())
    if (const auto trouble = trouble_of(*one)) all.push_back({one->service().id, *trouble});
  for (const auto& service : daemon.configuration()->services)  // the Runner of one that waits has said so
    if (const std::string why = service->waits_for.empty() ? config::hindrance(*service, daemon.abilities()) : "";
        !why.empty())
      all.push_back({service->id, why});
  return all;
}

/// Answers when it is done, with what is so then.
void reload(const Call& call, const request::Reload& arguments, const Answer<command::Reload>& answer) {
  call.actions.reload(arguments.strict.value_or(false), [call, answer](const ReloadReport& report) {
    if (!report.applied) return answer.refuse(refusal(report));
    reply::Reload done;
    tell(report, done);
    done.services = {report.counts.fresh, report.counts.old, report.counts.dropped};
    call.actions.when_settled([daemon = call.view, answer, done = std::move(done)]() mutable {
      done.not_opened = not_opened(daemon);
      answer(done);
    });
  });
}

/// Reads the files as a reload would, off the loop, and changes nothing.
void diff(const Call& call, const command::Nothing&, const Answer<command::Diff>& answer) {
  call.actions.preview([answer](const ReloadReport& report) {
    if (!report.refused.empty()) return answer.refuse(refusal(report));
    reply::Report found;
    tell(report, found);
    answer(found);
  });
}

constexpr std::array configuration_rows{row<command::Reload, reload>(), row<command::Diff, diff>()};

}  // namespace

std::span<const ControlCommand> configuration_commands() { return configuration_rows; }

}  // namespace xsuperd::supervisor
