// SPDX-License-Identifier: MIT
#include "supervisor/noted_names.hpp"

#include <fmt/format.h>

#include <boost/json.hpp>
#include <limits>

#include "xsuperd/base/text.hpp"

namespace xsuperd::supervisor {

namespace json = boost::json;

std::string NotedNames::notes() const {
  json::object all;
  for (const auto& [question, answer] : answers_) all[question] = json::array(answer.begin(), answer.end());
  return json::serialize(all);
}

void NotedNames::remember(std::string_view notes) {
  json::parse_options options;
  options.allow_invalid_utf8 = true;
  boost::system::error_code wrong;
  const json::value value = json::parse({notes.data(), notes.size()}, wrong, {}, options);
  const json::object* all = wrong ? nullptr : value.if_object();
  if (!all) return;
  for (const auto& [question, words] : *all) {
    const json::array* array = words.if_array();
    if (!array) continue;
    Answer answer;
    for (const json::value& word : *array)
      if (const json::string* text = word.if_string()) answer.emplace_back(text->data(), text->size());
    answers_[std::string(question)] = std::move(answer);
  }
}

const NotedNames::Answer& NotedNames::ask(const std::string& question, const std::function<Answer()>& real) {
  const auto found = answers_.find(question);
  return found != answers_.end() ? found->second : answers_[question] = real();
}

template <typename T>
std::optional<T> NotedNames::number(const std::string& question, const std::function<std::optional<T>()>& real) {
  const Answer& answer = ask(question, [&]() -> Answer {
    const auto value = real();
    if (!value) return {};
    return {std::to_string(*value)};
  });
  if (answer.empty()) return std::nullopt;
  const auto value = base::parse_number(answer[0], std::numeric_limits<T>::min(), std::numeric_limits<T>::max());
  return value ? std::optional(static_cast<T>(*value)) : std::nullopt;
}

std::optional<config::Names::UserEntry> NotedNames::entry(const std::string& question,
                                                          const std::function<std::optional<UserEntry>()>& real) {
  const Answer& answer = ask(question, [&]() -> Answer {
    const auto user = real();
    if (!user) return {};
    return {user->name, std::to_string(user->uid), std::to_string(user->gid)};
  });
  constexpr long long most = std::numeric_limits<uid_t>::max();
  const auto uid = answer.size() == 3 ? base::parse_number(answer[1], 0, most) : std::nullopt;
  const auto gid = answer.size() == 3 ? base::parse_number(answer[2], 0, most) : std::nullopt;
  if (!uid || !gid) return std::nullopt;
  return UserEntry{answer[0], static_cast<uid_t>(*uid), static_cast<gid_t>(*gid)};
}

std::optional<config::Names::UserEntry> NotedNames::user(const std::string& name) {
  return entry("user " + name, [&] { return real_.user(name); });
}

std::optional<config::Names::UserEntry> NotedNames::user(uid_t uid) {
  return entry(fmt::format("uid {}", uid), [&] { return real_.user(uid); });
}

std::optional<gid_t> NotedNames::group(const std::string& name) {
  return number<gid_t>("group " + name, [&] { return real_.group(name); });
}

std::vector<gid_t> NotedNames::groups_of(const std::string& user, gid_t gid) {
  std::vector<gid_t> groups;
  const Answer& answer = ask(fmt::format("groups {} {}", gid, user), [&] {
    Answer words;
    for (const gid_t one : real_.groups_of(user, gid)) words.push_back(std::to_string(one));
    return words;
  });
  for (const std::string& word : answer)
    if (const auto one = base::parse_number(word, 0, std::numeric_limits<gid_t>::max()))
      groups.push_back(static_cast<gid_t>(*one));
  return groups;
}

std::optional<std::uint16_t> NotedNames::service_port(const std::string& name, const std::string& protocol) {
  return number<std::uint16_t>(fmt::format("port {} {}", protocol, name),
                               [&] { return real_.service_port(name, protocol); });
}

std::optional<int> NotedNames::protocol(const std::string& name) {
  return number<int>("protocol " + name, [&] { return real_.protocol(name); });
}

std::optional<std::uint32_t> NotedNames::rpc_number(const std::string& name) {
  return number<std::uint32_t>("rpc " + name, [&] { return real_.rpc_number(name); });
}

std::optional<std::uint32_t> NotedNames::network(const std::string& name) {
  return number<std::uint32_t>("network " + name, [&] { return real_.network(name); });
}

bool NotedNames::system_call(const std::string& name) {
  const auto there = [&] { return real_.system_call(name) ? std::optional(1) : std::nullopt; };
  return number<int>("system call " + name, there).has_value();
}

std::vector<base::Address> NotedNames::host(const std::string& name) {
  std::vector<base::Address> addresses;
  const Answer& answer = ask("host " + name, [&] {
    Answer words;
    for (const base::Address& address : real_.host(name)) words.push_back(address.text());
    return words;
  });
  for (const std::string& word : answer)
    if (const auto address = base::Address::parse(word)) addresses.push_back(*address);
  return addresses;
}

}  // namespace xsuperd::supervisor
