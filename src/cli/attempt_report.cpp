// SPDX-License-Identifier: MIT
#include "cli/attempt_report.hpp"

#include <fmt/format.h>

#include <system_error>

#include "xsuperd/base/text.hpp"
#include "xsuperd/control/schema/attempt.hpp"

namespace xsuperd::cli {

namespace {

namespace told = control::attempt;

std::string end_text(const End& end) {
  return end.signalled ? fmt::format("ended by signal {}\n", end.value) : fmt::format("ended with status {}\n", end.value);
}

std::string_view word_of(Denial::Kind kind) {
  switch (kind) {
    case Denial::Kind::call: return told::Kinds::call;
    case Denial::Kind::path: return told::Kinds::path;
    case Denial::Kind::connect: return told::Kinds::connect;
    case Denial::Kind::right: return told::Kinds::right;
  }
  return told::Kinds::call;
}

told::Denied told_of(const Denial& denial, const Denied& who) {
  told::Denied one{word_of(denial.kind), denial.call, base::escaped(denial.subject), std::generic_category().message(denial.error), denial.times, denial.kills, {}};
  if (std::string line = hint(denial, who); !line.empty()) one.hint = std::move(line);
  return one;
}

}  // namespace

std::string report_text(const AttemptReport& report) {
  std::string text = fmt::format("{}: {} as {}: {}\n", report.service, base::escaped(report.server), report.user, base::escaped(confinement_text(report.who.confinement)));
  text += end_text(report.end);
  if (!report.traced) return text + "what it was denied could not be found out on this system\n";
  for (const Denial& denial : report.denials.all()) {
    text += denial_text(denial) + "\n";
    if (const std::string line = hint(denial, report.who); !line.empty()) text += fmt::format("  to allow it: {}\n", line);
  }
  if (report.denials.left_out() > 0) text += fmt::format("and {} more\n", report.denials.left_out());
  return report.denials.all().empty() ? text + "nothing was denied\n" : text;
}

std::string report_json(const AttemptReport& report) {
  told::Attempt all{report.service, report.server, report.user, confinement_text(report.who.confinement), report.end.status(), {}, report.traced, {}, report.denials.left_out()};
  if (report.end.signalled) all.signal = report.end.value;
  for (const Denial& denial : report.denials.all()) all.denied.push_back(told_of(denial, report.who));
  return control::json::serialize(control::write(all)) + "\n";
}

}  // namespace xsuperd::cli
