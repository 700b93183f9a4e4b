// SPDX-License-Identifier: MIT
#include "spawn/arguments.hpp"

#include <algorithm>
#include <cstring>

namespace xsuperd::spawn {

namespace {

const std::string listen_fds = "LISTEN_FDS=1";
constexpr std::string_view remote_host_name = "REMOTE_HOST=";

void point_at(std::vector<const char*>& pointers, const std::vector<std::string>& strings) {
  pointers.clear();
  for (const std::string& string : strings) pointers.push_back(string.c_str());
}

bool same(const base::SharedWords::Words& one, const base::SharedWords::Words& other) { return &one == &other; }

/// Adds that many words from `next` on, and returns what follows them.
const char* add_words(std::vector<const char*>& pointers, const char* next, std::size_t count) {
  for (; count > 0; --count, next += std::strlen(next) + 1) pointers.push_back(next);
  return next;
}

}  // namespace

void Arguments::fill(const Recipe& recipe, std::string_view remote_host, const OwnWords& own) {
  argv_.clear();
  if (own.arguments == 0) point_at(argv_, recipe.argv);
  const char* const variables = add_words(argv_, own.text.c_str(), own.arguments);
  argv_.push_back(nullptr);
  fill_environment(recipe.environment);
  (void)add_words(envp_, variables, own.variables);
  if (recipe.remote_host) put_remote_host(remote_host);
  listen_pid_.clear();
  if (recipe.listen_name) put_listen(*recipe.listen_name);
  envp_.push_back(nullptr);
}

void Arguments::fill_environment(const base::SharedWords& environment) {
  if (!same(environment_, environment)) {
    of_environment_.reserve(static_cast<const base::SharedWords::Words&>(environment).size());  // behind it nothing throws
    environment_ = environment;
    point_at(of_environment_, environment);
    const auto found = std::ranges::find_if(of_environment_, [](std::string_view word) { return word.starts_with(remote_host_name); });
    remote_host_at_ = static_cast<std::size_t>(found - of_environment_.begin());
  }
  envp_.assign(of_environment_.begin(), of_environment_.end());
}

/// It is looked for among what is new only.
void Arguments::put_remote_host(std::string_view remote_host) {
  remote_host_.assign(remote_host_name).append(remote_host);
  if (remote_host_at_ < of_environment_.size())
    envp_[remote_host_at_] = remote_host_.c_str();
  else if (envp_.size() == of_environment_.size())
    envp_.push_back(remote_host_.c_str());
  else
    put(remote_host_);
}

void Arguments::put(const std::string& variable) {
  const std::string_view name = std::string_view(variable).substr(0, variable.find('=') + 1);
  // In place, so that the order of the environment stays xinetd's (fact B6.16). Most differ in the first byte.
  const auto found = std::find_if(envp_.begin(), envp_.end(), [&](const char* entry) {
    return *entry == name.front() && std::strncmp(entry, name.data(), name.size()) == 0;
  });
  if (found != envp_.end())
    *found = variable.c_str();
  else
    envp_.push_back(variable.c_str());
}

void Arguments::put_listen(const std::string& name) {
  listen_pid_.assign(listen_pid_name).append(pid_room + 1, '\0');
  put(listen_fds);
  put(listen_names_.assign("LISTEN_FDNAMES=").append(name));
  put(listen_pid_);
}

}  // namespace xsuperd::spawn
