// SPDX-License-Identifier: MIT
// The variables that a server got from systemd, systemd.exec(5) "Environment".
#include <fmt/format.h>

#include <algorithm>

#include "convert/environment_file.hpp"
#include "convert/from_units.hpp"
#include "convert/unit_text.hpp"
#include "xsuperd/base/text.hpp"

namespace xsuperd::convert {

namespace {

constexpr unsigned readable_for_all = 04;

/// systemd sets no shell that nobody can log in with.
bool is_login_shell(std::string_view shell) {
  if (!shell.starts_with("/")) return false;
  const std::string_view name = base::last_component(shell);
  return name != "nologin" && name != "false" && name != "true";
}

class Collector {
 public:
  Collector(Unit& service, config::Files& files, Draft& draft, Report& report)
      : service_(service), files_(files), draft_(draft), report_(report) {}

  Environment run() {
    take_passed();
    take_login();
    for (const Directive* d : service_.all("Service", "Environment")) take_words(*d);
    for (const Directive* d : service_.all("Service", "EnvironmentFile")) take_file(*d);
    for (const Directive* d : service_.all("Service", "UnsetEnvironment")) take_unset(*d);
    return std::move(environment_);
  }

 private:
  void lost(const Directive& d, std::string why) {
    report_.loss(d.place, fmt::format("{}: {}", quoted(d), why));
    draft_.unfit.push_back(fmt::format("{}: {}", quoted(d), why));
  }
  void take_passed();
  void take_login();
  void set_login(const Directive& from, const std::string& user);
  void take_words(const Directive& d);
  void take_file(const Directive& d);
  void take_unset(const Directive& d);

  Unit& service_;
  config::Files& files_;
  Draft& draft_;
  Report& report_;
  Environment environment_;
};

void Collector::take_passed() {
  // systemd gives servers little more than these from its own environment.
  environment_.passed = {"PATH", "LANG"};
  for (const Directive* d : service_.all("Service", "PassEnvironment"))
    for (const std::string_view name : base::split_words(d->value))
      if (std::find(environment_.passed.begin(), environment_.passed.end(), name) == environment_.passed.end())
        environment_.passed.emplace_back(name);
}

void Collector::take_login() {
  const Directive* user = service_.last("Service", "User");
  const Directive* setting = service_.last("Service", "SetLoginEnvironment");
  const Directive* dynamic = service_.last("Service", "DynamicUser");
  const bool wanted = setting ? unit_boolean(setting->value).value_or(user != nullptr) : user != nullptr;
  if (!wanted || (dynamic && unit_boolean(dynamic->value).value_or(false))) return;
  const auto name = user ? resolved(service_, user->value) : "root";
  if (name) set_login(user ? *user : *setting, *name);
}

void Collector::set_login(const Directive& from, const std::string& user) {
  const auto passwd = files_.read("/etc/passwd");
  const auto login = passwd ? find_login(*passwd, user) : std::nullopt;
  const std::string name = login ? login->name : user;
  if (!login && base::parse_number(user))
    return lost(from, "HOME, USER, LOGNAME and SHELL, which systemd sets, are not known: /etc/passwd lacks the user");
  environment_.set("USER", name, &from);
  environment_.set("LOGNAME", name, &from);
  if (!login)
    return report_.note(from.place, fmt::format("{}: systemd sets HOME and SHELL, too, which are not known: /etc/passwd "
                                                "lacks the user",
                                                quoted(from)));
  if (login->home.starts_with("/") && login->home.find_first_not_of('/') != std::string::npos)
    environment_.set("HOME", login->home, &from);
  else
    report_.note(from.place, fmt::format("{}: HOME is not set, as systemd does not set it for {}", quoted(from), name));
  if (is_login_shell(login->shell))
    environment_.set("SHELL", login->shell, &from);
  else
    report_.note(from.place, fmt::format("{}: SHELL is not set, as systemd does not set it to {}", quoted(from),
                                         login->shell.empty() ? "nothing" : login->shell));
}

void Collector::take_words(const Directive& d) {
  const auto value = resolved(service_, d.value);
  const auto words = value ? unit_words(*value) : std::nullopt;
  if (!words) return lost(d, "it cannot be read, or has specifiers that only systemd can resolve");
  for (const std::string& word : *words) {
    const std::size_t equals = word.find('=');
    if (equals == std::string::npos || !is_variable_name(std::string_view(word).substr(0, equals)))
      report_.loss(d.place, fmt::format("{}: {} sets no variable, and systemd ignores it", quoted(d), shortened(word)));
    else
      environment_.set(word.substr(0, equals), word.substr(equals + 1), &d);
  }
}

void Collector::take_file(const Directive& d) {
  auto path = resolved(service_, d.value);
  if (!path) return lost(d, "it has specifiers that only systemd can resolve");
  const bool optional = path->starts_with("-");
  if (optional) path->erase(0, 1);
  // What a file might have set and did not expands to nothing.
  environment_.open = true;
  if (path->find_first_of("*?[") != std::string::npos) return lost(d, "files that match a pattern are not read");
  const auto status = files_.status(*path);
  const auto text = files_.read(*path);
  if (!text && optional && text.error().code == ENOENT)
    return report_.note(d.place, fmt::format("{}: there is no such file here, and it is optional", quoted(d)));
  if (!text) return lost(d, "it cannot be read: " + text.error().sentence);
  // The entry will be readable for everybody, and may be shown by tools.
  if (status && (status->mode & readable_for_all) == 0)
    return lost(d, "this file is not readable by everybody, so its variables are not copied");
  for (auto& [name, value] : read_environment_file(*text)) environment_.set(name, value, &d);
  report_.note(d.place, fmt::format("{}: the entry contains its variables as they are now", quoted(d)));
}

void Collector::take_unset(const Directive& d) {
  const auto words = unit_words(d.value);
  if (!words) return lost(d, "it cannot be read");
  for (const std::string& word : *words) {
    std::erase(environment_.passed, word);
    std::erase_if(environment_.variables,
                  [&](const Environment::One& one) { return word == one.name || word == one.name + "=" + one.value; });
  }
}

bool has_blank(const std::string& value) { return std::any_of(value.begin(), value.end(), base::is_space); }

}  // namespace

void Environment::set(const std::string& name, std::string value, const Directive* from) {
  std::erase_if(variables, [&](const One& one) { return one.name == name; });
  std::erase(passed, name);
  variables.push_back({name, std::move(value), from});
}

const Environment::One* Environment::find(std::string_view name) const {
  const auto at = std::find_if(variables.begin(), variables.end(), [&](const One& one) { return one.name == name; });
  return at == variables.end() ? nullptr : &*at;
}

bool Environment::nothing(std::string_view name) const {
  constexpr std::string_view of_systemd[]{
      "HOME",         "USER",         "LOGNAME",      "SHELL",          "REMOTE_ADDR",           "REMOTE_PORT",
      "MAINPID",      "MANAGERPID",   "LISTEN_FDS",   "LISTEN_PID",     "LISTEN_FDNAMES",        "NOTIFY_SOCKET",
      "WATCHDOG_PID", "WATCHDOG_USEC", "INVOCATION_ID", "JOURNAL_STREAM", "CREDENTIALS_DIRECTORY", "TERM",
      "PIDFILE",      "SYSTEMD_EXEC_PID"};
  const bool given = std::find(std::begin(of_systemd), std::end(of_systemd), name) != std::end(of_systemd) ||
                     name.ends_with("_DIRECTORY") || std::find(passed.begin(), passed.end(), name) != passed.end();
  return open && !given;
}

Environment environment_of(Unit& service, config::Files& files, Draft& draft, Report& report) {
  return Collector(service, files, draft, report).run();
}

void write_environment(Unit& service, const Environment& environment, const std::set<std::string>& used, Draft& draft,
                       Report& report) {
  if (!environment.passed.empty())
    draft.set("passenv", environment.passed, service.last("Service", "PassEnvironment"));
  std::vector<std::string> words;
  const Directive* from = nullptr;
  for (const Environment::One& one : environment.variables) {
    if (!has_blank(one.value)) {
      words.push_back(one.name + "=" + one.value);
      from = one.from;
      continue;
    }
    std::string sentence = fmt::format("{} is not converted: the value of {} has a blank in it, which xinetd's syntax "
                                       "cannot express",
                                       quoted(*one.from), one.name);
    // What the command line has from it the server gets.
    if (used.contains(one.name)) {
      report.note(one.from->place, sentence + "; the arguments of the server contain it");
      continue;
    }
    report.loss(one.from->place, sentence);
    draft.unfit.push_back(fmt::format("the variable {} has a blank in it", one.name));
  }
  if (!words.empty()) draft.set("env", words, from);
}

}  // namespace xsuperd::convert
