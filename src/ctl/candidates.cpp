// SPDX-License-Identifier: MIT
#include "ctl/candidates.hpp"

#include <algorithm>
#include <optional>

#include "ctl/activity.hpp"
#include "ctl/commands.hpp"
#include "xsuperd/base/text.hpp"
#include "xsuperd/config/attribute.hpp"

namespace xsuperd::ctl {

namespace {

/// The options of convert, which reads its own.
const std::vector<OptionWord>& convert_options() {
  static const std::vector<OptionWord> all{{"--from", "LANGUAGE", "language of the files"},
                                           {"--to", "LANGUAGE", "language to be written"},
                                           {"--output", "DIRECTORY", "where to write the files"},
                                           {"--force", {}, "replace files that exist"},
                                           {"--all", {}, "to systemd: disabled services, too"},
                                           {"--help", {}, "print what it takes"}};
  return all;
}

Candidates words_of(std::initializer_list<const char*> words) {
  Candidates all;
  for (const char* word : words) all.push_back({word, {}});
  return all;
}

Candidates files() { return words_of({":files"}); }

/// What an option may be given.
Candidates values_of(std::string_view option) {
  if (option == "--socket") return files();
  if (option == "--output") return words_of({":directories"});
  if (option == "--from") return words_of({"inetd", "xinetd", "systemd"});
  if (option == "--to") return words_of({"xinetd", "systemd"});
  if (option == "--signal") return words_of({"HUP", "INT", "QUIT", "KILL", "USR1", "USR2", "ALRM", "TERM", "CONT", "STOP"});
  if (option == "--warning") return words_of({"80"});
  if (option == "--critical") return words_of({"95"});
  Candidates all;
  if (option == "--sort")
    for (const Sort sort : {Sort::rate, Sort::running, Sort::refused, Sort::name}) all.push_back({std::string(word_of(sort)), {}});
  return all;
}

/// Does the command take it? Without a command: those that none is needed for.
bool taken(const std::string& option, const std::string& command) {
  if (option == "--help" || option == "--version") return command.empty();
  const auto parsed = parse_arguments({command.empty() ? "status" : command, option, "1"});
  const auto plain = parse_arguments({command.empty() ? "status" : command, option});
  if (plain) return misplaced_option(*plain).empty();
  return parsed && misplaced_option(*parsed).empty();
}

class Line {
 public:
  Line(const std::vector<std::string>& words, Things& things)
      : things_(things), current_(words.empty() ? std::string{} : words.back()) {
    for (std::size_t i = 0; i + 1 < words.size(); ++i) take(words[i]);
  }

  Candidates candidates();

 private:
  void take(const std::string& word);
  [[nodiscard]] const OptionWord* option(std::string_view word) const;
  [[nodiscard]] Candidates options() const;
  [[nodiscard]] Candidates positional();
  [[nodiscard]] Candidates of_kind(std::string_view kind);

  Things& things_;
  std::string current_;
  std::string command_;
  std::string awaited_;  ///< the option whose value comes next
  std::size_t count_ = 0;  ///< words of the command so far
  bool only_words_ = false;
};

const std::vector<OptionWord>& known_options(const std::string& command) {
  static const std::vector<OptionWord> common = option_words();
  return command == "convert" ? convert_options() : common;
}

const OptionWord* Line::option(std::string_view word) const {
  const auto& all = known_options(command_);
  const auto found = std::find_if(all.begin(), all.end(), [&](const OptionWord& one) { return one.word == word; });
  return found == all.end() ? nullptr : &*found;
}

void Line::take(const std::string& word) {
  if (!awaited_.empty()) return awaited_.clear();
  if (!only_words_ && word.size() > 1 && word.front() == '-') {
    only_words_ = word == "--";
    const OptionWord* known = option(word);
    if (known && known->takes_value()) awaited_ = word;
    return;
  }
  if (command_.empty())
    command_ = word;
  else
    ++count_;
}

Candidates Line::candidates() {
  if (!awaited_.empty()) return values_of(awaited_);
  const std::size_t equals = current_.starts_with("--") ? current_.find('=') : std::string::npos;
  if (equals != std::string::npos && !only_words_) {
    Candidates all = values_of(current_.substr(0, equals));
    for (Candidate& one : all)
      if (!one.word.starts_with(':')) one.word = current_.substr(0, equals + 1) + one.word;
    return all;
  }
  if (current_.starts_with('-') && !only_words_) return options();
  return positional();
}

Candidates Line::options() const {
  Candidates all;
  for (const OptionWord& one : known_options(command_))
    if (command_ == "convert" || taken(one.word, command_)) all.push_back({one.word, one.text});
  return all;
}

Candidates Line::positional() {
  Candidates all;
  if (command_.empty()) {
    for (const Command& command : commands())
      if (command.name != "complete") all.push_back({std::string(command.name), std::string(command.text)});
    return all;
  }
  if (command_ == "convert") return files();
  const Command* command = find_command(command_);
  if (!command) return all;
  auto kinds = base::split_words(command->synopsis);
  const bool repeats = !kinds.empty() && kinds.back().starts_with("...");
  if (repeats) kinds.pop_back();
  if (kinds.empty() || (count_ >= kinds.size() && !repeats)) return all;
  return of_kind(kinds[std::min(count_, kinds.size() - 1)]);
}

/// By what the synopsis calls it.
Candidates Line::of_kind(std::string_view kind) {
  Candidates all;
  const auto add = [&](Candidates more) { all.insert(all.end(), more.begin(), more.end()); };
  const auto says = [&](std::string_view word) { return kind.find(word) != kind.npos; };
  if (says("SESSION")) add(things_.sessions());
  if (says("SERVICE")) add(things_.services());
  if (says("ADDRESS")) add(command_ == "unban" ? things_.banned() : things_.peers());
  if (says("LEVEL")) add(words_of({"critical", "error", "warning", "notice", "info", "debug"}));
  if (says("FILE")) add(files());
  if (says("ATTRIBUTE"))
    for (const config::Attribute& row : config::attributes())
      if (row.where != config::Where::defaults) all.push_back({std::string(row.name), std::string(row.synopsis)});
  return all;
}

/// Entries of a file and of what it includes.
class Names {
 public:
  explicit Names(config::Files& files) : files_(files) {}

  void read(const std::string& path, int depth) {
    constexpr int deepest = 8;
    const auto text = depth < deepest ? files_.read(path) : base::Result<std::string>(base::Error{});
    if (!text) return;
    config::Diagnostics ignored;
    for (const config::Entry& entry : config::parse(*text, path, ignored).entries) {
      if (entry.kind == config::Entry::Kind::include) read(entry.name, depth + 1);
      if (entry.kind == config::Entry::Kind::includedir) read_directory(entry.name, depth);
      if (entry.kind == config::Entry::Kind::service) add(entry);
    }
  }
  Candidates found;

 private:
  /// As the daemon chooses them (fact B2.35).
  void read_directory(const std::string& path, int depth) {
    auto names = files_.list(path);
    if (!names) return;
    std::sort(names->begin(), names->end());
    for (const std::string& name : *names)
      if (name.find('.') == name.npos && name.back() != '~') read(path + "/" + name, depth + 1);
  }

  void add(const config::Entry& entry) {
    std::string id = entry.name;
    for (const config::Assignment& line : entry.assignments)
      if (base::iequals(line.name, "id") && line.values.size() == 1) id = line.values[0].text;
    if (std::none_of(found.begin(), found.end(), [&](const Candidate& one) { return one.word == id; }))
      found.push_back({id, entry.place.file});
  }

  config::Files& files_;
};

}  // namespace

Candidates services_in(config::Files& files, const std::string& path) {
  Names names(files);
  names.read(path, 0);
  return std::move(names.found);
}

Candidates candidates(const std::vector<std::string>& words, Things& things) {
  Candidates all = Line(words, things).candidates();
  const std::string current = words.empty() ? std::string{} : words.back();
  std::erase_if(all, [&](const Candidate& one) { return !one.word.starts_with(current) && !one.word.starts_with(':'); });
  return all;
}

}  // namespace xsuperd::ctl
