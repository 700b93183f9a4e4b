// SPDX-License-Identifier: MIT
// What xsuperctl makes of a daemon's replies: nothing in them may get hold of a terminal. The input is frames, one a
// line: the last one of a reply to every command at once.
#include "ctl/activity_page.hpp"
#include "ctl/commands.hpp"
#include "ctl/health.hpp"
#include "ctl/table.hpp"
#include "fuzz/target.hpp"

using namespace xsuperd;
using fuzz::must;

namespace {

/// As the client gathers it.
std::optional<ctl::Answer> answer_of(std::string_view text) {
  ctl::Answer answer;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    auto part = control::parse_reply(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (!part) {
      must(!part.error().sentence.empty());
      return std::nullopt;
    }
    for (auto& row : part->rows)
      if (row.is_object()) answer.rows.push_back(std::move(row.get_object()));
    if (part->last) answer.result = std::move(part->result);
  }
  return answer;
}

void check_prints(const ctl::Answer& answer) {
  for (const ctl::Command& command : ctl::commands()) {
    if (!command.print) continue;
    ctl::Arguments arguments;
    arguments.command = command.name;
    arguments.words = {"ftp", "192.0.2.7"};
    ctl::Answer narrowed = answer;
    if (command.narrow) command.narrow(arguments, narrowed);
    must(fuzz::harmless(command.print(arguments, narrowed)));
    if (command.judge) (void)command.judge(narrowed);
  }
}

void check_health(const ctl::Answer& answer) {
  const ctl::HealthOptions options;
  const ctl::Health health = ctl::health_of(answer, answer, options);
  const std::string line = ctl::line_of(health, options);
  must(fuzz::harmless(line) && line.ends_with('\n'));
  must(std::count(line.begin(), line.end(), '\n') == 1);
  must(std::count(line.begin(), line.end(), '|') <= 1);
  (void)ctl::json_of(health);
}

void check_top(const ctl::Answer& answer) {
  using namespace std::chrono_literals;
  const std::chrono::steady_clock::time_point then{};
  const ctl::Snapshot before = ctl::snapshot_of(answer, then);
  ctl::Activity activity = ctl::activity_of(ctl::snapshot_of(answer, then + 2s), &before);
  for (const auto sort : {ctl::Sort::rate, ctl::Sort::running, ctl::Sort::refused, ctl::Sort::name})
    ctl::sort_services(activity, sort);
}

}  // namespace

FUZZ_TARGET(reply) {
  const auto answer = answer_of(input);
  if (!answer) return;
  check_prints(*answer);
  check_health(*answer);
  check_top(*answer);
}
