// SPDX-License-Identifier: MIT
#include "cli/memory_of.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <climits>
#include <filesystem>

namespace xsuperd::cli {

std::string bytes_at(pid_t thread, std::uint64_t address, std::size_t size) {
  std::string bytes(size, '\0');
  const iovec to{bytes.data(), size};
  const iovec from{reinterpret_cast<void*>(static_cast<std::uintptr_t>(address)), size};
  const ssize_t got = ::process_vm_readv(thread, &to, 1, &from, 1, 0);
  bytes.resize(static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
  return bytes;
}

/// Page by page: behind the text there may be nothing.
std::string text_at(pid_t thread, std::uint64_t address, std::size_t most) {
  constexpr std::uint64_t page = 4096;
  std::string text;
  while (text.size() < most) {
    const auto piece = static_cast<std::size_t>(std::min<std::uint64_t>(page - address % page, most - text.size()));
    const std::string bytes = bytes_at(thread, address, piece);
    const std::size_t end = bytes.find('\0');
    text.append(bytes, 0, end);
    if (end != bytes.npos || bytes.size() < piece) break;
    address += piece;
  }
  return text;
}

std::string absolute_in(pid_t thread, int directory, const std::string& path) {
  if (path.starts_with('/')) return std::filesystem::path(path).lexically_normal().string();
  const std::string link = directory == AT_FDCWD ? fmt::format("/proc/{}/cwd", thread) : fmt::format("/proc/{}/fd/{}", thread, directory);
  char base[PATH_MAX];
  const ssize_t length = ::readlink(link.c_str(), base, sizeof base);
  if (length <= 0) return path;
  const std::string whole = std::string(base, static_cast<std::size_t>(length)) + (path.empty() ? "" : "/") + path;
  return std::filesystem::path(whole).lexically_normal().string();
}

std::string found_part(const std::string& path) {
  struct stat status {};
  std::string part = path;
  while (part.size() > 1 && ::lstat(part.c_str(), &status) != 0) part.erase(std::max<std::size_t>(part.rfind('/') == part.npos ? 0 : part.rfind('/'), 1));
  return part.starts_with('/') ? part : "/";
}

}  // namespace xsuperd::cli
