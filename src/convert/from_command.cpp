// SPDX-License-Identifier: MIT
// ExecStart= of systemd.service(5), "Command lines".
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "convert/from_units.hpp"
#include "convert/unit_text.hpp"
#include "xsuperd/base/text.hpp"

namespace xsuperd::convert {

namespace {

using Variables = std::map<std::string, std::string>;

Variables variables_of(Unit& service) {
  Variables variables;
  for (const Directive* d : service.all("Service", "Environment")) {
    const auto value = resolved(service, d->value);
    const auto words = value ? unit_words(*value) : std::nullopt;
    for (const std::string& word : words.value_or(std::vector<std::string>{}))
      if (const std::size_t equals = word.find('='); equals != std::string::npos)
        variables[word.substr(0, equals)] = word.substr(equals + 1);
  }
  return variables;
}

bool is_name(std::string_view text) {
  if (text.empty() || (text[0] >= '0' && text[0] <= '9')) return false;
  return std::all_of(text.begin(), text.end(), [](char c) {
    return c == '_' || (c >= '0' && c <= '9') || (base::lower(c) >= 'a' && base::lower(c) <= 'z');
  });
}

/// An argument with ${NAME} replaced. A $NAME that is a word of its own becomes as many words as its value has.
/// False when a variable is not set in the unit.
bool expand(const std::string& word, const Variables& variables, std::vector<std::string>& to) {
  const std::string_view text = word;
  if (text.starts_with("$") && is_name(text.substr(1))) {
    const auto found = variables.find(word.substr(1));
    if (found == variables.end()) return false;
    for (const std::string_view one : base::split_words(found->second)) to.emplace_back(one);
    return true;
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
    const auto found = variables.find(word.substr(i + 2, end - i - 2));
    if (found == variables.end()) return false;
    result += found->second;
    i = end;
  }
  to.push_back(std::move(result));
  return true;
}

struct Prefixes {
  bool other_name = false;  ///< @: the next word is argv[0]
  bool plain = false;       ///< ":": no variables
  bool privileged = false;  ///< "+", "!"
};
Prefixes take_prefixes(std::string& path) {
  Prefixes found;
  while (!path.empty() && std::string_view("-@:+!|").find(path[0]) != std::string_view::npos) {
    found.other_name = found.other_name || path[0] == '@';
    found.plain = found.plain || path[0] == ':';
    found.privileged = found.privileged || path[0] == '+' || path[0] == '!';
    path.erase(0, 1);
  }
  return found;
}

class Command {
 public:
  Command(const Directive& d, Draft& draft, Report& report) : d_(d), draft_(draft), report_(report) {}

  void run(Unit& service) {
    const auto raw = unit_words(d_.value);
    if (!raw || raw->empty()) return report_.error(d_.place, fmt::format("{} is no command line", text())), unfit();
    std::vector<std::string> words;
    for (const std::string& word : *raw) {
      auto one = resolved(service, word);
      if (!one) return lost("it has specifiers that only systemd can resolve");
      words.push_back(std::move(*one));
    }
    const Prefixes prefixes = take_prefixes(words[0]);
    if (prefixes.privileged) lost("the server would keep rights that its user does not have");
    // A quoted one is an argument.
    const auto written = base::split_words(d_.value);
    if (std::find(written.begin(), written.end(), ";") != written.end()) return lost("only one command can be run");
    write(words, prefixes, variables_of(service));
  }

 private:
  [[nodiscard]] std::string text() const { return fmt::format("{}={}", d_.key, shortened(d_.value)); }
  void unfit() { draft_.unfit.push_back(text()); }
  void lost(std::string_view why) {
    report_.loss(d_.place, fmt::format("{}: {}", text(), why));
    unfit();
  }

  void write(const std::vector<std::string>& words, const Prefixes& prefixes, const Variables& variables) {
    std::vector<std::string> arguments;
    for (std::size_t i = 1; i < words.size(); ++i) {
      if (prefixes.plain)
        arguments.push_back(words[i]);
      else if (!expand(words[i], variables, arguments))
        return lost("it has variables that the unit does not set");
    }
    for (const std::string& one : arguments)
      if (one.empty() || std::any_of(one.begin(), one.end(), base::is_space))
        return lost("an argument is empty or has a blank in it, which xinetd's language cannot say");
    if (words[0].empty() || words[0][0] != '/') return lost("the path of the program must be given in full");
    if (std::any_of(words[0].begin(), words[0].end(), base::is_space))
      return lost("the path of the program has a blank in it");
    draft_.set("server", {words[0]}, &d_);
    if (prefixes.other_name) draft_.add_flag("NAMEINARGS", &d_);
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

void take_command(Unit& service, Draft& draft, Report& report) {
  const auto commands = service.all("Service", "ExecStart");
  if (commands.empty()) {
    report.error(service.place, fmt::format("{} has no ExecStart=", service.name));
    return draft.unfit.push_back("no ExecStart=");
  }
  for (std::size_t i = 1; i < commands.size(); ++i)
    report.loss(commands[i]->place, "a server is one program: this ExecStart= is not converted");
  if (commands.size() > 1) draft.unfit.push_back("several ExecStart=");
  Command(*commands[0], draft, report).run(service);
}

}  // namespace xsuperd::convert
