// SPDX-License-Identifier: MIT
#include "ctl/failure.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>

#include "ctl/commands.hpp"
#include "ctl/table.hpp"
#include "ctl/values.hpp"

namespace xsuperd::ctl {

int fail(const Voice& voice, Exit status, std::string_view code, const std::string& sentence, const control::json::object& details) {
  fmt::print(voice.err, "xsuperctl: {}\n", fit_for_terminal(sentence));
  if (voice.json)
    fmt::print(voice.out, "{}\n",
               control::json::serialize(control::json::object{
                   {"error", {{"code", code}, {"sentence", control::json_text(sentence)}, {"details", details}}}}));
  std::fflush(voice.out);
  return static_cast<int>(status);
}

namespace {

/// Logs and sockets that cannot be opened are found in no file.
bool blames_files(const control::json::object& report) {
  const auto& findings = array_at(report, "findings");
  return findings.empty() || control::number_at(report, "errors").value_or(0) > 0 ||
         std::any_of(findings.begin(), findings.end(), [](const control::json::value& one) {
           return one.is_object() && control::string_at(one.get_object(), "file");
         });
}

}  // namespace

int refused(const Voice& voice, const control::Failure& failure) {
  fmt::print(voice.err, "{}", findings_text(failure.details));
  for (const control::json::value& one : array_at(failure.details, "troubles"))
    if (one.is_string()) fmt::print(voice.err, "{}\n", fit_for_terminal(std::string_view(one.get_string())));
  const bool configuration = failure.details.contains("findings") && blames_files(failure.details);
  return fail(voice, configuration ? Exit::configuration : Exit::failed, control::word_of(failure.code), failure.sentence, failure.details);
}

Exit status_of(const base::Error& error) {
  return error.code == ENOENT || error.code == ECONNREFUSED || error.code == ENOTDIR ? Exit::no_daemon : Exit::failed;
}

std::string sentence_of(const base::Error& error, const std::string& path) {
  if (status_of(error) == Exit::no_daemon)
    return fmt::format("no daemon answers at {}: is xsuperd running, and with this control socket?", path);
  if (error.code == EACCES)
    return fmt::format("you may not use {}: it is for root, for the daemon's user and for the group of --control-group", path);
  return error.sentence;
}

int usage(const Voice& voice, const std::string& sentence, std::string_view command) {
  return fail(voice, Exit::usage, "usage",
              fmt::format("{}; xsuperctl {}{}--help tells more", sentence, command, command.empty() ? "" : " "));
}

int unreached(const Voice& voice, const base::Error& error, const std::string& path) {
  const Exit status = status_of(error);
  return fail(voice, status, status == Exit::no_daemon ? "no_daemon" : error.code == EACCES ? "not_allowed" : "failed",
              sentence_of(error, path));
}

}  // namespace xsuperd::ctl
