// SPDX-License-Identifier: MIT
// The file of bans on its disk. Internal to supervisor. All of it may block and take time, and can be called on any thread.
#pragma once
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "xsuperd/base/error.hpp"
#include "xsuperd/base/fd.hpp"
#include "xsuperd/policy/ban_line.hpp"

namespace xsuperd::supervisor {

constexpr std::size_t ban_lines_taken = 64;  ///< at a time: as many as BanList::expect() can do with

/// What there was in a file of bans.
struct BanFileReading {
  static constexpr std::size_t most_told = 10;
  std::uint64_t lines = 0;
  std::uint64_t wrong = 0;
  std::vector<std::string> told = {};  ///< a sentence for each of the first that are wrong, and one if others may change the file
  bool ended = true;                   ///< its last line has an end
};
/// Reads it, and calls `take` with the lines that are right, some at a time. One that does not exist has none.
using TakeBanLines = std::function<void(std::span<policy::BanLine>)>;
[[nodiscard]] base::Result<BanFileReading> read_ban_file(const std::string& path, const TakeBanLines& take);

/// Adds whole lines. Leaves no part of them there when not all of them can be written.
[[nodiscard]] base::Result<void> append_to_ban_file(const std::string& path, std::string_view text);
/// Writes a piece of what is to take the place of the file, under another name. `to` is nothing before the first piece, and the
/// open file then.
[[nodiscard]] base::Result<void> write_ban_file_anew(const std::string& path, std::string_view text, base::Fd& to);
/// The last piece, or all of it: it takes the place of the file.
[[nodiscard]] base::Result<void> replace_ban_file(const std::string& path, std::string_view text, base::Fd& to);

}  // namespace xsuperd::supervisor
