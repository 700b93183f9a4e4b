// SPDX-License-Identifier: MIT
#include "spawn/arguments.hpp"

#include <algorithm>

namespace xsuperd::spawn {

namespace {

constexpr std::string_view remote_host_name = "REMOTE_HOST=";

void point_at(std::vector<const char*>& pointers, const std::vector<std::string>& strings) {
  pointers.clear();
  for (const std::string& string : strings) pointers.push_back(string.c_str());
}

bool is_remote_host(const char* entry) { return std::string_view(entry).starts_with(remote_host_name); }

}  // namespace

void Arguments::fill(const Recipe& recipe, std::string_view remote_host) {
  point_at(argv_, recipe.argv);
  argv_.push_back(nullptr);
  point_at(envp_, recipe.environment);
  if (recipe.remote_host) put_remote_host(remote_host);
  envp_.push_back(nullptr);
}

void Arguments::put_remote_host(std::string_view remote_host) {
  remote_host_.assign(remote_host_name).append(remote_host);
  // In place, so that the order of the environment stays xinetd's (fact B6.16).
  const auto found = std::find_if(envp_.begin(), envp_.end(), is_remote_host);
  if (found != envp_.end())
    *found = remote_host_.c_str();
  else
    envp_.push_back(remote_host_.c_str());
}

}  // namespace xsuperd::spawn
