// SPDX-License-Identifier: MIT
// reload and diff.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "ctl/commands.hpp"
#include "ctl/table.hpp"
#include "ctl/values.hpp"
#include "xsuperd/control/finding.hpp"

namespace xsuperd::ctl {

namespace {

std::string change_line(std::string_view what, const std::string& text) {
  return fmt::format("{:<8}{}\n", what, fit_for_terminal(text));
}

std::string changes_text(const reply::Report& report) {
  std::string text;
  for (const std::string& id : report.stopped) text += change_line("stopped", id);
  for (const std::string& id : report.started) text += change_line("started", id);
  for (const reply::Change& change : report.changed) {
    std::string names;
    for (const std::string& attribute : change.attributes) names.append(" ").append(attribute);
    text += change_line("changed", change.id + ":" + names);
  }
  return text;
}

std::string fill_reload(const Arguments& a, request::Reload& request) {
  if (a.strict) request.strict = true;
  return {};
}

std::string print_reload(const Arguments&, const control::Answered<command::Reload>& answer) {
  const reply::Reload& done = answer.result;
  std::string text = findings_text(done) + changes_text(done);
  for (const reply::NotOpened& one : done.not_opened)
    text += fit_for_terminal(fmt::format("service {} could not be opened: {}", one.id, one.sentence)) + "\n";
  return text + fmt::format("applied: {} new, {} old, {} dropped; {}, {}{}\n", done.services.new_, done.services.old,
                            done.services.dropped, count_text(done.errors, "error"), count_text(done.warnings, "warning"),
                            done.not_opened.empty() ? "" : "; " + count_text(done.not_opened.size(), "service") + " not opened");
}

std::string print_diff(const Arguments&, const control::Answered<command::Diff>& answer) {
  const std::string changes = changes_text(answer.result);
  return findings_text(answer.result) + (changes.empty() ? "nothing would change\n" : changes);
}

Exit has_errors(const reply::Report& report) { return report.errors == 0 ? Exit::good : Exit::configuration; }

/// Errors of the files, then what could not be opened: a log, or a service.
Exit all_open(const reply::Reload& done) {
  if (const Exit bad = has_errors(done); bad != Exit::good) return bad;
  const bool trouble = std::any_of(done.findings.begin(), done.findings.end(),
                                   [](const reply::Finding& one) { return one.level == control::Severities::error; });
  return trouble || !done.not_opened.empty() ? Exit::failed : Exit::good;
}

constexpr std::array<std::string_view, 2> reload_lines{"xsuperctl reload", "xsuperctl reload --strict"};
constexpr std::array<std::string_view, 1> diff_lines{"xsuperctl diff"};

constexpr std::array reload_rows{
    asks<command::Reload, fill_reload, print_reload>(
        {.text = "read the configuration again, as SIGHUP does",
         .description = "Reads the configuration again, as SIGHUP does, and reports the result: what is wrong in "
                        "the files, what "
                        "changed, and which services could not be opened, with the reason.",
         .examples = reload_lines, .judge = judged<command::Reload, all_open>}),
    asks<command::Diff, fill_nothing, print_diff>(
        {.text = "what a reload would change",
         .description = "Shows what a reload would start, stop and change, without doing it.", .examples = diff_lines,
         .judge = judged<command::Diff, has_errors>, .reads = true}),
};

}  // namespace

std::span<const Command> reload_commands() { return reload_rows; }

std::string findings_text(const reply::Report& report) {
  std::string text;
  for (const reply::Finding& one : report.findings) text += config::explained(control::diagnostic_of(one));
  if (report.more_findings > 0) text += fmt::format("and {} more\n", count_text(report.more_findings, "finding"));
  return text;
}

}  // namespace xsuperd::ctl
