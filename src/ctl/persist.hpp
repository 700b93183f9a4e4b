// SPDX-License-Identifier: MIT
// Lines of an entry, changed in its file. Internal to ctl.
#pragma once
#include <string>
#include <string_view>

#include "xsuperd/base/error.hpp"

namespace xsuperd::ctl {

/// `text`, the contents of a configuration file, with the service `name` whose entry begins on `line` (from 1) disabled,
/// or not. Only the value of its `disable` line changes; where there is none and one is wanted it is added as the first
/// line of the entry, laid out like the next one. Everything else stays, to the byte. Where the entry is not on that line,
/// as others have been changed since, it is the only one of that name and id. Fails when there is none or several, or its
/// lines cannot be understood. Pure.
[[nodiscard]] base::Result<std::string> with_disable(std::string_view text, int line, std::string_view name,
                                                     std::string_view id, bool disable);

/// The same with a line "ATTRIBUTE=VALUES", whose blanks are as a file wants them. It takes the place of those that the
/// attribute has; with += or -= it is added behind them. Where there are none it is added as above.
[[nodiscard]] base::Result<std::string> with_setting(std::string_view text, int line, std::string_view name, std::string_view id,
                                                     std::string_view setting);

/// Replaces the contents of a file by rename(2): it is always whole, the old one or the new one. Owner and mode stay; a
/// symbolic link stays one. `before` is what it was read as: fails when somebody else has changed it since.
[[nodiscard]] base::Result<void> replace_file(const std::string& path, const std::string& before, const std::string& after);
[[nodiscard]] base::Result<std::string> read_file(const std::string& path);

}  // namespace xsuperd::ctl
