// SPDX-License-Identifier: MIT
#include "ctl/steps.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <thread>

#include "ctl/persist.hpp"
#include "ctl/values.hpp"

namespace xsuperd::ctl {

namespace {

/// A reload waits for files and look-ups.
constexpr std::chrono::seconds patience{130};

json::object words_of(const Arguments& arguments) {
  return {{"services", json::array(arguments.words.begin(), arguments.words.end())}};
}

bool is_served(const json::object& entry) { return entry.contains("counters"); }

std::int64_t line_of(const json::object& entry) {
  return control::number_at(object_at(entry, "place"), "line").value_or(0);
}

std::string id_of(const json::object& entry) { return control::string_at(entry, "id").value_or(""); }

}  // namespace

base::Result<void> Conversation::ask(const control::Request& request, Answer& answer) {
  auto part = client_.ask(request, patience, [&](json::object row) { answer.rows.push_back(std::move(row)); });
  if (!part) return part.error();
  failure = std::move(part->failure);
  answer.result = std::move(part->result);
  return {};
}

/// Those that are meant, from the last line of a file to the first: a line that is added moves what stands behind it.
base::Result<std::vector<json::object>> Persistence::entries() {
  Answer answer;
  if (const auto asked = daemon_.ask({"list", words_of(arguments_)}, answer); !asked) return asked.error();
  if (daemon_.failure) return std::vector<json::object>{};
  const bool disable = arguments_.command == "disable";
  std::vector<json::object> found;
  for (json::object& row : answer.rows) {
    if (is_served(row)) {
      const std::string state = text_at(row, "state");
      if (state == "held" || state == "drained" || state == "disabled") stood_.emplace_back(id_of(row), state);
    } else if (disable) {
      continue;  // it is as it should be
    } else if (text_at(row, "why") != "disabled") {
      return base::Error{0, fmt::format("service {} is {}: {}", id_of(row), text_at(row, "why"), place_text(object_at(row, "place")))};
    }
    found.push_back(std::move(row));
  }
  std::stable_sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return line_of(a) > line_of(b); });
  return found;
}

base::Result<void> Persistence::edit(const std::vector<json::object>& entries) {
  for (const json::object& entry : entries) {
    const auto path = control::string_at(object_at(entry, "place"), "file");
    const auto name = control::string_at(entry, "name");
    if (!path || !name) return base::Error{0, "the daemon does not say where the service stands"};
    auto file = std::find_if(files_.begin(), files_.end(), [&](const File& one) { return one.path == *path; });
    if (file == files_.end()) {
      const auto text = read_file(*path);
      if (!text) return text.error();
      file = files_.insert(files_.end(), {*path, *text, *text});
    }
    auto after = with_disable(file->after, static_cast<int>(line_of(entry)), *name, id_of(entry), arguments_.command == "disable");
    if (!after) return base::Error{0, fmt::format("{}:{}: {}", *path, line_of(entry), after.error().sentence)};
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
  const auto asked = daemon_.ask({"reload"}, answer);
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
  if (const auto edited = edit(*found); !edited) return edited;
  if (const auto done = write(); !done) return done;
  return std::all_of(found->begin(), found->end(), is_served) ? base::Result<void>{} : reload();
}

/// "; FILE could not be put back: ..." for those that could not.
std::string Persistence::put_files_back() {
  std::string trouble;
  while (written_ > 0) {
    const File& file = files_[--written_];
    if (const auto back = replace_file(file.path, file.after, file.before); !back)
      trouble += fmt::format("; {} could not be put back: {}", file.path, back.error().sentence);
  }
  return trouble;
}

void Persistence::put_standings_back() {
  for (const auto& [id, state] : stood_) {
    Answer ignored;
    json::object arguments{{"service", id}};
    if (state == "held") arguments["hold"] = true;
    (void)daemon_.ask({state == "disabled" ? "disable" : "drain", std::move(arguments)}, ignored);
  }
}

std::string Persistence::undo() {
  const bool changed = written_ > 0;
  std::string trouble = put_files_back();
  if (trouble.empty() && changed) trouble = "; the files are as they were";
  Answer ignored;
  if (std::exchange(reloaded_, false) && (!daemon_.ask({"reload"}, ignored) || daemon_.failure))
    trouble += "; the daemon could not read them again";
  put_standings_back();
  return trouble;
}

base::Result<void> wait_for_end(Conversation& daemon, const Arguments& arguments) {
  while (true) {
    Answer answer;
    if (const auto asked = daemon.ask({"sessions", words_of(arguments)}, answer); !asked) return asked;
    const auto failure = std::exchange(daemon.failure, std::nullopt);
    if (failure && failure->code == control::Code::not_found) return {};  // a reload has taken it away, and all have ended
    if (failure) return base::Error{0, failure->sentence};
    if (answer.rows.empty()) return {};
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
  }
}

}  // namespace xsuperd::ctl
