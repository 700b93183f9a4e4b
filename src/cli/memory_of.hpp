// SPDX-License-Identifier: MIT
// What stands in the memory of a process that is being traced, and what its paths mean. Internal to cli.
#pragma once
#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <string>

namespace xsuperd::cli {

/// Up to a NUL, at most `most` bytes; what cannot be read is missing.
[[nodiscard]] std::string text_at(pid_t thread, std::uint64_t address, std::size_t most = 4096);
/// So many bytes, or fewer.
[[nodiscard]] std::string bytes_at(pid_t thread, std::uint64_t address, std::size_t size);
/// The path as seen from the root of the process: one that is relative begins in the directory of that descriptor, or the
/// current one (AT_FDCWD). Links are not followed.
[[nodiscard]] std::string absolute_in(pid_t thread, int directory, const std::string& path);

/// The longest part of an absolute path, up to a slash, that this process finds; "/" at least.
[[nodiscard]] std::string found_part(const std::string& path);

}  // namespace xsuperd::cli
