// SPDX-License-Identifier: MIT
#include "xsuperd/ctl/run.hpp"

#include <fmt/format.h>

#include "ctl/commands.hpp"
#include "ctl/failure.hpp"
#include "ctl/steps.hpp"
#include "ctl/table.hpp"
#include "xsuperd/base/text.hpp"
#include "xsuperd/control/client.hpp"

namespace xsuperd::ctl {

namespace {

std::string json_text_of(const Answer& answer, const std::optional<control::Failure>& failure) {
  json::object all = answer.result;
  if (!answer.rows.empty()) all["rows"] = json::array(answer.rows.begin(), answer.rows.end());
  if (failure) all["error"] = {{"code", control::word_of(failure->code)}, {"sentence", failure->sentence}, {"details", failure->details}};
  return json::serialize(all) + "\n";
}

int refused(const Arguments& arguments, const control::Failure& failure, std::FILE* out, std::FILE* err) {
  if (arguments.json) fmt::print(out, "{}", json_text_of({}, failure));
  std::string sentence = failure.sentence;
  for (const char* list : {"findings", "troubles"})
    if (const auto* details = failure.details.if_contains(list); details && details->is_array())
      for (const json::value& one : details->get_array())
        if (one.is_string()) fmt::print(err, "{}\n", fit_for_terminal(std::string_view(one.get_string())));
  const bool configuration = failure.details.contains("findings");
  return fail(err, configuration ? Exit::configuration : Exit::failed, sentence);
}

int ask(const Command& command, const Arguments& arguments, const control::Request& request, std::FILE* out, std::FILE* err) {
  auto client = control::Client::connect(arguments.socket);
  if (!client) return fail(err, status_of(client.error()), sentence_of(client.error(), arguments.socket));
  Conversation conversation(*client);
  if (arguments.persist) {
    const auto persisted = persist(conversation, arguments);
    if (!persisted) return fail(err, Exit::failed, persisted.error().sentence);
    if (conversation.failure) return refused(arguments, *conversation.failure, out, err);
  }
  Answer answer;
  if (const auto asked = conversation.ask(request, answer); !asked) return fail(err, Exit::failed, asked.error().sentence);
  if (conversation.failure) return refused(arguments, *conversation.failure, out, err);
  if (command.narrow) command.narrow(arguments, answer);
  fmt::print(out, "{}", arguments.json ? json_text_of(answer, std::nullopt) : command.print(arguments, answer));
  std::fflush(out);
  if (arguments.wait)
    if (const auto ended = wait_for_end(conversation, arguments); !ended) return fail(err, Exit::failed, ended.error().sentence);
  return static_cast<int>(command.judge ? command.judge(answer) : Exit::good);
}

}  // namespace

int run(const std::vector<std::string>& words, std::FILE* out, std::FILE* err) {
  if (const Command* command = words.empty() ? nullptr : find_command(words.front()); command && command->apart)
    return command->apart({words.begin() + 1, words.end()}, out, err);
  const auto arguments = parse_arguments(words);
  if (!arguments && means_health(words)) return health_unknown(out, arguments.error().sentence);
  if (!arguments) return usage(err, arguments.error().sentence);
  if (arguments->help) return fmt::print(out, "{}", help_text()), 0;
  if (arguments->version) return fmt::print(out, "xsuperctl {}\n", XSUPERD_VERSION), 0;
  if (arguments->command.empty()) return usage(err, "a command is wanted");
  const Command* command = find_command(arguments->command);
  if (!command) return usage(err, fmt::format("there is no command {}", base::escaped(arguments->command, 100)));
  if (arguments->words.size() < command->least || arguments->words.size() > command->most)
    return usage(err, fmt::format("it is: xsuperctl {} {}", command->name, command->synopsis));
  control::Request request{std::string(command->name)};
  if (const std::string wrong = misplaced_option(*arguments); !wrong.empty())
    return command->alone == health ? health_unknown(out, wrong) : usage(err, wrong);
  if (command->apart) return usage(err, fmt::format("{} must be the first word", command->name));
  if (command->alone) return static_cast<int>(command->alone(*arguments, out, err));
  if (const std::string wrong = command->fill(*arguments, request.arguments); !wrong.empty()) return usage(err, wrong);
  return ask(*command, *arguments, request, out, err);
}

}  // namespace xsuperd::ctl
