// SPDX-License-Identifier: MIT
#include "ctl/steps.hpp"

#include <fmt/format.h>

#include <thread>

#include "ctl/persist.hpp"
#include "ctl/values.hpp"

namespace xsuperd::ctl {

namespace {

/// A reload waits for files and look-ups.
constexpr std::chrono::seconds patience{130};

/// Where the entry of a service stands.
struct Entry {
  std::string name;
  std::string id;
  std::string file;
  int line = 0;
  bool runs = false;
};

base::Result<Entry> entry_of(const json::object& service, bool runs) {
  const json::object& place = object_at(service, "place");
  const auto file = control::string_at(place, "file");
  const auto name = control::string_at(service, "name");
  if (!file || !name) return base::Error{0, "the daemon does not say where the service stands"};
  return Entry{*name, control::string_at(service, "id").value_or(*name), *file, static_cast<int>(control::number_at(place, "line").value_or(0)), runs};
}

base::Result<Entry> find_entry(Conversation& daemon, const std::string& service) {
  Answer answer;
  if (const auto asked = daemon.ask({"show", {{"service", service}}}, answer); !asked) return asked.error();
  if (const auto failure = std::exchange(daemon.failure, std::nullopt)) {
    if (failure->details.contains("place") && text_at(failure->details, "why") == "disabled")
      return entry_of(failure->details, false);
    return base::Error{0, failure->sentence};
  }
  const auto* services = answer.result.if_contains("services");
  if (!services || !services->is_array() || services->get_array().empty() || !services->get_array()[0].is_object())
    return base::Error{0, "the daemon does not say where the service stands"};
  if (services->get_array().size() > 1)
    return base::Error{0, fmt::format("several entries are called {}: change their files by hand", service)};
  return entry_of(services->get_array()[0].get_object(), true);
}

}  // namespace

base::Result<void> Conversation::ask(const control::Request& request, Answer& answer) {
  auto part = client_.ask(request, patience, [&](json::object row) { answer.rows.push_back(std::move(row)); });
  if (!part) return part.error();
  failure = std::move(part->failure);
  answer.result = std::move(part->result);
  return {};
}

base::Result<void> persist(Conversation& daemon, const Arguments& arguments) {
  const bool disable = arguments.command == "disable";
  const auto entry = find_entry(daemon, arguments.words.at(0));
  if (!entry) return entry.error();
  const auto before = read_file(entry->file);
  if (!before) return before.error();
  const auto after = with_disable(*before, entry->line, entry->name, entry->id, disable);
  if (!after) return base::Error{0, fmt::format("{}:{}: {}", entry->file, entry->line, after.error().sentence)};
  if (*after != *before)
    if (const auto written = replace_file(entry->file, *before, *after); !written) return written;
  if (entry->runs || disable) return {};
  Answer reloaded;
  return daemon.ask({"reload"}, reloaded);
}

base::Result<void> wait_for_end(Conversation& daemon, const Arguments& arguments) {
  while (true) {
    Answer answer;
    if (const auto asked = daemon.ask({"sessions", {{"service", arguments.words.at(0)}}}, answer); !asked) return asked;
    if (daemon.failure) return base::Error{0, daemon.failure->sentence};
    if (answer.rows.empty()) return {};
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
  }
}

}  // namespace xsuperd::ctl
