// SPDX-License-Identifier: MIT
// `watch`: a command that changes nothing, again and again.
#include <fmt/format.h>
#include <unistd.h>

#include <clocale>
#include <thread>

#include "ctl/commands.hpp"
#include "ctl/duration.hpp"
#include "ctl/failure.hpp"
#include "ctl/watch_view.hpp"
#include "xsuperd/base/text.hpp"

namespace xsuperd::ctl {

namespace {

/// The command line without `watch`.
Arguments repeated(const Arguments& arguments) {
  Arguments inner = arguments;
  inner.command = arguments.words.front();
  inner.words.erase(inner.words.begin());
  inner.interval.reset();
  std::erase(inner.given, "interval");
  return inner;
}

/// A sentence about a command that is none, or none to be repeated; empty when nothing is wrong.
std::string wrong_to_repeat(const Command* command, const Arguments& inner) {
  if (!command) return unknown_command(inner.command);
  if (!command->reads) return fmt::format("{} cannot be repeated: watch is for commands that only tell something", command->name);
  if (inner.reset) return fmt::format("{} --reset cannot be repeated: it changes the counters", command->name);
  if (inner.follow) return fmt::format("{} --follow goes on by itself", command->name);
  return wrong_with(*command, inner);
}

/// One answer after the other, until nobody reads them. A command line that makes no sense is told of once.
Exit print_again_and_again(const Command& command, const Arguments& inner, std::chrono::milliseconds interval, const Voice& voice) {
  for (bool first = true;; first = false) {
    if (!first) fmt::print(voice.out, "\n");
    const int status = run_command(command, inner, voice);
    if (first && status == static_cast<int>(Exit::usage) && command.alone != health) return Exit::usage;
    if (std::fflush(voice.out) != 0) return Exit::failed;
    std::this_thread::sleep_for(interval);
  }
}

/// Returns with the terminal as it was.
base::Result<Ending> show(const Command& command, const Arguments& inner, std::chrono::milliseconds interval, std::FILE* out) {
  std::string title = "xsuperctl";
  for (const std::string& word : inner.line) title.append(" ").append(word);
  TerminalSignals signals;
  auto terminal = Terminal::open(out);
  if (!terminal) return terminal.error();
  const auto run = [&](std::FILE* to) { return run_command(command, inner, {to, to, false}); };
  return WatchView(std::move(title), run, interval, **terminal, signals).run();
}

}  // namespace

Exit watch(const Arguments& arguments, std::FILE* out, std::FILE* err) {
  std::setlocale(LC_CTYPE, "");
  const Voice voice{out, err, arguments.json};
  const Arguments inner = repeated(arguments);
  const Command* command = find_command(inner.command);
  if (const std::string wrong = wrong_to_repeat(command, inner); !wrong.empty())
    return static_cast<Exit>(usage(voice, wrong, "watch"));
  const auto interval = arguments.interval ? interval_of(*arguments.interval) : std::chrono::milliseconds(2000);
  if (!interval) return static_cast<Exit>(usage(voice, interval.error().sentence, "watch"));
  if (!arguments.json && ::isatty(::fileno(out)) != 0) {
    const auto ended = show(*command, inner, *interval, out);
    if (ended) return static_cast<Exit>(exit_after(*ended));
    fmt::print(err, "xsuperctl: printing one answer after the other: {}\n", ended.error().sentence);
  }
  return print_again_and_again(*command, inner, *interval, voice);
}

}  // namespace xsuperd::ctl
