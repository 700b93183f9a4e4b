// SPDX-License-Identifier: MIT
#include "ctl/steps.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <thread>
#include <tuple>

#include "ctl/persist.hpp"
#include "ctl/values.hpp"

namespace xsuperd::ctl {

namespace {

/// A reload waits for files and look-ups.
constexpr std::chrono::seconds step_patience{130};

using control::States;

template <typename A>
A meaning(const std::vector<std::string>& words) {
  A arguments;
  arguments.mean(words);
  return arguments;
}

bool is_served(const reply::ListRow& entry) { return std::holds_alternative<reply::Service>(entry); }

const reply::Place& place_of(const reply::ListRow& entry) {
  return std::visit([](const auto& one) -> const reply::Place& { return one.place; }, entry);
}

}  // namespace

base::Result<void> Conversation::ask(const control::Request& request, Answer& answer) {
  auto part = client_.ask(request, step_patience, [&](json::object row) { answer.rows.push_back(std::move(row)); });
  if (!part) return part.error();
  failure = std::move(part->failure);
  answer.result = std::move(part->result);
  return {};
}

/// Those that are meant, from the last line of a file to the first: a line that is added moves what follows it.
base::Result<std::vector<reply::ListRow>> Persistence::entries() {
  Answer answer;
  if (const auto asked = daemon_.ask(control::ask_for<command::List>(meaning<request::List>(services_in(arguments_))), answer); !asked)
    return asked.error();
  if (daemon_.failure) return std::vector<reply::ListRow>{};
  const bool disable = arguments_.command == command::Disable::name;
  std::vector<reply::ListRow> found;
  for (reply::ListRow& row : answered<command::List>(answer).rows) {
    if (const auto* absent = std::get_if<reply::Absent>(&row)) {
      if (disable) continue;  // it is as it should be
      if (sets() || absent->why != reply::Absent::by_its_entry)
        return base::Error{0, fmt::format("service {} is {}: {}", absent->id, absent->why, place_text(absent->place))};
    } else if (const auto& [id, state] = std::tie(std::get<reply::Service>(row).id, std::get<reply::Service>(row).state);
               state == States::held || state == States::drained || state == States::disabled) {
      stood_.emplace_back(id, state);
    }
    found.push_back(std::move(row));
  }
  std::stable_sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return place_of(a).line > place_of(b).line; });
  return found;
}

bool Persistence::sets() const { return arguments_.command == command::Set::name; }

base::Result<std::string> Persistence::changed(const std::string& text, int line, const std::string& name, const std::string& id) const {
  if (!sets()) return with_disable(text, line, name, id, arguments_.command == command::Disable::name);
  base::Result<std::string> after = text;
  for (const std::string& word : arguments_.words)
    if (after && is_setting(word)) after = with_setting(*after, line, name, id, word);
  return after;
}

base::Result<void> Persistence::edit(const std::vector<reply::ListRow>& entries) {
  for (const reply::ListRow& entry : entries) {
    const auto& [path, line] = place_of(entry);
    const auto [id, name] = std::visit([](const auto& one) { return std::pair(one.id, one.name); }, entry);
    if (path.empty() || name.empty()) return base::Error{0, "the daemon does not say where the service is defined"};
    auto file = std::find_if(files_.begin(), files_.end(), [&path = path](const File& one) { return one.path == path; });
    if (file == files_.end()) {
      const auto text = read_file(path);
      if (!text) return text.error();
      file = files_.insert(files_.end(), {path, *text, *text});
    }
    auto after = changed(file->after, static_cast<int>(line), name, id);
    if (!after) return base::Error{0, fmt::format("{}:{}: {}", path, line, after.error().sentence)};
    file->after = std::move(*after);
  }
  std::erase_if(files_, [](const File& one) { return one.before == one.after; });
  return {};
}

base::Result<void> Persistence::write() {
  for (const File& file : files_) {
    const auto replaced = replace_file(file.path, file.before, file.after);
    // What could not be synchronised has been written all the same.
    const auto now = replaced ? base::Result<std::string>(file.after) : read_file(file.path);
    if (now && *now == file.after) ++written_;
    if (!replaced) return base::Error{0, replaced.error().sentence + put_files_back()};
  }
  return {};
}

base::Result<void> Persistence::reload() {
  Answer answer;
  const auto asked = daemon_.ask(control::ask_for<command::Reload>(), answer);
  reloaded_ = asked && !daemon_.failure;
  if (reloaded_) return {};
  const std::string rest = put_files_back();
  if (!asked) return base::Error{0, asked.error().sentence + rest};
  daemon_.failure->sentence += rest;
  return {};
}

base::Result<void> Persistence::begin() {
  const auto found = entries();
  if (!found) return found.error();
  if (daemon_.failure) return {};
  if (const auto edited = edit(*found); !edited || sets()) return edited;
  if (const auto done = write(); !done) return done;
  return std::all_of(found->begin(), found->end(), is_served) ? base::Result<void>{} : reload();
}

base::Result<void> Persistence::finish() {
  if (!sets()) return {};
  if (const auto done = write(); !done) return base::Error{done.error().code, done.error().sentence + "; what was set is in force until the next reload"};
  return {};
}

/// "; FILE could not be restored: ..." for those that could not.
std::string Persistence::put_files_back() {
  std::string trouble;
  while (written_ > 0) {
    const File& file = files_[--written_];
    if (const auto back = replace_file(file.path, file.after, file.before); !back)
      trouble += fmt::format("; {} could not be restored: {}", file.path, back.error().sentence);
  }
  return trouble;
}

void Persistence::put_standings_back() {
  for (const auto& [id, state] : stood_) {
    Answer ignored;
    auto drain = meaning<request::Drain>({id});
    if (state == States::held) drain.hold = true;
    (void)daemon_.ask(state == States::disabled ? control::ask_for<command::Disable>(drain) : control::ask_for<command::Drain>(drain),
                      ignored);
  }
}

std::string Persistence::undo() {
  if (sets()) return {};
  const bool changed = written_ > 0;
  std::string trouble = put_files_back();
  if (trouble.empty() && changed) trouble = "; the files have been restored";
  Answer ignored;
  if (std::exchange(reloaded_, false) && (!daemon_.ask(control::ask_for<command::Reload>(), ignored) || daemon_.failure))
    trouble += "; the daemon could not reload them";
  put_standings_back();
  return trouble;
}

base::Result<void> wait_for_end(Conversation& daemon, const Arguments& arguments) {
  const auto question = control::ask_for<command::Sessions>(meaning<request::Services>(arguments.words));
  while (true) {
    Answer answer;
    if (const auto asked = daemon.ask(question, answer); !asked) return asked;
    const auto failure = std::exchange(daemon.failure, std::nullopt);
    if (failure && failure->code == control::Code::not_found) return {};  // a reload has taken it away, and all have ended
    if (failure) return base::Error{0, failure->sentence};
    if (answer.rows.empty()) return {};
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
  }
}

}  // namespace xsuperd::ctl
