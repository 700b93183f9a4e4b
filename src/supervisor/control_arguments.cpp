// SPDX-License-Identifier: MIT
// Arguments of requests, and the services that they mean.
#include <algorithm>

#include "supervisor/control.hpp"
#include "xsuperd/base/text.hpp"
#include "xsuperd/policy/explain.hpp"
#include "xsuperd/policy/selection.hpp"

namespace xsuperd::supervisor {

namespace {

/// A request is looked at on the loop: each word is compared with the ids of all services.
constexpr std::size_t most_words = 256;

using Runners = std::vector<std::shared_ptr<service::Runner>>;

policy::Named named(const service::Runner& runner) { return {runner.service().id, runner.service().name}; }

std::vector<policy::Named> names_of(const Runners& runners) {
  std::vector<policy::Named> names;
  names.reserve(runners.size());
  for (const auto& runner : runners) names.push_back(named(*runner));
  return names;
}

std::vector<policy::Named> names_of(const std::vector<config::Absent>& entries) {
  std::vector<policy::Named> names;
  names.reserve(entries.size());
  for (const config::Absent& entry : entries) names.push_back({entry.id, entry.name});
  return names;
}

/// A sentence about a word that means none of the services.
control::Failure nobody(const std::vector<config::Absent>& absent, const std::vector<policy::Named>& names,
                        const std::string& word) {
  const auto found = policy::meant_by(word, names);
  if (!found.empty()) {
    const config::Absent& entry = absent[found.front()];
    return {Code::not_found,
            fmt::format("service {} is {}: {}", entry.id, policy::word_of(entry.fate),
                        policy::place_text({entry.place.file, entry.place.line, 0})),
            json_absent(entry)};
  }
  const bool pattern = policy::is_pattern(word);
  return {Code::not_found, fmt::format("no service {} {}", pattern ? "matches" : "is called", base::escaped(word, 200)), {}};
}

}  // namespace

std::optional<std::vector<std::string>> words_at(const Request& request, const char* one, const char* many,
                                                 const Server::Respond& respond) {
  std::vector<std::string> words;
  bool good = true;
  const auto add = [&](const json::value& value) {
    if (value.is_string())
      words.emplace_back(value.get_string());
    else
      good = false;
  };
  if (const auto* single = request.arguments.if_contains(one)) add(*single);
  if (const auto* list = request.arguments.if_contains(many)) {
    good = good && list->is_array() && list->get_array().size() <= most_words;
    if (good)
      for (const json::value& value : list->get_array()) add(value);
  }
  if (good) return words;
  respond(Reply::failed(Code::bad_request, fmt::format("'{}' is a string, and '{}' a list of at most {}", one, many, most_words)));
  return std::nullopt;
}

Selection select_services(const Supervisor::Impl& daemon, const std::vector<std::string>& words, bool retired_too) {
  Selection selection;
  Runners all = daemon.runners;
  if (retired_too) all.insert(all.end(), daemon.retired.begin(), daemon.retired.end());
  const auto names = names_of(all);
  const auto& absent = daemon.config->absent;
  const auto absent_names = names_of(absent);
  std::vector<bool> taken(all.size());
  for (const std::string& word : words) {
    const auto found = policy::meant_by(word, names);
    if (found.empty() && !selection.failure) selection.failure = nobody(absent, absent_names, word);
    for (const std::size_t i : found) {
      if (!taken[i]) selection.runners.push_back(all[i]);
      taken[i] = true;
    }
  }
  return selection;
}

std::vector<const config::Absent*> select_absent(const Supervisor::Impl& daemon, const std::vector<std::string>& words) {
  const auto& absent = daemon.config->absent;
  const auto names = names_of(absent);
  std::vector<const config::Absent*> selected;
  for (const std::string& word : words)
    for (const std::size_t i : policy::meant_by(word, names))
      if (std::find(selected.begin(), selected.end(), &absent[i]) == selected.end()) selected.push_back(&absent[i]);
  return selected;
}

std::vector<std::shared_ptr<service::Runner>> services_meant(Supervisor::Impl& daemon, const Request& request,
                                                             const Server::Respond& respond) {
  const auto words = words_at(request, "service", "services", respond);
  if (!words) return {};
  if (words->empty()) {
    respond(Reply::failed(Code::bad_request, "the argument 'service' is missing"));
    return {};
  }
  Selection selection = select_services(daemon, *words, false);
  if (!selection.failure) return std::move(selection.runners);
  respond({{}, {}, std::move(selection.failure)});
  return {};
}

}  // namespace xsuperd::supervisor
