// SPDX-License-Identifier: MIT
// ExecStart= of systemd.service(5), "Command lines".
#include <fmt/format.h>

#include <algorithm>

#include "convert/environment_file.hpp"
#include "convert/from_units.hpp"
#include "convert/unit_text.hpp"
#include "xsuperd/base/text.hpp"

namespace xsuperd::convert {

namespace {

/// An argument with ${NAME} replaced. A $NAME that is a word of its own becomes as many words as its value has.
class Expansion {
 public:
  Expansion(const Environment& environment, std::set<std::string>& used) : environment_(environment), used_(used) {}

  /// False when a variable is set by nobody that is known here.
  bool expand(const std::string& word, std::vector<std::string>& to) {
    const std::string_view text = word;
    if (text.starts_with("$") && is_variable_name(text.substr(1))) {
      const auto value = value_of(text.substr(1));
      for (std::string& one : words_of_variable(value.value_or(""))) to.push_back(std::move(one));
      return value.has_value();
    }
    std::string result;
    for (std::size_t i = 0; i < text.size(); ++i) {
      const char next = text[i] == '$' && i + 1 < text.size() ? text[i + 1] : '\0';
      const std::size_t end = next == '{' ? text.find('}', i) : text.npos;
      if (end == text.npos) {
        result += text[i];
        if (next == '$') ++i;
        continue;
      }
      const auto value = value_of(text.substr(i + 2, end - i - 2));
      if (!value) return false;
      result += *value;
      i = end;
    }
    to.push_back(std::move(result));
    return true;
  }

 private:
  std::optional<std::string> value_of(std::string_view name) {
    used_.emplace(name);
    if (const Environment::One* one = environment_.find(name)) return one->value;
    return environment_.nothing(name) ? std::optional<std::string>("") : std::nullopt;
  }

  const Environment& environment_;
  std::set<std::string>& used_;
};

struct Prefixes {
  bool other_name = false;  ///< @: the next word is argv[0]
  bool plain = false;       ///< ":": no variables
  bool privileged = false;  ///< "+", "!"
  bool shell = false;       ///< "|": the command line is one for the user's shell
};
Prefixes take_prefixes(std::string& path) {
  Prefixes found;
  while (!path.empty() && std::string_view("-@:+!|").find(path[0]) != std::string_view::npos) {
    found.other_name = found.other_name || path[0] == '@';
    found.plain = found.plain || path[0] == ':';
    // "!!" is for kernels without ambient capabilities; any other drops the privileges as without it.
    const bool for_old_kernels = path.starts_with("!!");
    found.privileged = found.privileged || path[0] == '+' || (path[0] == '!' && !for_old_kernels);
    found.shell = found.shell || path[0] == '|';
    path.erase(0, for_old_kernels ? 2 : 1);
  }
  return found;
}

class Command {
 public:
  Command(const Directive& d, Draft& draft, Report& report) : d_(d), draft_(draft), report_(report) {}

  void run(Unit& service, Expansion variables) {
    const auto raw = unit_words(d_.value);
    if (!raw || raw->empty()) {
      report_.error(d_.place, fmt::format("{} is not a command line", text()));
      return draft_.unfit.push_back(text() + " is not a command line");
    }
    std::vector<std::string> words;
    for (const std::string& word : *raw) {
      auto one = resolved(service, word);
      if (!one) return lost("it has specifiers that only systemd can resolve");
      words.push_back(std::move(*one));
    }
    const Prefixes prefixes = take_prefixes(words[0]);
    if (prefixes.privileged) lost("the server would keep privileges that its user does not have");
    // A quoted one is an argument.
    const auto written = base::split_words(d_.value);
    if (std::find(written.begin(), written.end(), ";") != written.end()) return lost("only one command can be run");
    if (prefixes.shell) return lost("it would need a shell");
    write(words, prefixes, variables);
  }

 private:
  [[nodiscard]] std::string text() const { return fmt::format("{}={}", d_.key, shortened(d_.value)); }
  void lost(std::string_view why) {
    const std::string sentence = fmt::format("{}: {}", text(), why);
    report_.loss(d_.place, sentence);
    draft_.unfit.push_back(sentence);
  }

  void write(const std::vector<std::string>& words, const Prefixes& prefixes, Expansion& variables) {
    std::vector<std::string> arguments;
    if (!prefixes.other_name) arguments.push_back(words[0]);
    for (std::size_t i = 1; i < words.size(); ++i) {
      if (prefixes.plain)
        arguments.push_back(words[i]);
      else if (!variables.expand(words[i], arguments))
        return lost("it has variables that the unit does not set");
    }
    if (arguments.empty()) return lost("the name after @ is missing");
    for (const std::string& one : arguments)
      if (one.empty() || std::any_of(one.begin(), one.end(), base::is_space))
        return lost("an argument is empty or has a blank in it, which xinetd's syntax cannot express");
    if (words[0].empty() || words[0][0] != '/') return lost("the path of the program must be given in full");
    if (std::any_of(words[0].begin(), words[0].end(), base::is_space))
      return lost("the path of the program has a blank in it");
    draft_.set("server", {words[0]}, &d_);
    // xinetd calls a server by the last part of its path, systemd by all of it.
    if (arguments[0] == base::last_component(words[0]))
      arguments.erase(arguments.begin());
    else
      draft_.add_flag("NAMEINARGS", &d_);
    if (!arguments.empty()) draft_.set("server_args", arguments, &d_);
  }

  const Directive& d_;
  Draft& draft_;
  Report& report_;
};

/// HOST:PORT or [ADDRESS]:PORT.
bool read_target(const std::string& word, Relay& to) {
  const std::size_t colon = word.rfind(':');
  if (colon == std::string::npos || colon == 0 || word[0] == '/' || word[0] == '@') return false;
  to.host = word.substr(0, colon);
  to.port = word.substr(colon + 1);
  if (to.host.size() > 2 && to.host.front() == '[' && to.host.back() == ']')
    to.host = to.host.substr(1, to.host.size() - 2);
  return !to.port.empty();
}

}  // namespace

std::optional<Relay> relay_of(Unit& service) {
  const Directive* d = service.last("Service", "ExecStart");
  const auto words = d ? unit_words(d->value) : std::nullopt;
  if (!words || words->size() < 2 || base::last_component(words->front()) != "systemd-socket-proxyd")
    return std::nullopt;
  Relay relay{d, {}, {}, "256"};
  for (std::size_t i = 1; i < words->size(); ++i) {
    const std::string& word = (*words)[i];
    constexpr std::string_view most = "--connections-max=";
    if (word.starts_with(most))
      relay.most = word.substr(most.size());
    else if ((word == "-c" || word == "--connections-max") && i + 1 < words->size())
      relay.most = (*words)[++i];
    else if (!word.starts_with("--exit-idle-time=") && !read_target(word, relay))
      return std::nullopt;
  }
  const auto number = base::parse_number(relay.most, 1, 0xffff'ffff);
  if (!number || relay.host.empty()) return std::nullopt;
  if (*number > 0x7fff'ffff) relay.most = "UNLIMITED";
  return relay;
}

std::set<std::string> take_command(Unit& service, const Environment& environment, Draft& draft, Report& report) {
  std::set<std::string> used;
  const auto commands = service.all("Service", "ExecStart");
  if (commands.empty()) {
    report.error(service.place, fmt::format("{} has no ExecStart=", service.name));
    draft.unfit.push_back("no ExecStart=");
    return used;
  }
  for (std::size_t i = 1; i < commands.size(); ++i)
    report.loss(commands[i]->place, "a server is one program: this ExecStart= is not converted");
  if (commands.size() > 1) draft.unfit.push_back("several ExecStart=");
  Command(*commands[0], draft, report).run(service, Expansion(environment, used));
  for (const std::string& name : used)
    if (!environment.find(name) && environment.nothing(name))
      report.note(commands[0]->place, fmt::format("${} is not set by any of the files, and expands to nothing", name));
  return used;
}

}  // namespace xsuperd::convert
