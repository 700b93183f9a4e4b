// SPDX-License-Identifier: MIT
// events and logs.
#include <fmt/format.h>

#include <array>
#include <chrono>
#include <cerrno>
#include <thread>

#include "ctl/commands.hpp"
#include "ctl/failure.hpp"
#include "ctl/inquiry.hpp"
#include "ctl/records.hpp"
#include "ctl/table.hpp"
#include "xsuperd/base/text.hpp"

namespace xsuperd::ctl {

namespace {

using namespace std::chrono_literals;

constexpr auto reply_patience = 30s;
/// How long a new record may take to be seen.
constexpr auto between_looks = 200ms;

/// Asks for records again and again, and prints each once. How many were lost in between is no record, and goes to `err`.
class Reader {
 public:
  Reader(const Arguments& arguments, std::FILE* out, std::FILE* err) : arguments_(arguments), out_(out), err_(err) {}

  [[nodiscard]] base::Result<void> look(const request::Events& request) {
    auto answer = ask_within(arguments_.socket, control::ask_for<command::Events>(request), reply_patience);
    if (!answer) return answer.error();
    const auto all = answered<command::Events>(*answer);
    if (all.result.lost > 0) tell_lost(all.result.lost);
    for (const reply::Event& row : all.rows) tell(row.record);
    std::fflush(out_);
    newest_ = all.result.newest;
    return {};
  }

  /// Ends with an error, or when nobody reads what it writes.
  [[nodiscard]] base::Result<void> follow(request::Events request) {
    for (auto looked = look(request); !looked; looked = look(request)) {
      if (looked.error().code != EBUSY) return looked;
      std::this_thread::sleep_for(between_looks);
    }
    request.last.reset();
    while (std::ferror(out_) == 0) {
      std::this_thread::sleep_for(between_looks);
      request.after = newest_;
      if (const auto looked = look(request); !looked && !passes(looked.error())) return looked.error();
    }
    return {};
  }

 private:
  void tell(const json::object& record) const {
    fmt::print(out_, "{}\n", arguments_.json ? record_json(record) : record_line(record));
  }
  void tell_lost(std::uint64_t count) const {
    fmt::print(err_, "xsuperctl: {} not kept any more\n", count == 1 ? "1 record is" : fmt::format("{} records are", count));
  }
  /// An upgrade takes a moment, and so do many others who look.
  [[nodiscard]] static bool passes(const base::Error& error) { return error.code == EAGAIN || error.code == EBUSY || error.code == ECONNRESET; }

  const Arguments& arguments_;
  std::FILE* out_;
  std::FILE* err_;
  std::uint64_t newest_ = 0;
};

Exit read(const Arguments& arguments, const std::optional<std::string>& service, std::uint64_t last, std::string_view command,
          std::FILE* out, std::FILE* err) {
  const Voice voice{out, err, arguments.json};
  request::Events request;
  if (service) request.service = *service;
  request.last = last;
  if (arguments.last) {
    const auto number = base::parse_number(*arguments.last, 0, request::Events::most);
    if (!number)
      return static_cast<Exit>(usage(voice, fmt::format("'{}' is not a number from 0 to {}", base::escaped(*arguments.last, 100),
                                                        request::Events::most), command));
    request.last = static_cast<std::uint64_t>(*number);
  }
  Reader reader(arguments, out, err);
  const auto read = arguments.follow ? reader.follow(request) : reader.look(request);
  return read ? Exit::good : static_cast<Exit>(unreached(voice, read.error(), arguments.socket));
}

Exit events(const Arguments& arguments, std::FILE* out, std::FILE* err) {
  return read(arguments, arguments.service, 500, "events", out, err);
}

Exit logs(const Arguments& arguments, std::FILE* out, std::FILE* err) {
  return read(arguments, arguments.words.front(), 50, "logs", out, err);
}

constexpr std::array<std::string_view, 3> events_lines{"xsuperctl events --last 20", "xsuperctl events --follow --json",
                                                       "xsuperctl events --service telnet"};
constexpr std::array<std::string_view, 2> logs_lines{"xsuperctl logs telnet", "xsuperctl logs telnet --follow"};

constexpr std::array event_rows{
    Command{.name = "events", .text = "what has happened lately",
            .description = "Prints what has happened lately, oldest first: starts and ends of servers, refusals with the line that "
                           "decides, limits, bans, sockets, reloads, upgrades. The daemon keeps the last 1,000 of these records in "
                           "memory, and 500 of each service; an upgrade or restart begins anew. With --follow it goes on to print "
                           "what happens, until it is interrupted. With --json each is an object on a line of its own, as in an event log.",
            .examples = events_lines, .alone = events, .reads = true},
    Command{.name = "logs", .synopsis = "SERVICE", .text = "what has happened to a service lately",
            .description = "Prints the last records of one service, by its id: the answer to 'why is it refusing?' without a log file. "
                           "Options as for events.",
            .examples = logs_lines, .least = 1, .most = 1, .alone = logs, .reads = true},
};

}  // namespace

std::span<const Command> event_commands() { return event_rows; }

}  // namespace xsuperd::ctl
