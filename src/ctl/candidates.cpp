// SPDX-License-Identifier: MIT
#include "ctl/candidates.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "ctl/activity.hpp"
#include "ctl/commands.hpp"
#include "ctl/options.hpp"
#include "xsuperd/base/text.hpp"
#include "xsuperd/config/attribute.hpp"

namespace xsuperd::ctl {

namespace {

Candidates words_of(std::initializer_list<const char*> words) {
  Candidates all;
  for (const char* word : words) all.push_back({word, {}});
  return all;
}

Candidates files() { return words_of({":files"}); }

/// What an option may be given.
Candidates values_of(std::string_view option) {
  if (option == "--socket" || option == "--file") return files();
  if (option == "--output") return words_of({":directories"});
  if (option == "--from") return words_of({"inetd", "xinetd", "systemd"});
  if (option == "--to") return words_of({"xinetd", "systemd"});
  if (option == "--signal") return words_of({"HUP", "INT", "QUIT", "KILL", "USR1", "USR2", "ALRM", "TERM", "CONT", "STOP"});
  if (option == "--warning") return words_of({"80"});
  if (option == "--critical") return words_of({"95"});
  Candidates all;
  if (option == "--sort")
    for (const Sort sort : {Sort::rate, Sort::running, Sort::refused, Sort::name, Sort::bytes}) all.push_back({std::string(word_of(sort)), {}});
  return all;
}

/// Words of a synopsis.
struct Kind {
  std::string_view name;
  bool repeats = false;
};

class TypedLine {
 public:
  TypedLine(const std::vector<std::string>& words, Things& things)
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

/// Those of the command; before it those of all commands, for whose values nothing is offered too early.
const std::vector<OptionWord>& known_options(const std::string& command) {
  static const std::vector<OptionWord> common = option_words();
  static const std::vector<OptionWord> convert = options_of("convert");
  return command == "convert" ? convert : common;
}

const OptionWord* TypedLine::option(std::string_view word) const {
  std::string name(word);
  if (word.size() == 2)
    for (const OptionUse& use : option_uses())
      if (use.letter == word[1]) name = fmt::format("--{}", use.name);
  const auto& all = known_options(command_);
  const auto found = std::find_if(all.begin(), all.end(), [&](const OptionWord& one) { return one.word == name; });
  return found == all.end() ? nullptr : &*found;
}

void TypedLine::take(const std::string& word) {
  if (!awaited_.empty()) return awaited_.clear();
  if (!only_words_ && word.size() > 1 && word.front() == '-') {
    only_words_ = word == "--";
    const OptionWord* known = option(word);
    if (known && known->takes_value()) awaited_ = known->word;
    return;
  }
  if (command_.empty() || command_ == "watch")  // what follows `watch` is as without it
    command_ = word;
  else
    ++count_;
}

Candidates TypedLine::candidates() {
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

Candidates TypedLine::options() const {
  Candidates all;
  if (command_.empty()) {
    for (const OptionWord& one : option_words())
      if (takes({}, std::string_view(one.word).substr(2))) all.push_back({one.word, one.text});
    return all;
  }
  for (const OptionWord& one : options_of(command_)) all.push_back({one.word, one.text});
  return all;
}

Candidates TypedLine::positional() {
  Candidates all;
  if (command_.empty()) {
    for (const Command& command : commands())
      if (command.name != "complete") all.push_back({std::string(command.name), std::string(command.text)});
    return all;
  }
  if (command_ == "convert") return files();
  const Command* command = find_command(command_);
  if (!command) return all;
  // Words of one kind may be followed by others of that kind ("...") and by those of the next kind.
  std::vector<Kind> kinds;
  for (const std::string_view word : base::split_words(command->synopsis))
    if (word.starts_with("..."))
      kinds.back().repeats = true;
    else
      kinds.push_back({word});
  for (std::size_t i = 0; i < kinds.size() && i <= count_; ++i) {
    const bool here = i == count_ || kinds[i].repeats || std::any_of(kinds.begin(), kinds.begin() + static_cast<long>(i), [](const Kind& k) { return k.repeats; });
    if (!here) continue;
    const Candidates more = of_kind(kinds[i].name);
    all.insert(all.end(), more.begin(), more.end());
  }
  return all;
}

/// By what the synopsis calls it.
Candidates TypedLine::of_kind(std::string_view kind) {
  Candidates all;
  const auto add = [&](Candidates more) { all.insert(all.end(), more.begin(), more.end()); };
  const auto says = [&](std::string_view word) { return kind.find(word) != kind.npos; };
  if (says("COMMAND"))
    for (const Command& command : commands())
      if (command.reads) all.push_back({std::string(command.name), std::string(command.text)});
  if (says("SESSION")) add(things_.sessions());
  if (says("SERVICE")) add(things_.services());
  if (says("ADDRESS")) add(command_ == "unban" ? things_.banned() : things_.peers());
  if (says("TIME")) add(words_of({"30m", "1h", "1d", "7d"}));
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
  Candidates all = TypedLine(words, things).candidates();
  const std::string current = words.empty() ? std::string{} : words.back();
  std::erase_if(all, [&](const Candidate& one) { return !one.word.starts_with(current) && !one.word.starts_with(':'); });
  return all;
}

}  // namespace xsuperd::ctl
