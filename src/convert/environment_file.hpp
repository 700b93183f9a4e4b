// SPDX-License-Identifier: MIT
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "convert/from_units.hpp"

/// The environment that systemd gives a server: systemd.exec(5), "Environment".
namespace xsuperd::convert {

/// May it be the name of a variable? systemd passes over others.
[[nodiscard]] bool is_variable_name(std::string_view text);

using Variable = std::pair<std::string, std::string>;
/// The variables of a file for EnvironmentFile=, as systemd reads it: quotes, escapes, values over several lines.
[[nodiscard]] std::vector<Variable> read_environment_file(std::string_view text);

/// What the text of /etc/passwd says of a user, the group by its number; nothing when the user, by name or number, is not there.
struct Login {
  std::string name, group, home, shell;
};
[[nodiscard]] std::optional<Login> find_login(std::string_view passwd, std::string_view user);

/// The words that $NAME stands for in a command line: quotes group, a backslash takes the next byte as it is.
[[nodiscard]] std::vector<std::string> words_of_variable(std::string_view value);

}  // namespace xsuperd::convert
