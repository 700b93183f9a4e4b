// SPDX-License-Identifier: MIT
#include "supervisor/ban_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/post.hpp>
#include <limits>
#include <new>
#include <utility>

#include "xsuperd/base/text.hpp"

namespace xsuperd::supervisor {

namespace {

using std::chrono::seconds;

constexpr std::size_t block = 1u << 20;
constexpr std::size_t most_pending = 16u << 20;
constexpr std::size_t lines_a_turn = 1000;
constexpr std::size_t no_limit = std::numeric_limits<std::uint32_t>::max();  ///< of bans, for which there are 32 bits
constexpr std::size_t lines_taken = 64;  ///< at a time: as many as BanList::expect() can do with
constexpr std::uint64_t spare_lines = 1000;  ///< a short file is not worth being written anew
constexpr std::chrono::milliseconds first_pause = seconds(1);
constexpr std::chrono::milliseconds longest_pause = seconds(60);
constexpr std::string_view by_service = "service";
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

/// Leaves no part of it there when not all of it can be written.
base::Result<void> append_to(const std::string& path, std::string_view text) {
  const auto fd = open_regular(path, to_write | O_APPEND);
  if (!fd) return fd.error();
  const off_t before = ::lseek(fd->get(), 0, SEEK_END);
  auto outcome = write_all(fd->get(), text, path);
  if (!outcome && before >= 0 && ::ftruncate(fd->get(), before) != 0) outcome.error().sentence += "; its last line may be incomplete";
  return outcome;
}

std::string name_while_written(const std::string& path) { return path + ".new"; }

/// One that is new: whatever somebody has put there before, a link perhaps, is not written to.
base::Result<base::Fd> open_anew(const std::string& name) {
  ::unlink(name.c_str());
  return open_regular(name, to_write | O_EXCL);
}

/// A piece of what is to take the place of the file, which is open from the first to the last one.
base::Result<void> write_anew(const std::string& path, std::string_view text, base::Fd& to) {
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

/// The last piece: it takes the place of the file.
base::Result<void> put_in_place(const std::string& path, std::string_view text, base::Fd& to) {
  auto outcome = write_anew(path, text, to);
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

std::uint64_t lines_in(std::string_view text) { return static_cast<std::uint64_t>(std::count(text.begin(), text.end(), '\n')); }

/// Makes lines of blocks.
class Lines {
 public:
  Lines(const std::string& path, const TakeBanLines& take) : path_(path), take_(take) {
    right_.reserve(lines_taken);
    if (others_may_replace(path))
      reading_.told.push_back(fmt::format("{}: its directory can be changed by others, who can thus ban peers and lift bans", path));
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
      if (right_.size() == lines_taken) hand_on();
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

base::Result<BanFileReading> read_ban_file(const std::string& path, const TakeBanLines& take) {
  const auto fd = open_regular(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK);
  if (!fd && fd.error().code == ENOENT) return BanFileReading{};
  if (!fd) return fd.error();
  Lines lines(path, take);
  const auto buffer = std::make_unique<char[]>(block);
  while (true) {
    const ssize_t count = ::read(fd->get(), buffer.get(), block);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return trouble_with("cannot read", path, errno);
    if (count == 0) return lines.end();
    lines.block({buffer.get(), static_cast<std::size_t>(count)});
  }
}

BanFile::BanFile(FileWork& files, policy::BanList& bans, const std::function<base::Moment()>& now, const log::DaemonLog& log)
    : files_(files), bans_(bans), now_([&now] { return now(); }), log_(log), again_(files.loop(), [this] {
        if (!rewriting_) rewriting_.emplace();
        next();
      }),
      pause_(first_pause) {}

template <typename Work, typename Then>
void BanFile::off_loop(Work work, Then then) {
  try {
    files_.off_loop(std::move(work), [this, alive = std::weak_ptr(alive_), number = attempt_, then = std::move(then)](auto&& outcome) {
      if (alive.expired()) return;
      --busy_;
      number == attempt_ ? then(std::forward<decltype(outcome)>(outcome)) : next();
    });
    ++busy_;
  } catch (const std::bad_alloc&) {
    failed("memory is exhausted");
  }
}

void BanFile::tell(const BanFileReading& reading) const {
  for (const std::string& sentence : reading.told) log_.warning("{}", sentence);
  if (reading.wrong > reading.told.size()) log_.warning("{}: {} lines in all are ignored", path_, reading.wrong);
  log_.notice("{} bans are in force, after {} lines of {}", bans_.size(), reading.lines, path_);
}

void BanFile::open(const std::string& path) {
  path_ = path;
  if (path_.empty()) return;
  const auto reading = read_ban_file(path_, [this, at = times()](std::span<policy::BanLine> lines) { apply(lines, at, bans_); });
  if (!reading) return leave_alone(reading.error().sentence);
  lines_ = reading->lines;
  ended_ = reading->ended;
  tell(*reading);
}

void BanFile::go_on(const std::string& path, std::uint64_t lines, bool behind) {
  path_ = path;
  lines_ = lines;
  if (path_.empty() || !behind) return;
  behind_ = true;
  again_.set(std::chrono::milliseconds(0));
}

void BanFile::use(const std::string& path) {
  if (path == path_) {
    if (path.empty()) trouble_.reset();
    return;
  }
  path_ = path;
  ++attempt_;
  pending_.clear();
  rewriting_.reset();
  trouble_.reset();
  lifted_.clear();
  behind_ = false;
  ended_ = true;
  pause_ = first_pause;
  again_.cancel();
  reading_ = !path.empty();
  if (!reading_) return;
  try {
    read_other();
  } catch (const std::bad_alloc&) {
    failed("memory is exhausted");
  }
}

void BanFile::read_other() {
  const auto found = std::make_shared<policy::BanList>(no_limit);
  off_loop([path = path_, found, at = times()] { return read_ban_file(path, [&](std::span<policy::BanLine> lines) { apply(lines, at, *found); }); },
           [this, found](const base::Result<BanFileReading>& reading) {
             if (!reading) return leave_alone(reading.error().sentence);
             for (const std::string& sentence : reading->told) log_.warning("{}", sentence);
             merge(found, {});
           });
}

/// Whatever is in it is not to be lost because we cannot read it. The next reload tries again.
void BanFile::leave_alone(const std::string& why) {
  ++attempt_;
  reading_ = false;
  lifted_.clear();
  path_.clear();
  trouble_ = why;
  log_.error("the bans are not kept: {}", why);
}

/// In pieces, so that nobody waits for the end.
void BanFile::merge(const std::shared_ptr<const policy::BanList>& found, policy::BanList::Cursor cursor) {
  try {
    if (merge_some(*found, cursor, lines_a_turn)) return merged();
    boost::asio::post(files_.loop(), [this, found, cursor, number = attempt_, alive = std::weak_ptr(alive_)] {
      if (!alive.expired() && number == attempt_) merge(found, cursor);
    });
  } catch (const std::bad_alloc&) {
    failed("memory is exhausted");
  }
}

/// True when there are no more. What somebody has lifted while the file was being read stays lifted.
bool BanFile::merge_some(const policy::BanList& found, policy::BanList::Cursor& cursor, std::size_t most) {
  const base::Moment now = now_();
  for (; most > 0; --most) {
    const auto ban = found.next(cursor);
    if (!ban) return true;
    if (now < ban->until && !lifted_.contains(ban->peer)) take_in(*ban, now);
  }
  return false;
}

/// As it is, or as one more that says so of a peer who is banned already (decision B15.60).
void BanFile::take_in(const policy::BanList::Ban& ban, base::Moment now) {
  const auto there = bans_.find(ban.peer, now);
  if (!there)
    bans_.put(ban, now);
  else if (there->until < ban.until || (ban.stays && !there->stays))
    bans_.add_until(ban.peer, ban.until, now, {.reason = ban.reason, .origin = ban.origin, .stays = ban.stays});
}

void BanFile::merged() {
  reading_ = false;
  lifted_.clear();
  behind_ = true;  // those that were there before
  rewriting_.emplace();
  next();
}

void BanFile::apply(std::span<policy::BanLine> lines, const Times& at, policy::BanList& to) {
  std::array<policy::Network, lines_taken> peers;
  std::ranges::transform(lines, peers.begin(), &policy::BanLine::peer);
  to.expect({peers.data(), lines.size()});
  for (policy::BanLine& line : lines) {
    if (line.until && *line.until <= at.wall)
      to.remove(line.peer);
    else
      to.put(ban_of(line, at), at.now);
  }
}

/// Takes the texts from the line.
policy::BanList::Ban BanFile::ban_of(policy::BanLine& line, const Times& at) {
  policy::BanList::Ban ban{.peer = line.peer, .until = base::Moment::max(), .since = at.now};
  if (line.until && *line.until - at.wall <= policy::most_ban)
    ban.until = at.now + std::chrono::duration_cast<base::Moment::duration>(*line.until - at.wall);
  if (line.since && *line.since < at.wall) ban.since = at.now - std::chrono::duration_cast<base::Moment::duration>(at.wall - *line.since);
  ban.stays = line.origin != by_service;
  ban.reason = std::move(line.reason);
  ban.origin = line.origin.empty() ? "file" : std::move(line.origin);
  return ban;
}

/// Only times that can be read again: what would end later has no end, and nothing was before 1970.
void BanFile::add_line(std::string& to, const policy::BanList::Ban& ban, const Times& at) {
  const auto& [now, wall] = at;
  const base::WallTime since = std::max(wall - (now - ban.since), base::WallTime{});
  policy::BanLine line{.peer = ban.peer, .until = {}, .since = since, .reason = ban.reason, .origin = ban.origin};
  if (ban.until != base::Moment::max() && ban.until - now <= policy::latest_ban_end - wall)
    line.until = std::chrono::ceil<seconds>(wall + (ban.until - now));
  policy::write_ban_line(to, line);
}

std::string BanFile::line_of(const policy::Network& peer) const {
  std::string text;
  const Times at = times();
  if (const auto ban = bans_.find(peer, at.now))
    add_line(text, *ban, at);
  else
    policy::write_ban_line(text, {.peer = peer, .until = at.wall, .since = {}, .reason = "lifted", .origin = ""});
  return text;
}

void BanFile::changed(const policy::Network& peer) {
  if (path_.empty()) return;
  try {
    if (reading_) return note_lifted(peer);
    const std::string line = line_of(peer);
    if (rewriting_) rewriting_->after += line;
    if (!behind_) pending_ += line, ++lines_;
    if (pending_.size() + (rewriting_ ? rewriting_->after.size() : 0) > most_pending) return failed("it takes too long");
    next();
  } catch (const std::bad_alloc&) {
    failed("memory is exhausted");
  }
}

void BanFile::note_lifted(const policy::Network& peer) {
  if (!bans_.contains(peer, now_())) lifted_.insert(peer);
}

/// One that is behind is written anew when its pause is over.
void BanFile::next() {
  if (busy_ > 0 || reading_ || path_.empty()) return;
  try {
    if (!pending_.empty()) return append();
    if (!rewriting_ && !behind_ && lines_ > 2 * bans_.size() + spare_lines) rewriting_.emplace();
    if (rewriting_) rewrite();
  } catch (const std::bad_alloc&) {  // some of it is lost
    failed("memory is exhausted");
  }
}

void BanFile::append() {
  std::string text = (ended_ ? "" : "\n") + std::exchange(pending_, {});
  off_loop([path = path_, text = std::move(text)] { return append_to(path, text); },
           [this](const base::Result<void>& outcome) {
             if (outcome) ended_ = true;
             written(outcome);
           });
}

void BanFile::rewrite() {
  if (!rewriting_->to) rewriting_->to = std::make_shared<base::Fd>();
  std::string text;
  const Times at = times();
  std::size_t looked_at = 0;
  std::optional<policy::BanList::Ban> ban;
  while (looked_at < lines_a_turn && (ban = bans_.next(rewriting_->cursor))) {
    ++looked_at;
    if (at.now >= ban->until) continue;
    add_line(text, *ban, at);
    ++rewriting_->lines;
  }
  if (ban) {
    return off_loop([path = path_, text = std::move(text), to = rewriting_->to] { return write_anew(path, text, *to); },
                    [this](const base::Result<void>& outcome) { written(outcome); });
  }
  const std::string after = std::exchange(rewriting_->after, {});
  text += after;
  const std::uint64_t lines = rewriting_->lines + lines_in(after);
  off_loop([path = path_, text = std::move(text), to = rewriting_->to] { return put_in_place(path, text, *to); },
           [this, lines](const base::Result<void>& outcome) {
             if (outcome) rewritten(lines);
             written(outcome);
           });
}

/// What has come since its last piece was made is not in it.
void BanFile::rewritten(std::uint64_t lines) {
  pending_ = rewriting_ ? std::move(rewriting_->after) : std::string();
  rewriting_.reset();
  lines_ = lines + lines_in(pending_);
  ended_ = true;
  behind_ = false;
  pause_ = first_pause;
  again_.cancel();
  if (trouble_) log_.notice("{} is complete again: {} bans", path_, bans_.size());
  trouble_.reset();
}

void BanFile::written(const base::Result<void>& outcome) {
  outcome ? next() : failed(outcome.error().sentence);
}

/// What is under way is not complete, even if it succeeds.
void BanFile::failed(const std::string& why) {
  if (reading_) return leave_alone(why);
  ++attempt_;
  if (!trouble_)
    log_.error("{}; the bans are in force all the same, and the file is written anew as soon as that is possible", why);
  trouble_ = why;
  behind_ = true;
  pending_.clear();
  rewriting_.reset();
  again_.set(pause_);
  pause_ = std::min(2 * pause_, longest_pause);
}

void BanFile::finish() {
  alive_.reset();
  if (path_.empty() || !(behind_ || reading_ || busy_ > 0 || !pending_.empty())) return;
  try {
    if (auto outcome = write_all_now(); !outcome) log_.error("the last bans are lost: {}", outcome.error().sentence);
  } catch (const std::bad_alloc&) {
    log_.error("the last bans are lost: memory is exhausted");
  }
}

/// A file that cannot be read is left as it is.
base::Result<void> BanFile::write_all_now() {
  if (reading_)
    if (const auto outcome = read_all_now(); !outcome) return outcome;
  std::string text;
  const Times at = times();
  policy::BanList::Cursor all;
  while (const auto ban = bans_.next(all))
    if (at.now < ban->until) add_line(text, *ban, at);
  base::Fd to;
  return put_in_place(path_, text, to);
}

base::Result<void> BanFile::read_all_now() {
  policy::BanList found(no_limit);
  const auto reading = read_ban_file(path_, [&found, at = times()](std::span<policy::BanLine> lines) { apply(lines, at, found); });
  if (!reading) return reading.error();
  policy::BanList::Cursor all;
  (void)merge_some(found, all, no_limit);
  return {};
}

}  // namespace xsuperd::supervisor
