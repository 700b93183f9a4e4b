// SPDX-License-Identifier: MIT
#include "config/environment.hpp"

#include <algorithm>

namespace xsuperd::config {

namespace {
Words::const_iterator find_variable(const Words& in, std::string_view name_with_equals) {
  return std::find_if(in.begin(), in.end(), [&](const std::string& v) { return v.starts_with(name_with_equals); });
}
}  // namespace

Words build_environment(const Words& of_daemon, const std::optional<Words>& passenv,
                        const std::optional<Words>& env) {
  Words result;
  if (!passenv) result = of_daemon;
  for (const std::string& name : passenv.value_or(Words{}))
    if (const auto there = find_variable(of_daemon, name + "="); there != of_daemon.end()) result.push_back(*there);
  for (const std::string& variable : env.value_or(Words{})) {
    const auto there = find_variable(result, std::string_view(variable).substr(0, variable.find('=') + 1));
    if (there == result.end())
      result.push_back(variable);
    else
      result[static_cast<std::size_t>(there - result.begin())] = variable;
  }
  return result;
}

}  // namespace xsuperd::config
