// SPDX-License-Identifier: MIT
#include "xsuperd/ctl/run.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "ctl/commands.hpp"
#include "ctl/failure.hpp"
#include "ctl/help.hpp"
#include "ctl/progress.hpp"
#include "ctl/steps.hpp"
#include "xsuperd/base/text.hpp"
#include "xsuperd/control/client.hpp"

namespace xsuperd::ctl {

namespace {

std::string json_text_of(const Command& command, const Answer& answer) {
  json::object all = answer.result;
  if (command.lists) all["rows"] = json::array(answer.rows.begin(), answer.rows.end());
  return json::serialize(all) + "\n";
}

/// One command of a daemon, from the connection to the exit status.
class Errand {
 public:
  Errand(const Command& command, const Arguments& arguments, control::Client& client, const Voice& voice)
      : command_(command), arguments_(arguments), voice_(voice), conversation_(client), persistence_(conversation_, arguments) {}

  int run(const control::Request& request) {
    if (arguments_.persist) {
      if (const auto begun = waiting_for("the daemon", [&] { return persistence_.begin(); }); !begun) return broken(begun.error());
      if (conversation_.failure) return refused(voice_, *conversation_.failure);
    }
    Answer answer;
    if (const auto asked = waiting_for("the daemon", [&] { return conversation_.ask(request, answer); }); !asked)
      return cut_off(asked.error());
    if (conversation_.failure) return turned_down();
    if (command_.narrow) command_.narrow(arguments_, answer);
    const Exit status = command_.judge ? command_.judge(answer) : Exit::good;
    if (arguments_.persist && status != Exit::good) return came_to_nothing(answer, status);
    if (arguments_.persist)
      if (const auto finished = persistence_.finish(); !finished) return broken(finished.error());
    if (!arguments_.json) tell(answer);
    if (arguments_.wait)
      if (const auto ended = waiting_for("sessions to end", [&] { return wait_for_end(conversation_, arguments_); }); !ended)
        return broken(ended.error());
    if (arguments_.json) tell(answer);
    return static_cast<int>(status);
  }

 private:
  /// What may take a while.
  base::Result<void> waiting_for(std::string_view what, const std::function<base::Result<void>()>& does) const {
    const Progress progress(voice_.err, fmt::format("waiting for {}", what));
    return does();
  }

  void tell(const Answer& answer) const {
    fmt::print(voice_.out, "{}", arguments_.json ? json_text_of(command_, answer) : command_.print(arguments_, answer));
    std::fflush(voice_.out);
  }

  int broken(const base::Error& error) const { return fail(voice_, Exit::failed, "failed", error.sentence); }

  /// Nobody knows what the daemon has done, so the files say what they said.
  int cut_off(const base::Error& error) {
    return broken({error.code, error.sentence + (arguments_.persist ? persistence_.undo() : "")});
  }

  int turned_down() {
    control::Failure failure = std::move(*conversation_.failure);
    if (arguments_.persist) failure.sentence += persistence_.undo();
    return refused(voice_, failure);
  }

  /// The daemon has done what it could.
  int came_to_nothing(const Answer& answer, Exit status) {
    if (!arguments_.json) fmt::print(voice_.err, "{}", command_.print(arguments_, answer));
    return fail(voice_, status, "failed", fmt::format("not every service could be {}d{}", command_.name, persistence_.undo()), answer.result);
  }

  const Command& command_;
  const Arguments& arguments_;
  const Voice& voice_;
  Conversation conversation_;
  Persistence persistence_;
};

int ask(const Command& command, const Arguments& arguments, const control::Request& request, const Voice& voice) {
  auto client = control::Client::connect(arguments.socket);
  if (!client) return unreached(voice, client.error(), arguments.socket);
  return Errand(command, arguments, *client, voice).run(request);
}

bool asks_for_help(const std::vector<std::string>& words) {
  const auto end = std::find(words.begin(), words.end(), "--");
  return std::any_of(words.begin(), end, [](const std::string& word) { return word == "--help" || word == "-h"; });
}

}  // namespace

std::string wrong_with(const Command& command, const Arguments& arguments) {
  if (command.apart) return fmt::format("{} must be the first word", command.name);
  if (std::string wrong = misplaced_option(arguments); !wrong.empty()) return wrong;
  const std::size_t count = arguments.words.size();
  if (count >= command.least && count <= command.most) return {};
  return fmt::format("usage: xsuperctl {}{}{}", command.name, command.synopsis.empty() ? "" : " ", command.synopsis);
}

std::string unknown_command(const std::string& command) {
  std::vector<std::string_view> names;
  for (const Command& one : commands()) names.push_back(one.name);
  const auto near = base::nearest(command.substr(0, 100), names);
  return fmt::format("unknown command {}{}", base::escaped(command, 100), near ? fmt::format("; did you mean '{}'?", *near) : "");
}

int run_command(const Command& command, const Arguments& arguments, const Voice& voice) {
  if (const std::string wrong = wrong_with(command, arguments); !wrong.empty())
    return command.alone == health ? health_unknown(voice.out, voice.json, wrong) : usage(voice, wrong, command.name);
  if (command.alone) return static_cast<int>(command.alone(arguments, voice.out, voice.err));
  control::Request request{std::string(command.name)};
  if (const std::string wrong = command.fill(arguments, request.arguments); !wrong.empty()) return usage(voice, wrong, command.name);
  return ask(command, arguments, request, voice);
}

int run(const std::vector<std::string>& words, std::FILE* out, std::FILE* err) {
  const Voice voice{out, err, wants_json(words)};
  if (const Command* command = words.empty() ? nullptr : find_command(words.front()); command && command->apart) {
    if (asks_for_help(words)) return fmt::print(out, "{}", help_text(*command)), 0;
    return command->apart({words.begin() + 1, words.end()}, out, err);
  }
  const auto arguments = parse_arguments(words);
  if (!arguments && means_health(words)) return health_unknown(out, voice.json, arguments.error().sentence);
  if (!arguments) return usage(voice, arguments.error().sentence);
  const Command* command = find_command(arguments->command);
  if (arguments->help && (command || arguments->command.empty()))
    return fmt::print(out, "{}", command ? help_text(*command) : help_text()), 0;
  if (arguments->version) return fmt::print(out, "xsuperctl {}\n", XSUPERD_VERSION), 0;
  if (arguments->command.empty()) return usage(voice, "no command given");
  if (!command) return usage(voice, unknown_command(arguments->command));
  return run_command(*command, *arguments, voice);
}

}  // namespace xsuperd::ctl
