// SPDX-License-Identifier: MIT
#include "box/inspection.hpp"

#include <dirent.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <array>
#include <cctype>
#include <cstddef>
#include <cstring>
#include <optional>
#include <string_view>

#include "box/group_files.hpp"

namespace xsuperd::box {

namespace {

struct Usage {
  std::uint64_t blocks, files;
  std::int64_t changed;
};

std::optional<Usage> usage(int fd) {
  struct statfs status {};
  struct stat directory {};
  if (::fstatfs(fd, &status) != 0 || ::fstat(fd, &directory) != 0) return std::nullopt;
  constexpr std::int64_t second = 1'000'000'000;
  return Usage{status.f_bfree, status.f_ffree, directory.st_ctim.tv_sec * second + directory.st_ctim.tv_nsec};
}

/// struct linux_dirent64 up to the name, which follows.
struct EntryHead {
  std::uint64_t inode;
  std::int64_t next;
  unsigned short size;
  unsigned char type;
};
constexpr std::size_t name_at = offsetof(EntryHead, type) + 1;

/// Is there no process in /proc besides the keeper, which is the first?
bool keeper_alone(int proc) {
  alignas(EntryHead) std::array<char, 4096> entries;
  if (::lseek(proc, 0, SEEK_SET) != 0) return false;
  while (true) {
    const long size = ::syscall(SYS_getdents64, proc, entries.data(), entries.size());
    if (size < 0) return false;
    if (size == 0) return true;
    for (long at = 0; at < size;) {
      EntryHead head{};
      std::memcpy(&head, entries.data() + at, name_at);
      const std::string_view name(entries.data() + at + name_at);
      if (std::isdigit(static_cast<unsigned char>(name.front())) != 0 && name != "1") return false;
      at += head.size;
    }
  }
}

}  // namespace

bool is_gone(const Box& box) {
  pollfd end{box.keeper.get(), POLLIN, 0};
  return ::poll(&end, 1, 0) != 0;
}

void remember_as_new(Box& box) {
  if (const auto now = box.tmp ? usage(box.tmp.get()) : std::nullopt) {
    box.blocks = now->blocks;
    box.files = now->files;
    box.changed = now->changed;
  }
}

bool looks_as_new(const Box& box) {
  if (is_gone(box) || !box.proc || !keeper_alone(box.proc.get())) return false;
  if (box.group && (is_populated(box.group.get()).value_or(true) || struck_in(box.group.get()) != Struck{})) return false;
  if (!box.mould->tmp) return true;
  const auto now = usage(box.tmp.get());
  return now && box.blocks != 0 && now->blocks == box.blocks && now->files == box.files && now->changed == box.changed;
}

}  // namespace xsuperd::box
