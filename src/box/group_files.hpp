// SPDX-License-Identifier: MIT
// The files of control groups, by descriptors of their directories. Internal to box.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "box/group_texts.hpp"
#include "xsuperd/base/fd.hpp"
#include "xsuperd/box/boxes.hpp"

namespace xsuperd::box {

/// A whole file, up to 1 MB; nothing when it cannot be read. `directory` may be AT_FDCWD.
[[nodiscard]] std::optional<std::string> read_file(int directory, const char* name);
/// errno, 0 for success.
[[nodiscard]] int write_file(int directory, const char* name, std::string_view text);
[[nodiscard]] base::Fd open_directory(int directory, const char* name);

/// Of this process; see group_place().
[[nodiscard]] std::optional<GroupPlace> own_group();
/// May the daemon make groups in it and move what is there? Yes if it says so itself, as systemd does with Delegate=yes, if it
/// is the one of a whole container or machine, or if no processes are in it but the daemon and what comes from it.
[[nodiscard]] bool is_delegated(const GroupPlace& place, pid_t daemon);

/// What the limits of a box's group have done so far. Asks again and again cost some microseconds.
[[nodiscard]] Struck struck_in(int group);
/// Are there processes in it? Nothing when that cannot be told.
[[nodiscard]] std::optional<bool> is_populated(int group);

/// Ends all processes in it and below.
void kill_all(int group);
/// Removes it with all that is below. False as long as processes are left in it.
[[nodiscard]] bool remove_group(int parent, const char* name);

}  // namespace xsuperd::box
