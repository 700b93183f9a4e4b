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

constexpr Option of_inetd(std::string_view word, std::string_view argument, std::string_view text) {
  return {word, argument, text, true, nullptr, Known::to_inetd};
}

constexpr Option table[]{
    {"-d", "", "stay in the foreground and write to the terminal"},
    {"-f", "config_file", "read this file instead of /etc/xinetd.conf", true, nullptr, Known::to_xinetd},
    {"-filelog", "filename", "append the daemon's messages to a file, a pipe, /dev/stdout or /dev/stderr"},
    {"-syslog", "facility", "send the daemon's messages to syslog with this facility (daemon)"},
    {"-reuse", "", "accepted, but has no effect"},
    {"-limit", "proc_limit", "run at most this many servers at a time"},
    {"-pidfile", "filename", "write the process id there"},
    {"-logprocs", "limit", "make at most this many ident look-ups for refused peers at a time"},
    {"-shutdownprocs", "limit", "accepted, but has no effect"},
    {"-cc", "interval", "check consistency every N seconds"},
    {"-stayalive", "", "keep running when no service is left"},
    {"-dontfork", "", "stay in the foreground; implies -stayalive"},
    {"--container", "", "like -dontfork, and log to standard output unless -filelog or -syslog is given"},
    {"-inetd_compat", "", "read /etc/inetd.conf too", true, nullptr, Known::to_xinetd},
    {"-inetd_ipv6", "", "accepted, but has no effect", false, nullptr, Known::to_xinetd},
    {"--inetd", "file", "act as inetd: read this inetd.conf and no other configuration"},
    of_inetd("-i", "", "stay in the foreground"),
    of_inetd("-f", "", "same as -i"),
    of_inetd("-E", "", "servers inherit the whole environment"),
    of_inetd("-l", "", "log every connection, and ask hosts.allow and hosts.deny for every program"),
    of_inetd("-w", "", "ask hosts.allow and hosts.deny for every program"),
    of_inetd("-W", "", "ask hosts.allow and hosts.deny for internal services"),
    of_inetd("-R", "rate", "start a service at most this often per minute, then pause it for ten minutes; 0: no "
                           "limit (default 256)"),
    of_inetd("-c", "maximum", "run at most this many servers per service; 0: no limit"),
    of_inetd("-C", "rate", "serve each address at most this often per minute and service; 0: no limit"),
    of_inetd("-s", "maximum", "run at most this many servers per service and address; 0: no limit"),
    of_inetd("-q", "length", "let this many connections per service wait to be accepted"),
    of_inetd("-a", "address", "listen on this address where the file gives none"),
    of_inetd("-p", "filename", "same as -pidfile (default in the background: /run/inetd.pid)"),
    {"-version", "", "print the version and exit"},
    {"-t", "", "check the configuration, print the findings, and exit: 0 no errors, 2 errors"},
    {"--strict", "", "with -t: exit with 1 if there are only warnings"},
    {"--show", "", "with -t: print the configuration in effect, with defaults merged in"},
    {"--as-xinetd", "", "with -t: also warn of what xinetd would ignore, refuse or read otherwise", true, nullptr, Known::to_xinetd},
    {"--explain", "SERVICE ADDRESS [TIME]",
     "with -t: say whether that peer would be served at that time (H:MM) and why; exits with 0 yes, 1 no, 2 errors", true,
     looks_like_time},
    {"--try", "SERVICE",
     "run the server of that service once, on this terminal and confined as its entry says, and tell what it was denied; "
     "words behind two dashes are its arguments"},
    {"--json", "", "with --try: print what it was denied as JSON"},
    {"--control", "path",
     "make the control socket for xsuperctl there; none: no such socket ($XSUPERD_CONTROL, else /run/xsuperd/control for "
     "root and $XDG_RUNTIME_DIR/xsuperd/control for others)"},
    {"--control-group", "group", "let members of this group query the daemon over the control socket"},
    {"--worker-user", "user", "user of the worker processes for echo, redirect and the like (default xsuperd-worker)"},
    {"--workers", "number", "number of worker processes (default: one for every two processors)"},
    {"--version", "", "same as -version"},
    {"--help", "", "print this help and exit"},
};

bool known(const Option& option, bool inetd) {
  return option.known == Known::always || (option.known == Known::to_inetd) == inetd;
}

const Option* find_option(std::string_view word, bool inetd) {
  const auto row = std::find_if(std::begin(table), std::end(table),
                                [&](const Option& o) { return o.word == word && known(o, inetd); });
  return row == std::end(table) ? nullptr : row;
}

/// How many values an option cannot do without.
std::size_t least_values(const Option& option) {
  return base::split_words(option.argument).size() - (option.takes ? 1 : 0);
}

/// xinetd has no such words, so nobody's start is lost (decision B15.32). Whoever writes one has another program in mind,
/// or another spelling.
std::string unknown_long(std::string_view word, bool inetd) {
  const std::string_view name = word.substr(2);
  const Option* meant = find_option(word.substr(1), inetd);
  if (!meant && (name == "test" || name == "check" || name.starts_with("config-"))) meant = find_option("-t", inetd);
  return fmt::format("unknown option {}{}", base::escaped(word, 200), meant ? fmt::format("; did you mean {}?", meant->word) : "");
}

/// Takes one word, and its values, off the front. Whole words only, and a value is whatever comes next (facts B1.1 to
/// B1.4): none of the library's own styles reads a command line so.
class WordParser {
 public:
  explicit WordParser(CommandLine& result) : result_(result) {}

  std::vector<po::option> operator()(std::vector<std::string>& words) {
    if (stopped_) {
      words.clear();
      return {};
    }
    const std::string word = words.front();
    words.erase(words.begin());
    if (const Option* option = find_option(word, inetd())) return take(*option, words);
    if (inetd() && joined(word)) return take_apart(word, words);
    if (word.size() > 2 && word.starts_with("--")) return fail(unknown_long(word, inetd()));
    if (word.size() > 1 && word.front() == '-') {
      const std::string_view why = !find_option(word, !inetd()) ? "" : inetd() ? " (it is xinetd's)" : " (it is inetd's)";
      result_.warnings.push_back(fmt::format("unknown option {} is ignored{}", base::escaped(word, 200), why));
      return {};
    }
    if (!inetd() || word.empty() || word == "-") return fail(fmt::format("'{}' is not an option", base::escaped(word, 200)));
    result_.inetd->files.push_back(word);
    return {};
  }

 private:
  [[nodiscard]] bool inetd() const { return result_.inetd.has_value(); }

  std::vector<po::option> take(const Option& option, std::vector<std::string>& words) {
    std::size_t count = least_values(option);
    if (words.size() < count)
      return fail(count == 1 ? fmt::format("{} needs a value", option.word)
                             : fmt::format("{} needs {} values", option.word, count));
    if (option.takes && words.size() > count && option.takes(words[count])) ++count;
    const auto end = words.begin() + static_cast<std::ptrdiff_t>(count);
    po::option parsed;
    parsed.string_key = option.word;
    parsed.original_tokens = {std::string(option.word)};
    parsed.value.assign(words.begin(), end);
    words.erase(words.begin(), end);
    // What comes after -version does not matter (fact B1.21).
    stopped_ = option.word == "-version" || option.word == "--version" || option.word == "--help";
    return {parsed};
  }

  /// Does the word begin with a letter of inetd's, and is it none of xinetd's words?
  static bool joined(const std::string& word) {
    return word.size() > 2 && word[0] == '-' && find_option(word.substr(0, 2), true) && !find_option(word, false);
  }

  /// As getopt(3): "-il" is "-i -l", and "-R100" is "-R 100".
  std::vector<po::option> take_apart(const std::string& word, std::vector<std::string>& words) {
    std::vector<po::option> all;
    for (std::size_t at = 1; at < word.size(); ++at) {
      const Option* option = find_option(std::string("-") + word[at], true);
      if (!option) return fail(fmt::format("'{}' is not an option, in {}", base::escaped(word.substr(at, 1)), base::escaped(word, 200)));
      const bool value = !option->argument.empty() && at + 1 < word.size();
      if (value) words.insert(words.begin(), word.substr(at + 1));
      const auto parsed = take(*option, words);
      if (parsed.empty()) return {};
      all.push_back(parsed.front());
      if (value) break;
    }
    return all;
  }

  std::vector<po::option> fail(std::string why) {
    result_.task = CommandLine::Task::usage_error;
    result_.error = std::move(why);
    stopped_ = true;
    return {};
  }

  CommandLine& result_;
  bool stopped_ = false;
};

po::options_description description(bool inetd) {
  po::options_description all;
  for (const Option& option : table) {
    if (!known(option, inetd)) continue;
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

/// The options that only an inetd has. False when a number is none.
bool set_inetd(CommandLine& c, const std::string& word, const std::string& value) {
  constexpr long long most = std::numeric_limits<std::uint32_t>::max();
  InetdCommandLine& inetd = *c.inetd;
  if (word == "--inetd") inetd.files.push_back(value);
  if (word == "-i" || word == "-f" || word == "-d") c.foreground = true;
  if (word == "-d") inetd.debugs = true;
  if (word == "-E") inetd.keeps_environment = true;
  if (word == "-l") inetd.logs = inetd.wraps = true;
  if (word == "-w") inetd.wraps = true;
  if (word == "-W") inetd.wraps_internal = true;
  if (word == "-a") inetd.address = value;
  if (word == "-p") c.pidfile = value;
  if (word == "-R") return number(value, 0, most, inetd.rate);
  if (word == "-c") return number(value, 0, most, inetd.children);
  if (word == "-C") return number(value, 0, most, inetd.per_source_rate);
  if (word == "-s") return number(value, 0, most, inetd.per_source);
  if (word == "-q") return number(value, 0, std::numeric_limits<int>::max(), inetd.backlog);
  return true;
}

void set(CommandLine& c, const std::string& word, const std::vector<std::string>& values) {
  const std::string value = values.empty() ? std::string{} : values.front();
  constexpr long long most = std::numeric_limits<long long>::max();
  bool good = !c.inetd || set_inetd(c, word, value);
  std::uint64_t seconds = 0;
  if (word == "-f" && !c.inetd) c.config = value;
  if (word == "-filelog") c.filelog = value;
  if (word == "-syslog") c.syslog = value;
  if (word == "-pidfile") c.pidfile = value;
  if (word == "-d" && !c.inetd) c.debug = true;
  if (word == "-stayalive") c.stay_alive = true;
  if (word == "-dontfork") c.foreground = c.stay_alive = true;
  if (word == "--container") c.container = c.foreground = c.stay_alive = true;
  if (word == "-inetd_compat") c.inetd_compat = true;
  if (word == "--strict") c.strict = true;
  if (word == "--show") c.show = true;
  if (word == "--as-xinetd") c.as_xinetd = true;
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
  if (word == "--try") c.task = CommandLine::Task::attempt, c.attempt.service = value;
  if (word == "--json") c.attempt.json = true;
  if (word == "-version" || word == "--version") c.task = CommandLine::Task::version;
  if (word == "--help") c.task = CommandLine::Task::help;
  if (good) return;
  c.task = CommandLine::Task::usage_error;
  c.error = fmt::format("{} takes a number, not '{}'", word, base::escaped(value, 200));
}

/// With --try, what stands behind "--" is for the server.
std::vector<std::string> without_arguments(const std::vector<std::string>& words, std::optional<std::vector<std::string>>& arguments) {
  const auto end = std::find(words.begin(), words.end(), "--");
  if (end == words.end() || std::find(words.begin(), end, "--try") == end) return words;
  arguments.emplace(end + 1, words.end());
  return {words.begin(), end};
}

void be_inetd(CommandLine& c) {
  c.inetd.emplace();
  c.stay_alive = true;
}

/// A container has no syslog daemon, unless somebody says so.
void finish_container(CommandLine& c) {
  if (c.container && !c.filelog && !c.syslog) c.filelog = "/dev/stdout";
}

/// What an inetd does where nothing is said.
void finish_inetd(CommandLine& c) {
  if (!c.inetd) return;
  if (c.inetd->files.empty()) c.inetd->files.emplace_back("/etc/inetd.conf");
  if (c.inetd->debugs && !c.filelog && !c.syslog) c.filelog = "/dev/stderr";
  if (!c.foreground && !c.pidfile) c.pidfile = "/run/inetd.pid";
}

}  // namespace

std::span<const Option> option_table() { return table; }

CommandLine parse_command_line(const std::vector<std::string>& all_words, std::string_view program) {
  CommandLine result;
  const std::vector<std::string> words = without_arguments(all_words, result.attempt.arguments);
  if (program == "inetd" || std::find(words.begin(), words.end(), "--inetd") != words.end()) be_inetd(result);
  const po::options_description all = description(result.inetd.has_value());
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
    result.error = "-filelog and -syslog cannot be combined";
  }
  finish_container(result);
  finish_inetd(result);
  // -1 is a huge number for xinetd, and 0 no limit: they come to the same.
  if (result.limit == std::numeric_limits<std::uint64_t>::max()) result.limit = 0;
  return result;
}

std::string usage(std::string_view program) {
  const bool inetd = program == "inetd";
  std::string text = fmt::format("Usage: {}", program);
  for (const Option& option : table) {
    if (!option.shown || !known(option, inetd)) continue;
    const std::string value = option.argument.empty() ? std::string{} : fmt::format(" {}", option.argument);
    text += fmt::format(" [{}{}]", option.word, value);
  }
  return text + (inetd ? " [file ...]\n" : "\n");
}

std::string help(std::string_view program) {
  std::string text = fmt::format("{}: the extended super-server, a drop-in for xinetd\n\n", program);
  std::string of_inetd = "\nAs inetd (called by that name, or with --inetd):\n\n";
  for (const Option& option : table) {
    const std::string left = fmt::format("{} {}", option.word, option.argument);
    const std::string_view between = left.size() > 24 ? "\n                           " : " ";
    (option.known == Known::to_inetd ? of_inetd : text) += fmt::format("  {:<24}{}{}\n", left, between, option.text);
  }
  return text + of_inetd + "\nSee xsuperd(8) and xsuperd.conf(5).\n";
}

}  // namespace xsuperd::cli
