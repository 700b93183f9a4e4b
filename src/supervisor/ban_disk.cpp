// SPDX-License-Identifier: MIT
#include "supervisor/ban_disk.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "xsuperd/base/text.hpp"

namespace xsuperd::supervisor {

namespace {

constexpr std::size_t block = 1u << 20;
constexpr int to_write = O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK;

base::Error trouble_with(std::string_view what, const std::string& path, int code) {
  return {code, fmt::format("{} {}: {}", what, path, base::errno_text(code))};
}

base::Result<void> write_all(int fd, std::string_view text, const std::string& path) {
  while (!text.empty()) {
    const ssize_t count = ::write(fd, text.data(), text.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return trouble_with("cannot write", path, count < 0 ? errno : EIO);
    text.remove_prefix(static_cast<std::size_t>(count));
  }
  return {};
}

base::Result<base::Fd> open_regular(const std::string& path, int flags) {
  base::Fd fd(::open(path.c_str(), flags, 0600));
  if (!fd) return trouble_with("cannot open", path, errno);
  struct stat facts {};
  if (::fstat(fd.get(), &facts) != 0) return trouble_with("cannot look at", path, errno);
  if (!S_ISREG(facts.st_mode)) return base::Error{0, fmt::format("{} is not a regular file", path)};
  return fd;
}

std::string name_while_written(const std::string& path) { return path + ".new"; }

/// One that is new: whatever somebody has put there before, a link perhaps, is not written to.
base::Result<base::Fd> open_anew(const std::string& name) {
  ::unlink(name.c_str());
  return open_regular(name, to_write | O_EXCL);
}

/// May others than root and the daemon's user put another file in the place of this one? In a directory with the sticky bit
/// they may not.
bool others_may_replace(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  const std::string directory = slash == path.npos ? "." : path.substr(0, std::max<std::size_t>(slash, 1));
  struct stat facts {};
  if (::stat(directory.c_str(), &facts) != 0) return false;
  if (facts.st_uid != 0 && facts.st_uid != ::geteuid()) return true;
  if ((facts.st_mode & S_ISVTX) != 0) return false;
  const bool others_group = facts.st_gid != 0 && (::geteuid() == 0 || facts.st_gid != ::getegid());
  return (facts.st_mode & S_IWOTH) != 0 || ((facts.st_mode & S_IWGRP) != 0 && others_group);
}

/// Makes lines of blocks.
class Lines {
 public:
  /// `begun`: what is told already.
  Lines(const std::string& path, const TakeBanLines& take, BanFileReading begun) : path_(path), take_(take), reading_(std::move(begun)) {
    right_.reserve(ban_lines_taken);
  }

  void block(std::string_view text) {
    for (std::size_t end = text.find('\n'); end != text.npos; end = text.find('\n')) {
      line(begun_.empty() ? text.substr(0, end) : std::string_view(begun_.append(text.substr(0, end))));
      begun_.clear();
      text.remove_prefix(end + 1);
    }
    // Of one that is too long, so much is kept that it is seen to be.
    begun_.append(text.substr(0, std::min(text.size(), 2 * policy::longest_ban_line - std::min(begun_.size(), 2 * policy::longest_ban_line))));
  }
  BanFileReading end() {
    reading_.ended = begun_.empty();
    if (!begun_.empty()) line(begun_);
    hand_on();
    return std::move(reading_);
  }

 private:
  void line(std::string_view text) {
    ++reading_.lines;
    if (text.find_first_not_of(" \t\r") == text.npos) return;
    auto line = policy::read_ban_line(text);
    if (line) {
      right_.push_back(std::move(*line));
      if (right_.size() == ban_lines_taken) hand_on();
      return;
    }
    ++reading_.wrong;
    if (reading_.told.size() < BanFileReading::most_told)
      reading_.told.push_back(fmt::format("{}:{}: the line {}, and is ignored{}", path_, reading_.lines, line.error().sentence,
                                          reading_.ended ? "" : "; it has no end, as if the daemon had been interrupted while it was written"));
  }

  void hand_on() {
    take_(right_);
    right_.clear();
  }

  const std::string& path_;
  const TakeBanLines& take_;
  std::vector<policy::BanLine> right_;  ///< to be handed on
  std::string begun_;
  BanFileReading reading_;
};

}  // namespace

base::Result<void> append_to_ban_file(const std::string& path, std::string_view text) {
  const auto fd = open_regular(path, to_write | O_APPEND);
  if (!fd) return fd.error();
  const off_t before = ::lseek(fd->get(), 0, SEEK_END);
  auto outcome = write_all(fd->get(), text, path);
  if (!outcome && before >= 0 && ::ftruncate(fd->get(), before) != 0) outcome.error().sentence += "; its last line may be incomplete";
  return outcome;
}

base::Result<void> write_ban_file_anew(const std::string& path, std::string_view text, base::Fd& to) {
  const std::string name = name_while_written(path);
  if (!to) {
    auto fd = open_anew(name);
    if (!fd) return fd.error();
    to = std::move(*fd);
  }
  const auto outcome = write_all(to.get(), text, name);
  if (!outcome) ::unlink(name.c_str());
  return outcome;
}

base::Result<void> replace_ban_file(const std::string& path, std::string_view text, base::Fd& to) {
  auto outcome = write_ban_file_anew(path, text, to);
  if (!outcome) return outcome;
  const std::string name = name_while_written(path);
  struct stat facts {};
  if (::lstat(path.c_str(), &facts) == 0 && S_ISREG(facts.st_mode)) (void)::fchmod(to.get(), facts.st_mode & 0777);
  if (::fdatasync(to.get()) != 0) outcome = trouble_with("cannot write", name, errno);
  if (outcome && ::rename(name.c_str(), path.c_str()) != 0) outcome = trouble_with("cannot write", path, errno);
  if (!outcome) ::unlink(name.c_str());
  to.reset();
  return outcome;
}

base::Result<BanFileReading> read_ban_file(const std::string& path, const TakeBanLines& take) {
  const auto fd = open_regular(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK);
  if (!fd && fd.error().code != ENOENT) return fd.error();
  BanFileReading reading;
  if (others_may_replace(path))
    reading.told.push_back(fmt::format("{}: its directory can be changed by others, who can thus ban peers and lift bans", path));
  if (!fd) return reading;
  Lines lines(path, take, std::move(reading));
  const auto buffer = std::make_unique<char[]>(block);
  while (true) {
    const ssize_t count = ::read(fd->get(), buffer.get(), block);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return trouble_with("cannot read", path, errno);
    if (count == 0) return lines.end();
    lines.block({buffer.get(), static_cast<std::size_t>(count)});
  }
}

}  // namespace xsuperd::supervisor
