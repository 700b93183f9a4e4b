// SPDX-License-Identifier: MIT
// Control groups (cgroup v2) as names and texts: where they are, what is written into their files and what is read from
// them. Pure. Internal to box.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "xsuperd/box/mould.hpp"

namespace xsuperd::box {

/// The group that takes in the daemon's own processes, and those of servers without a group: where a group has controllers for
/// others below it, no process may be in it itself.
inline constexpr std::string_view daemon_leaf = "xsuperd-daemon";

/// Where a process is.
struct GroupPlace {
  std::string directory;    ///< where the file system shows its group
  std::string controllers;  ///< the top of what that file system shows
  bool at_top = false;      ///< they are the same: the group is that of the machine, or of a container
  bool operator==(const GroupPlace&) const = default;
};
/// Out of /proc/self/cgroup and /proc/self/mountinfo: the group of the daemon, and not `daemon_leaf` below it. Nothing where
/// there is no cgroup v2, or no file system shows the group.
[[nodiscard]] std::optional<GroupPlace> group_place(std::string_view cgroup, std::string_view mountinfo);

/// The directory of all boxes of a daemon; and its pid, nothing for a directory that is another.
[[nodiscard]] std::string boxes_name(std::int64_t daemon);
[[nodiscard]] std::optional<std::int64_t> daemon_of(std::string_view name);

/// The directory of a service. No two services have the same, and none is a file of the kernel's.
[[nodiscard]] std::string service_name(std::string_view id);
/// Below the directory of all boxes. `service`: an id, or empty.
[[nodiscard]] std::string box_path(std::string_view service, std::uint32_t number);
/// Is it such a path?
[[nodiscard]] bool is_box_path(std::string_view path);

struct GroupText {
  std::string file;
  std::string text;
  bool operator==(const GroupText&) const = default;
};
/// What a new group is told. That of a box ends as a whole when it has no memory left.
[[nodiscard]] std::vector<GroupText> limit_texts(const Mould::Amounts& amounts, bool of_box);
/// What a group with the limits `before` is told, so that it has those of `now`: those that it no longer has are lifted.
[[nodiscard]] std::vector<GroupText> changed_limit_texts(const Mould::Amounts& before, const Mould::Amounts& now);
/// "memory", "pids" and "cpu", as far as the mould needs them.
[[nodiscard]] std::vector<std::string_view> controllers_for(const Mould& mould);

/// The number behind a name, in a file of lines "name number"; nothing when there is none.
[[nodiscard]] std::optional<std::uint64_t> counter(std::string_view text, std::string_view name);
/// Is `word` one of the words of a line?
[[nodiscard]] bool has_word(std::string_view text, std::string_view word);
/// All words of all lines: files of control groups end their lines, also the only one.
[[nodiscard]] std::vector<std::string_view> words_of(std::string_view text);

}  // namespace xsuperd::box
