// SPDX-License-Identifier: MIT
#include "ctl/arguments.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/program_options.hpp>

#include "ctl/options.hpp"
#include "xsuperd/control/socket_file.hpp"

namespace xsuperd::ctl {

namespace po = boost::program_options;

namespace {

po::options_description all_options() {
  po::options_description all;
  std::string_view last;
  for (const OptionUse& use : option_uses()) {
    if (use.name == std::exchange(last, use.name)) continue;
    std::string names(use.name);
    if (use.letter != 0) names.append(",").push_back(use.letter);
    if (use.argument.empty())
      all.add_options()(names.c_str(), "");
    else
      all.add_options()(names.c_str(), po::value<std::string>(), "");
  }
  all.add_options()("word", po::value<std::vector<std::string>>());
  return all;
}

std::optional<std::string> text_of(const po::variables_map& found, const char* name) {
  return found.count(name) > 0 ? std::optional(found[name].as<std::string>()) : std::nullopt;
}

Arguments arguments_of(const po::variables_map& found) {
  Arguments a;
  a.socket = text_of(found, "socket").value_or("");
  if (found.count("socket") == 0) a.socket = control::path_to_ask();
  const std::pair<const char*, bool Arguments::*> switches[]{
      {"json", &Arguments::json},       {"help", &Arguments::help},     {"version", &Arguments::version},
      {"all", &Arguments::all},         {"hold", &Arguments::hold},     {"persist", &Arguments::persist},
      {"strict", &Arguments::strict},   {"inetd", &Arguments::inetd},   {"wait", &Arguments::wait},
      {"once", &Arguments::once},       {"as-xinetd", &Arguments::as_xinetd}, {"follow", &Arguments::follow},
      {"reset", &Arguments::reset},
  };
  const std::pair<const char*, std::optional<std::string> Arguments::*> values[]{
      {"file", &Arguments::file},
      {"interval", &Arguments::interval}, {"sort", &Arguments::sort},       {"at", &Arguments::at},
      {"via", &Arguments::via},           {"last", &Arguments::last},       {"service", &Arguments::service},
      {"cert", &Arguments::cert},         {"reason", &Arguments::reason},
      {"peer", &Arguments::peer},         {"signal", &Arguments::signal},   {"warning", &Arguments::warning},
      {"critical", &Arguments::critical}, {"recent", &Arguments::recent},   {"timeout", &Arguments::timeout},
  };
  for (const auto& [name, member] : switches) a.*member = found.count(name) > 0;
  for (const auto& [name, member] : values) a.*member = text_of(found, name);
  for (const auto& [name, value] : found)
    if (name != "word") a.given.push_back(name);
  if (found.count("word") > 0) a.words = found["word"].as<std::vector<std::string>>();
  if (a.words.empty()) return a;
  a.command = a.words.front();
  a.words.erase(a.words.begin());
  return a;
}

}  // namespace

base::Result<Arguments> parse_arguments(const std::vector<std::string>& words) {
  const po::options_description all = all_options();
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
  Arguments arguments = arguments_of(found);
  arguments.line = words;
  return arguments;
}

bool wants_json(const std::vector<std::string>& words) {
  const auto end = std::find(words.begin(), words.end(), "--");
  return std::find(words.begin(), end, "--json") != end;
}

std::string misplaced_option(const Arguments& a) {
  const std::string_view repeated = a.command == "watch" && !a.words.empty() ? a.words.front() : std::string_view(a.command);
  for (const std::string& option : a.given)
    if (!takes(a.command, option) && !takes(repeated, option)) return fmt::format("{} does not take --{}", a.command, option);
  return {};
}

}  // namespace xsuperd::ctl
