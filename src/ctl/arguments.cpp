// SPDX-License-Identifier: MIT
#include "ctl/arguments.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/program_options.hpp>
#include <sstream>

#include "ctl/commands.hpp"
#include "xsuperd/control/socket_file.hpp"

namespace xsuperd::ctl {

namespace po = boost::program_options;

namespace {

po::options_description visible() {
  po::options_description all("Options");
  // clang-format off
  all.add_options()
      ("socket", po::value<std::string>()->value_name("PATH")->default_value(control::default_path), "the control socket of the daemon")
      ("json", "print the reply as JSON")
      ("all", "list: entries that are not served, too; show: attributes that nobody set, too")
      ("at", po::value<std::string>()->value_name("H:MM"), "explain: at that time of day")
      ("peer", po::value<std::string>()->value_name("ADDRESS"), "kill: all sessions of that peer")
      ("signal", po::value<std::string>()->value_name("NAME"), "kill: this signal in place of TERM")
      ("hold", "drain: keep the socket open; connections wait")
      ("wait", "drain, disable: until no session is left")
      ("strict", "reload: refuse the whole when there is an error anywhere; check: warnings are errors")
      ("inetd", "check: the file is inetd's")
      ("persist", "enable, disable: write it into the file of the service, too")
      ("interval", po::value<std::string>()->value_name("SECONDS"), "top: between two looks, 1 by default")
      ("sort", po::value<std::string>()->value_name("ORDER"), "top: by rate, running, refused or name")
      ("warning,w", po::value<std::string>()->value_name("RANGE"), "health: the part of a limit, in per cent, that is good; 80 by default")
      ("critical,c", po::value<std::string>()->value_name("RANGE"), "health: the part of a limit that is not yet critical; 95 by default")
      ("recent", po::value<std::string>()->value_name("MINUTES"), "health: failures of that time are told, 10 by default")
      ("timeout,t", po::value<std::string>()->value_name("SECONDS"), "health: how long to wait for the daemon, 10 by default")
      ("once", "top: print one screen and exit")
      ("help,h", "print this and exit")
      ("version", "print the version and exit");
  // clang-format on
  return all;
}

std::optional<std::string> text_of(const po::variables_map& found, const char* name) {
  return found.count(name) > 0 ? std::optional(found[name].as<std::string>()) : std::nullopt;
}

}  // namespace

base::Result<Arguments> parse_arguments(const std::vector<std::string>& words) {
  po::options_description all = visible();
  all.add_options()("word", po::value<std::vector<std::string>>());
  po::positional_options_description positional;
  positional.add("word", -1);
  po::variables_map found;
  namespace style = po::command_line_style;
  // Whole words only: an abbreviation may mean something else in the next version.
  const int how = (style::unix_style | style::allow_long) & ~style::allow_guessing;
  try {
    po::store(po::command_line_parser(words).options(all).positional(positional).style(how).run(), found);
  } catch (const po::error& wrong) {
    return base::Error{0, wrong.what()};
  }
  Arguments result;
  result.socket = found["socket"].as<std::string>();
  result.json = found.count("json") > 0;
  result.help = found.count("help") > 0;
  result.version = found.count("version") > 0;
  result.all = found.count("all") > 0;
  result.hold = found.count("hold") > 0;
  result.persist = found.count("persist") > 0;
  result.strict = found.count("strict") > 0;
  result.inetd = found.count("inetd") > 0;
  result.wait = found.count("wait") > 0;
  result.once = found.count("once") > 0;
  result.interval = text_of(found, "interval");
  result.sort = text_of(found, "sort");
  result.at = text_of(found, "at");
  result.peer = text_of(found, "peer");
  result.signal = text_of(found, "signal");
  result.warning = text_of(found, "warning");
  result.critical = text_of(found, "critical");
  result.recent = text_of(found, "recent");
  result.timeout = text_of(found, "timeout");
  if (found.count("word") > 0) result.words = found["word"].as<std::vector<std::string>>();
  if (result.words.empty()) return result;
  result.command = result.words.front();
  result.words.erase(result.words.begin());
  return result;
}

std::vector<OptionWord> option_words() {
  std::vector<OptionWord> words;
  const po::options_description all = visible();
  for (const auto& one : all.options()) {
    // "NAME", and "NAME (=VALUE)" where there is a default.
    std::string argument = one->semantic()->max_tokens() > 0 ? one->semantic()->name() : std::string{};
    argument.resize(std::min(argument.find(' '), argument.size()));
    words.push_back({"--" + one->long_name(), argument, one->description()});
  }
  return words;
}

std::string help_text() {
  std::string text = "Usage: xsuperctl [OPTION...] COMMAND [ARGUMENT...]\nAsks a running xsuperd through its control socket.\n\nCommands:\n";
  for (const Command& command : commands())
    text += fmt::format("  {:<26} {}\n", fmt::format("{} {}", command.name, command.synopsis), command.text);
  std::ostringstream options;
  options << visible();
  return text + "\n" + options.str() + "\nSee xsuperctl(1).\n";
}

}  // namespace xsuperd::ctl
