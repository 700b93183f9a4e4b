// SPDX-License-Identifier: MIT
#include "xsuperd/cli/options.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/program_options.hpp>
#include <limits>

#include "xsuperd/base/text.hpp"

namespace xsuperd::cli {

namespace po = boost::program_options;

namespace {

/// H:MM, sensible or not.
bool looks_like_time(std::string_view word) {
  const std::size_t colon = word.find(':');
  const auto digits = [](std::string_view text) { return text.find_first_not_of("0123456789") == text.npos; };
  return (colon == 1 || colon == 2) && word.size() == colon + 3 && digits(word.substr(0, colon)) &&
         digits(word.substr(colon + 1));
}

constexpr Option table[]{
    {"-d", "", "stay in the foreground and write to the terminal"},
    {"-f", "config_file", "read this file instead of /etc/xinetd.conf"},
    {"-filelog", "filename", "append the daemon's messages to a file, a pipe, /dev/stdout or /dev/stderr"},
    {"-syslog", "facility", "send the daemon's messages to syslog with this facility (daemon)"},
    {"-reuse", "", "accepted and without effect"},
    {"-limit", "proc_limit", "run at most so many servers at a time"},
    {"-pidfile", "filename", "write the process id there"},
    {"-logprocs", "limit", "at most so many ident look-ups for refused peers at a time"},
    {"-shutdownprocs", "limit", "accepted and without effect"},
    {"-cc", "interval", "check the inner state every so many seconds"},
    {"-stayalive", "", "go on when no service is left"},
    {"-dontfork", "", "stay in the foreground; implies -stayalive"},
    {"-inetd_compat", "", "read /etc/inetd.conf too (not in effect yet)"},
    {"-inetd_ipv6", "", "accepted and without effect", false},
    {"-version", "", "print the version and exit"},
    {"-t", "", "check the configuration, print what is found, and exit: 0 good, 2 errors"},
    {"--strict", "", "with -t: exit with 1 when there are warnings only"},
    {"--show", "", "with -t: print the configuration in effect, defaults merged in"},
    {"--explain", "SERVICE ADDRESS [TIME]",
     "with -t: tell whether that peer is served at that time (H:MM) and why: 0 yes, 1 no, 2 errors", true,
     looks_like_time},
    {"--control", "path",
     "make the control socket for xsuperctl there; none: no such socket (/run/xsuperd/control for root, else none)"},
    {"--control-group", "group", "members of this group may look through the control socket"},
    {"--worker-user", "user", "who the processes are that hold echo, redirect and the like (nobody)"},
    {"--workers", "number", "how many of them there are (one for two processors)"},
    {"--version", "", "as -version"},
    {"--help", "", "print this and exit"},
};

const Option* find_option(std::string_view word) {
  const auto row = std::find_if(std::begin(table), std::end(table), [&](const Option& o) { return o.word == word; });
  return row == std::end(table) ? nullptr : row;
}

/// How many values an option cannot do without.
std::size_t least_values(const Option& option) {
  return base::split_words(option.argument).size() - (option.takes ? 1 : 0);
}

/// Takes one word, and its values, off the front. Whole words only, and a value is whatever comes next (facts B1.1 to
/// B1.4): none of the library's own styles reads a command line so.
class WordParser {
 public:
  explicit WordParser(CommandLine& result) : result_(result) {}

  std::vector<po::option> operator()(std::vector<std::string>& words) {
    if (stopped_) return words.clear(), std::vector<po::option>{};
    const std::string word = words.front();
    words.erase(words.begin());
    const Option* option = find_option(word);
    if (!option && word.size() > 1 && word.front() == '-') {
      result_.warnings.push_back(fmt::format("unknown option {} is ignored", base::escaped(word, 200)));
      return {};
    }
    if (!option) return fail(fmt::format("'{}' is no option", base::escaped(word, 200)));
    std::size_t count = least_values(*option);
    if (words.size() < count)
      return fail(count == 1 ? fmt::format("{} needs a value", word) : fmt::format("{} needs {} values", word, count));
    if (option->takes && words.size() > count && option->takes(words[count])) ++count;
    const auto end = words.begin() + static_cast<std::ptrdiff_t>(count);
    po::option parsed;
    parsed.string_key = word;
    parsed.original_tokens = {word};
    parsed.value.assign(words.begin(), end);
    words.erase(words.begin(), end);
    // What comes after -version does not matter (fact B1.21).
    stopped_ = word == "-version" || word == "--version" || word == "--help";
    return {parsed};
  }

 private:
  std::vector<po::option> fail(std::string why) {
    result_.task = CommandLine::Task::usage_error;
    result_.error = std::move(why);
    stopped_ = true;
    return {};
  }

  CommandLine& result_;
  bool stopped_ = false;
};

po::options_description description() {
  po::options_description all;
  for (const Option& option : table) {
    const std::string name(option.word);
    if (option.argument.empty())
      all.add_options()(name.c_str(), "");
    else
      all.add_options()(name.c_str(), po::value<std::vector<std::string>>()->multitoken(), "");
  }
  return all;
}

bool number(const std::string& text, long long low, long long high, std::uint64_t& to) {
  const auto value = base::parse_number(base::trim(text).substr(0, text.size()), low, high);
  // As strtoull(3): blanks may stand before the number, nothing behind it (fact B1.22).
  if (!value || (!text.empty() && base::is_space(text.back()))) return false;
  to = *value < 0 ? std::numeric_limits<std::uint64_t>::max() : static_cast<std::uint64_t>(*value);
  return true;
}

void set(CommandLine& c, const std::string& word, const std::vector<std::string>& values) {
  const std::string value = values.empty() ? std::string{} : values.front();
  constexpr long long most = std::numeric_limits<long long>::max();
  bool good = true;
  std::uint64_t seconds = 0;
  if (word == "-f") c.config = value;
  if (word == "-filelog") c.filelog = value;
  if (word == "-syslog") c.syslog = value;
  if (word == "-pidfile") c.pidfile = value;
  if (word == "-d") c.debug = true;
  if (word == "-stayalive") c.stay_alive = true;
  if (word == "-dontfork") c.foreground = c.stay_alive = true;
  if (word == "-inetd_compat") c.inetd_compat = true;
  if (word == "--strict") c.strict = true;
  if (word == "--show") c.show = true;
  if (word == "-shutdownprocs") c.warnings.emplace_back("The shutdownprocs option has been deprecated.");
  if (word == "-limit") good = number(value, -1, most, c.limit);
  if (word == "-logprocs") good = number(value, -1, most, c.logprocs);
  if (word == "-cc") good = number(value, 0, most, seconds);
  if (word == "-cc") c.consistency = static_cast<unsigned>(std::min<std::uint64_t>(seconds, 1u << 31));
  if (word == "--control") c.control = value;
  if (word == "--control-group") c.control_group = value;
  if (word == "--worker-user") c.worker_user = value;
  if (word == "--workers") good = number(value, 1, 64, c.workers);
  if (word == "-t") c.task = CommandLine::Task::check;
  if (word == "--explain") {
    c.task = CommandLine::Task::check;
    c.explain = {values.at(0), values.at(1), values.size() > 2 ? std::optional(values[2]) : std::nullopt};
  }
  if (word == "-version" || word == "--version") c.task = CommandLine::Task::version;
  if (word == "--help") c.task = CommandLine::Task::help;
  if (good) return;
  c.task = CommandLine::Task::usage_error;
  c.error = fmt::format("{} takes a number, not '{}'", word, base::escaped(value, 200));
}

}  // namespace

std::span<const Option> option_table() { return table; }

CommandLine parse_command_line(const std::vector<std::string>& words) {
  CommandLine result;
  const po::options_description all = description();
  const auto parsed = po::command_line_parser(words).options(all).extra_style_parser(WordParser(result)).run();
  const bool stray = result.task == CommandLine::Task::usage_error;
  for (const po::option& option : parsed.options) {
    set(result, option.string_key, option.value);
    if (result.task == CommandLine::Task::usage_error && !stray) return result;
  }
  if (stray) result.task = CommandLine::Task::usage_error;
  const bool only_tells = result.task == CommandLine::Task::version || result.task == CommandLine::Task::help;
  if (result.filelog && result.syslog && !only_tells) {
    result.task = CommandLine::Task::usage_error;
    result.error = "-filelog and -syslog exclude each other";
  }
  // -1 is a huge number for xinetd, and 0 no limit: they come to the same.
  if (result.limit == std::numeric_limits<std::uint64_t>::max()) result.limit = 0;
  return result;
}

std::string usage(std::string_view program) {
  std::string text = fmt::format("Usage: {}", program);
  for (const Option& option : table) {
    if (!option.shown) continue;
    const std::string value = option.argument.empty() ? std::string{} : fmt::format(" {}", option.argument);
    text += fmt::format(" [{}{}]", option.word, value);
  }
  return text + "\n";
}

std::string help(std::string_view program) {
  std::string text = fmt::format("{}: the extended super-server, a drop-in for xinetd\n\n", program);
  for (const Option& option : table) {
    const std::string left = fmt::format("{} {}", option.word, option.argument);
    const std::string_view between = left.size() > 24 ? "\n                           " : " ";
    text += fmt::format("  {:<24}{}{}\n", left, between, option.text);
  }
  return text + "\nSee xsuperd(8) and xsuperd.conf(5).\n";
}

}  // namespace xsuperd::cli
