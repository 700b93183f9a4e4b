// SPDX-License-Identifier: MIT
#include "supervisor/ban_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <new>
#include <utility>

namespace xsuperd::supervisor {

namespace {

using std::chrono::seconds;

constexpr std::size_t most_pending = 16u << 20;
constexpr std::size_t lines_a_turn = 1000;
constexpr std::uint64_t spare_lines = 1000;  ///< a short file is not worth being written anew
constexpr std::chrono::milliseconds first_retry = seconds(1);
constexpr std::chrono::milliseconds longest_retry = seconds(60);

std::uint64_t lines_in(std::string_view text) { return static_cast<std::uint64_t>(std::count(text.begin(), text.end(), '\n')); }

}  // namespace

BanFile::BanFile(FileWork& files, policy::BanList& bans, policy::BansBehind& behind, const std::function<base::Moment()>& now, const log::DaemonLog& log,
                 std::function<void()> on_merged)
    : files_(files), bans_{bans, behind}, now_([&now] { return now(); }), log_(log), on_merged_(std::move(on_merged)), again_(files.loop(), [this] {
        if (!rewriting_) rewriting_ = Rewriting{};
        next();
      }),
      pause_(first_retry) {}

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
  log_.notice("{} bans are in force, after {} lines of {}", bans_.list.size(), reading.lines, path_);
}

void BanFile::open(const std::string& path) {
  path_ = path;
  if (path_.empty()) return;
  const auto reading = read_bans(path_, times(), bans_.list, bans_.behind);
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
  behind_ = false;
  ended_ = true;
  pause_ = first_retry;
  again_.cancel();
  merge_.reset();
  if (path.empty()) return;
  try {
    read_other();
  } catch (const std::bad_alloc&) {
    leave_alone("memory is exhausted");
  }
}

void BanFile::read_other() {
  merge_.emplace();
  off_loop([path = path_, found = merge_->found(), at = times()] { return read_bans(path, at, found->list, found->behind); },
           [this](const base::Result<BanFileReading>& reading) {
             if (!reading) return leave_alone(reading.error().sentence);
             for (const std::string& sentence : reading->told) log_.warning("{}", sentence);
             merge();
           });
}

/// Whatever is in it is not to be lost because we cannot read it. The next reload tries again.
void BanFile::leave_alone(const std::string& why) {
  ++attempt_;
  merge_.reset();
  path_.clear();
  trouble_ = why;
  log_.error("the bans are not kept: {}", why);
}

/// In pieces, so that nobody waits for the end.
void BanFile::merge() {
  try {
    if (!merge_->some(bans_.list, bans_.behind, now_(), lines_a_turn))
      return boost::asio::post(files_.loop(), [this, number = attempt_, alive = std::weak_ptr(alive_)] {
        if (!alive.expired() && number == attempt_) merge();
      });
  } catch (const std::bad_alloc&) {
    return failed("memory is exhausted");
  }
  merge_.reset();
  on_merged_();
  behind_ = true;  // those that were there before
  rewriting_ = Rewriting{};
  next();
}

std::string BanFile::line_of(const policy::Network& peer) const {
  std::string text;
  const BanTimes at = times();
  if (const auto ban = bans_.list.find(peer, at.now))
    put_ban_line(text, *ban, bans_.behind, at);
  else
    policy::write_ban_line(text, {.peer = peer, .until = at.wall, .since = {}, .reason = "lifted", .origin = ""});
  return text;
}

void BanFile::changed(const policy::Network& peer) {
  if (path_.empty()) return;
  try {
    if (merge_) {
      if (!bans_.list.contains(peer, now_())) merge_->lifted(peer);
      return;
    }
    const std::string line = line_of(peer);
    if (rewriting_) rewriting_->after += line;
    if (!behind_) pending_ += line, ++lines_;
    if (pending_.size() + (rewriting_ ? rewriting_->after.size() : 0) > most_pending) return failed("it takes too long");
    next();
  } catch (const std::bad_alloc&) {
    failed("memory is exhausted");
  }
}

/// One that is behind is written anew when its pause is over.
void BanFile::next() {
  if (busy_ > 0 || merge_ || path_.empty()) return;
  try {
    if (!pending_.empty()) return append();
    if (!rewriting_ && !behind_ && lines_ > 2 * bans_.list.size() + spare_lines) rewriting_ = Rewriting{};
    if (rewriting_) rewrite();
  } catch (const std::bad_alloc&) {  // some of it is lost
    failed("memory is exhausted");
  }
}

void BanFile::append() {
  std::string text = (ended_ ? "" : "\n") + std::exchange(pending_, {});
  off_loop([path = path_, text = std::move(text)] { return append_to_ban_file(path, text); },
           [this](const base::Result<void>& outcome) {
             if (outcome) ended_ = true;
             written(outcome);
           });
}

void BanFile::rewrite() {
  if (!rewriting_->to) rewriting_->to = std::make_shared<base::Fd>();
  std::string text;
  const BanTimes at = times();
  std::size_t looked_at = 0;
  std::optional<policy::BanList::Ban> ban;
  while (looked_at < lines_a_turn && (ban = bans_.list.next(rewriting_->cursor))) {
    ++looked_at;
    if (at.now >= ban->until) continue;
    put_ban_line(text, *ban, bans_.behind, at);
    ++rewriting_->lines;
  }
  if (ban) {
    return off_loop([path = path_, text = std::move(text), to = rewriting_->to] { return write_ban_file_anew(path, text, *to); },
                    [this](const base::Result<void>& outcome) { written(outcome); });
  }
  const std::string after = std::exchange(rewriting_->after, {});
  text += after;
  const std::uint64_t lines = rewriting_->lines + lines_in(after);
  off_loop([path = path_, text = std::move(text), to = rewriting_->to] { return replace_ban_file(path, text, *to); },
           [this, lines](const base::Result<void>& outcome) {
             if (outcome) rewritten(lines);
             written(outcome);
           });
}

/// What has come since its last piece was made is not in it.
void BanFile::rewritten(std::uint64_t lines) {
  pending_ = std::move(rewriting_->after);
  rewriting_.reset();
  lines_ = lines + lines_in(pending_);
  ended_ = true;
  behind_ = false;
  pause_ = first_retry;
  again_.cancel();
  if (trouble_) log_.notice("{} is complete again: {} bans", path_, bans_.list.size());
  trouble_.reset();
}

void BanFile::written(const base::Result<void>& outcome) {
  outcome ? next() : failed(outcome.error().sentence);
}

/// What is under way is not complete, even if it succeeds.
void BanFile::failed(const std::string& why) {
  if (merge_) return leave_alone(why);
  ++attempt_;
  if (!trouble_)
    log_.error("{}; the bans stay in force, and the file will be rewritten as soon as possible", why);
  trouble_ = why;
  behind_ = true;
  pending_.clear();
  rewriting_.reset();
  again_.set(pause_);
  pause_ = std::min(2 * pause_, longest_retry);
}

void BanFile::finish() {
  alive_.reset();
  if (path_.empty() || !(behind_ || merge_ || busy_ > 0 || !pending_.empty())) return;
  try {
    if (auto outcome = write_all_now(); !outcome) log_.error("the last bans are lost: {}", outcome.error().sentence);
  } catch (const std::bad_alloc&) {
    log_.error("the last bans are lost: memory is exhausted");
  }
}

/// A file that cannot be read is left as it is.
base::Result<void> BanFile::write_all_now() {
  if (merge_)
    if (const auto outcome = merge_->all(path_, times(), bans_.list, bans_.behind); !outcome) return outcome;
  std::string text;
  const BanTimes at = times();
  policy::BanList::Cursor all;
  while (const auto ban = bans_.list.next(all))
    if (at.now < ban->until) put_ban_line(text, *ban, bans_.behind, at);
  base::Fd to;
  return replace_ban_file(path_, text, to);
}

}  // namespace xsuperd::supervisor
