// SPDX-License-Identifier: MIT
#include <fmt/format.h>
#include <unistd.h>

#include <clocale>
#include <thread>

#include "ctl/commands.hpp"
#include "ctl/duration.hpp"
#include "ctl/failure.hpp"
#include "ctl/live_view.hpp"
#include "ctl/table.hpp"
#include "xsuperd/base/text.hpp"

namespace xsuperd::ctl {

namespace {

using Clock = std::chrono::steady_clock;

/// What the options mean; a sentence about one that makes no sense.
base::Result<TopOptions> options_of(const Arguments& arguments) {
  TopOptions options{arguments.socket};
  if (arguments.interval) {
    const auto interval = interval_of(*arguments.interval);
    if (!interval) return interval.error();
    options.interval = *interval;
  }
  if (arguments.sort) {
    const auto sort = sort_of(*arguments.sort);
    if (!sort) return base::Error{0, fmt::format("cannot sort by '{}': expected rate, running, refused, name or bytes",
                                                 base::escaped(*arguments.sort, 100))};
    options.sort = *sort;
  }
  return options;
}

constexpr std::chrono::seconds reply_patience{30};

base::Result<Snapshot> look(const std::string& socket) {
  auto answer = ask_within(socket, control::ask_for<command::Stats>(), reply_patience);
  if (!answer) return answer.error();
  return snapshot_of(std::move(*answer), Clock::now());
}

/// One screen of text, as long as it takes, or the same for a program.
base::Result<void> print_once(const TopOptions& options, const Snapshot& first, std::FILE* out, bool as_json) {
  std::this_thread::sleep_for(options.interval);
  auto second = look(options.socket);
  if (!second) return second.error();
  Activity activity = activity_of(std::move(*second), &first);
  sort_services(activity, options.sort);
  if (as_json) return fmt::print(out, "{}\n", json::serialize(json_of(activity))), base::Result<void>{};
  View view;
  view.sort = options.sort;
  fmt::print(out, "{}", text_of(page_of(activity, view, {terminal_width(), 0})));
  return {};
}

/// Returns with the terminal as it was.
base::Result<Ending> live(const TopOptions& options, Snapshot first, std::FILE* out) {
  TerminalSignals signals;
  auto terminal = Terminal::open(out);
  if (!terminal) return terminal.error();
  return LiveView(options, **terminal, signals, std::move(first)).run();
}

}  // namespace

Exit top(const Arguments& arguments, std::FILE* out, std::FILE* err) {
  std::setlocale(LC_CTYPE, "");
  const auto options = options_of(arguments);
  const Voice voice{out, err, arguments.json};
  if (!options) return static_cast<Exit>(usage(voice, options.error().sentence, "top"));
  const auto failed = [&](const base::Error& error) { return static_cast<Exit>(unreached(voice, error, options->socket)); };
  auto first = look(options->socket);
  if (!first) return failed(first.error());
  if (!arguments.once && !arguments.json && ::isatty(::fileno(out)) != 0) {
    const auto ended = live(*options, *first, out);
    if (ended) return static_cast<Exit>(exit_after(*ended));
    fmt::print(err, "xsuperctl: printing one screen instead of the live view: {}\n", ended.error().sentence);
  }
  const auto printed = print_once(*options, *first, out, arguments.json);
  return printed ? Exit::good : failed(printed.error());
}

}  // namespace xsuperd::ctl
