// SPDX-License-Identifier: MIT
#include "ctl/failure.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>

#include "ctl/answers.hpp"
#include "ctl/commands.hpp"
#include "ctl/table.hpp"

namespace xsuperd::ctl {

int fail(const Voice& voice, Exit status, std::string_view code, const std::string& sentence, const control::json::object& details) {
  fmt::print(voice.err, "xsuperctl: {}\n", fit_for_terminal(sentence));
  if (voice.json)
    fmt::print(voice.out, "{}\n", json::serialize(control::write(told::Failed{{std::string(code), sentence, details}})));
  std::fflush(voice.out);
  return static_cast<int>(status);
}

namespace {

/// Logs and sockets that cannot be opened are found in no file.
bool blames_files(const reply::Report& report) {
  return report.findings.empty() || report.errors > 0 ||
         std::any_of(report.findings.begin(), report.findings.end(), [](const reply::Finding& one) { return one.file.has_value(); });
}

}  // namespace

int refused(const Voice& voice, const control::Failure& failure) {
  const auto report = control::read<reply::Report>(failure.details);
  fmt::print(voice.err, "{}", findings_text(report));
  for (const std::string& trouble : control::read<reply::Troubles>(failure.details).troubles)
    fmt::print(voice.err, "{}\n", fit_for_terminal(trouble));
  const bool configuration = failure.details.contains(reply::Report::told_by) && blames_files(report);
  return fail(voice, configuration ? Exit::configuration : Exit::failed, control::word_of(failure.code), failure.sentence, failure.details);
}

Exit status_of(const base::Error& error) {
  return error.code == ENOENT || error.code == ECONNREFUSED || error.code == ENOTDIR ? Exit::no_daemon : Exit::failed;
}

std::string sentence_of(const base::Error& error, const std::string& path) {
  if (status_of(error) == Exit::no_daemon)
    return fmt::format("no daemon answers at {}: is xsuperd running with this control socket?", path);
  if (error.code == EACCES)
    return fmt::format("you may not use {}: it is for root, for the daemon's user and for the group of --control-group", path);
  return error.sentence;
}

int usage(const Voice& voice, const std::string& sentence, std::string_view command) {
  return fail(voice, Exit::usage, "usage",
              fmt::format("{}; see xsuperctl {}{}--help", sentence, command, command.empty() ? "" : " "));
}

int unreached(const Voice& voice, const base::Error& error, const std::string& path) {
  const Exit status = status_of(error);
  return fail(voice, status, status == Exit::no_daemon ? "no_daemon" : error.code == EACCES ? "not_allowed" : "failed",
              sentence_of(error, path));
}

}  // namespace xsuperd::ctl
