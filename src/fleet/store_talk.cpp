// SPDX-License-Identifier: MIT
#include "fleet/store_talk.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "xsuperd/base/text.hpp"

namespace xsuperd::fleet {

namespace {

using namespace std::chrono_literals;

constexpr auto longest_silence = 10s;       ///< for each answer
constexpr auto quiet = 10s;          ///< so long nothing need be told; then it is asked whether it is there
constexpr auto show_every = 10s;
constexpr auto shown_for = 60s;
constexpr std::uint64_t count_margin = 10;  ///< seconds
constexpr std::string_view page_size = "100";
constexpr std::size_t most_lifted = 10'000;    ///< that are kept in mind
constexpr std::uint32_t most_pages = 200'000;  ///< a store that lies has no end

std::string host_key(std::uint64_t self) { return fmt::format("{}{:016x}", host_begin, self); }

std::string said(const Reply& reply) { return base::escaped(reply.text, longest_text / 2); }

/// Whoever says so has nothing to say to us, or not now.
bool turns_away(const Reply& reply) {
  return std::ranges::any_of(std::initializer_list<std::string_view>{"READONLY", "MOVED", "CLUSTERDOWN", "LOADING", "MASTERDOWN", "NOAUTH"},
                             [&](std::string_view word) { return reply.is_error(word); });
}

/// Version 5 and older say something else than later ones.
bool doubts_us(const Reply& reply) {
  return reply.is_error("WRONGPASS") || reply.is_error("ERR invalid password") || reply.is_error("ERR Client sent AUTH") || reply.is_error("ERR AUTH");
}

/// A number beyond the bounds is taken for the nearest, a text that is none within them for 0.
std::uint64_t count_in(const Reply& reply) {
  long long number = reply.kind == Reply::Kind::number ? reply.number : 0;
  if (reply.kind == Reply::Kind::text) number = base::parse_number(reply.text, 0, static_cast<long long>(most_counted)).value_or(0);
  return static_cast<std::uint64_t>(std::clamp<long long>(number, 0, static_cast<long long>(most_counted)));
}

/// Seconds and microseconds.
Word read_time(const Reply& reply) {
  if (reply.is_error()) return Uncounted{said(reply)};
  const bool right = reply.kind == Reply::Kind::list && reply.list.size() == 2 && reply.list[0].is_text() && reply.list[1].is_text();
  const auto seconds = right ? base::parse_number(reply.list[0].text, 0, static_cast<long long>(greatest_time / 1000 - 1)) : std::nullopt;
  const auto micros = right ? base::parse_number(reply.list[1].text, 0, 999'999) : std::nullopt;
  if (!seconds || !micros) return Uncounted{"it answers TIME with something else"};
  return Time{static_cast<std::uint64_t>(*seconds) * 1000 + static_cast<std::uint64_t>(*micros) / 1000};
}

/// What it is instead of a primary, or nothing. Not everybody may ask that, or can be asked: what is no primary says so when
/// something is to be changed.
std::string other_role(const Reply& reply) {
  const bool known = reply.kind == Reply::Kind::list && !reply.list.empty() && reply.list[0].is_text();
  return known && reply.list[0].text != "master" ? base::escaped(reply.list[0].text, 20) : std::string();
}

std::string doubt(const Reply& reply) { return fmt::format("it refuses user and password: {}", said(reply)); }

}  // namespace

StoreTalk::StoreTalk(const Meet& meet, base::Moment now, Out& out)
    : meet_(meet), out_(out), begun_(now), answered_(now), told_(now), pinged_(now), shown_(now), there_(now) {
  if (!meet_.password.empty()) {
    const std::string user = meet_.user.empty() ? "default" : meet_.user;
    // Servers before version 6 have no users, and want the password alone.
    meet_.user.empty() ? ask(now, {What::auth}, "AUTH", meet_.password) : ask(now, {What::auth}, "AUTH", user, meet_.password);
    meet_.user.empty() ? put_command(out_.listening, "AUTH", meet_.password) : put_command(out_.listening, "AUTH", user, meet_.password);
  }
  if (meet_.database != 0) ask(now, {What::select}, "SELECT", std::to_string(meet_.database));
  ask(now, {What::role}, "ROLE");
  ask(now, {What::probe}, "GET", host_key(meet_.self));
  put_command(out_.listening, "SUBSCRIBE", channel);
}

template <typename... Words>
void StoreTalk::ask(base::Moment now, Expected what, const Words&... words) {
  if (expected_.empty()) answered_ = now;
  expected_.push_back(what);
  put_command(out_.commands, words...);
}

void StoreTalk::end(std::string why) {
  if (over_) return;
  tell_done();
  over_ = true;
  out_.words.emplace_back(Lost{std::move(why)});
}

void StoreTalk::hear_commands(std::string_view bytes, base::Moment now) {
  if (over_) return;
  commands_.feed(bytes);
  while (!over_) {
    auto reply = commands_.next();
    if (!reply) break;
    if (expected_.empty()) return end("it has sent an answer to no question");
    answered_ = now;
    const Expected what = expected_.front();
    expected_.pop_front();
    take(what, std::move(*reply), now);
    const bool of_page = what.what == What::page || what.what == What::rest;
    if (of_page && !over_ && !scanning_ && rests_ == 0) out_.words.emplace_back(Listed{});
  }
  if (commands_.broken()) return end("its answers are not in the Redis protocol");
  if (!over_) tell_done();
}

void StoreTalk::hear_listening(std::string_view bytes, base::Moment now) {
  if (over_) return;
  listening_.feed(bytes);
  while (!over_) {
    const auto reply = listening_.next();
    if (!reply) break;
    told_ = now;
    take_told(*reply, now);
  }
  if (listening_.broken()) end("its messages are not in the Redis protocol");
}

void StoreTalk::take(const Expected& what, Reply reply, base::Moment now) {
  if (turns_away(reply)) return end(fmt::format("it says: {}", said(reply)));
  switch (what.what) {
    case What::auth:
      if (reply.is_error()) end(doubt(reply));
      return;
    case What::select:
      if (reply.is_error()) end(fmt::format("it has no database {}: {}", meet_.database, said(reply)));
      return;
    case What::role:
      if (const std::string role = other_role(reply); !role.empty()) end(fmt::format("it is not the primary but a {}", role));
      return;
    case What::probe:
      if (reply.is_error()) return end(fmt::format("it does not let us list the bans: {}", said(reply)));
      primary_ = true;
      return look_if_met(now);
    case What::change: trouble_ = reply.is_error() ? said(reply) : std::string(); return;
    case What::notice: return take_notice(reply);
    case What::page: return take_page(reply, now);
    case What::value:
      value_ = reply.kind == Reply::Kind::text ? read_entry(reply.text) : std::nullopt;
      return;
    case What::rest:
      take_rest(what.peer, reply);
      --rests_;
      return;
    case What::shown:
      if (!reply.is_error()) there_ = now;
      return;
    case What::here: return take_here(reply, now);
    case What::counted:
    case What::lasting:
    case What::before: return take_count(what.what, reply);
    case What::time: out_.words.push_back(read_time(reply)); return;
  }
}

void StoreTalk::look_if_met(base::Moment now) {
  if (met_ || !primary_ || !subscribed_) return;
  met_ = true;
  out_.words.emplace_back(Met{});
  show(now, true);
  scanning_ = true;
  ask_page(now);
}

void StoreTalk::ask_page(base::Moment now) {
  page_wanted_ = false;
  ask(now, {What::page}, "SCAN", cursor_, "MATCH", std::string(key_begin) + "*", "COUNT", page_size);
}

void StoreTalk::go_on(base::Moment now) {
  if (!over_ && page_wanted_) ask_page(now);
}

void StoreTalk::take_page(const Reply& reply, base::Moment now) {
  const bool right = reply.kind == Reply::Kind::list && reply.list.size() == 2 && reply.list[0].is_text() && reply.list[0].text.size() <= 20 &&
                     reply.list[1].kind == Reply::Kind::list;
  if (reply.is_error()) return end(fmt::format("it does not let us list the bans: {}", said(reply)));
  if (!right) return end("its answer to SCAN makes no sense");
  for (const Reply& key : reply.list[1].list) {
    const auto peer = key.is_text() ? peer_of(key.text) : std::nullopt;
    if (!peer) continue;
    ask(now, {What::value, *peer}, "GET", key.text);
    ask(now, {What::rest, *peer}, "PTTL", key.text);
    ++rests_;
  }
  cursor_ = reply.list[0].text;
  scanning_ = cursor_ != "0" && ++pages_ < most_pages;
  page_wanted_ = scanning_;
}

/// In milliseconds; -1: for ever, -2: it has gone meanwhile.
void StoreTalk::take_rest(const policy::Network& peer, const Reply& reply) {
  const auto entry = std::exchange(value_, std::nullopt);
  if (!entry || reply.kind != Reply::Kind::number || reply.number == 0 || reply.number < -1 || lifted_.contains(peer)) return;
  const auto seconds = reply.number < 0 ? 0 : (static_cast<std::uint64_t>(reply.number) + 999) / 1000;
  out_.words.emplace_back(Heard{peer, seconds > most_seconds ? 0 : seconds, entry->reason, entry->host});
}

void StoreTalk::order(const Add& one, base::Moment now) {
  if (over_ || !met_) return;
  const Entry entry{meet_.host, one.reason};
  if (one.seconds > 0)
    ask(now, {What::change}, "SET", key_of(one.peer), text_of(entry), "EX", std::to_string(one.seconds));
  else
    ask(now, {What::change}, "SET", key_of(one.peer), text_of(entry));
  ask(now, {What::notice}, "PUBLISH", channel, text_of(Notice{meet_.self, one.peer, false, one.seconds, entry}));
}

void StoreTalk::order(const Remove& one, base::Moment now) {
  if (over_ || !met_) return;
  ask(now, {What::change}, "DEL", key_of(one.peer));
  ask(now, {What::notice}, "PUBLISH", channel, text_of(Notice{.by = meet_.self, .peer = one.peer, .lifted = true}));
}

/// The bucket has to last until the one after it is over, by clocks that are not quite the same.
void StoreTalk::order(const Count& one, base::Moment now) {
  if (over_ || !met_) return;
  const std::string key = key_of(one, one.bucket);
  ask(now, {What::counted}, "INCRBY", key, std::to_string(one.add));
  ask(now, {What::lasting}, "EXPIRE", key, std::to_string(std::uint64_t{2} * one.length + count_margin));
  ask(now, {What::before}, "GET", key_of(one, one.bucket - std::min<std::uint64_t>(one.bucket, 1)));
}

void StoreTalk::order(const AskTime&, base::Moment now) {
  if (!over_ && met_) ask(now, {What::time}, "TIME");
}

/// The last part has the outcome.
void StoreTalk::take_count(What what, const Reply& reply) {
  if (counting_.trouble.empty() && reply.is_error()) counting_.trouble = said(reply);
  if (what == What::counted) counting_.now = count_in(reply), counting_.added = !reply.is_error();
  if (what != What::before) return;
  const Counting all = std::exchange(counting_, {});
  if (all.trouble.empty())
    out_.words.emplace_back(Counted{all.now, count_in(reply)});
  else
    out_.words.emplace_back(Uncounted{all.trouble, all.added});
}

/// The second half of a change.
void StoreTalk::take_notice(const Reply& reply) {
  if (trouble_.empty() && reply.is_error()) trouble_ = said(reply);
  if (trouble_.empty()) return void(++done_);
  tell_done();
  out_.words.emplace_back(Refused{1, std::exchange(trouble_, {})});
}

void StoreTalk::tell_done() {
  for (; done_ > 0; done_ -= std::min<std::uint32_t>(done_, most_under_way))
    out_.words.emplace_back(Done{std::min<std::uint32_t>(done_, most_under_way)});
}

/// A key that is there as long as we are. XX: only if it is there, which says whether somebody has flushed the store; but not
/// when it has expired because the store took nothing.
void StoreTalk::show(base::Moment now, bool first) {
  shown_ = now;
  const std::string key = host_key(meet_.self);
  if (first)
    ask(now, {What::shown}, "SET", key, meet_.host, "EX", std::to_string(shown_for.count()));
  else
    ask(now, {What::here}, "SET", key, meet_.host, "EX", std::to_string(shown_for.count()), "XX");
}

void StoreTalk::take_here(const Reply& reply, base::Moment now) {
  if (reply.is_error()) return;
  there_ = now;
  if (reply.kind != Reply::Kind::nothing) return;
  out_.words.emplace_back(Emptied{});
  show(now, true);
}

void StoreTalk::take_told(const Reply& reply, base::Moment now) {
  if (reply.is_error()) return end(doubts_us(reply) ? doubt(reply) : fmt::format("it refuses the subscription: {}", said(reply)));
  if (reply.kind != Reply::Kind::list || reply.list.empty() || !reply.list[0].is_text()) return;
  const std::string& kind = reply.list[0].text;
  if (kind == "subscribe") {
    subscribed_ = true;
    return look_if_met(now);
  }
  if (kind != "message" || reply.list.size() != 3 || !reply.list[2].is_text()) return;
  const auto notice = read_notice(reply.list[2].text);
  if (!notice || notice->by == meet_.self) return;
  take_news(*notice);
}

/// What has been asked about a peer before he was let in again is answered later, and counts no more.
void StoreTalk::take_news(const Notice& notice) {
  if (!scanning_ && expected_.empty()) lifted_.clear();
  if (!notice.lifted) {
    lifted_.erase(notice.peer);
    out_.words.emplace_back(Heard{notice.peer, notice.seconds, notice.entry.reason, notice.entry.host});
    return;
  }
  if (lifted_.size() < most_lifted) lifted_.insert(notice.peer);
  out_.words.emplace_back(Lifted{notice.peer});
}

void StoreTalk::tick(base::Moment now) {
  if (over_) return;
  if (!met_ && now - begun_ > longest_silence) return end("it does not answer");
  if (!expected_.empty() && now - answered_ > longest_silence) return end("it has not answered for 10 seconds");
  if (!met_) return;
  if (now - told_ > quiet + longest_silence) return end("nothing has been heard from it for 20 seconds");
  if (now - told_ > quiet && now - pinged_ > quiet) {
    put_command(out_.listening, "PING");
    pinged_ = now;
  }
  if (now - shown_ >= show_every) show(now, now - there_ > shown_for - 5s);
}

}  // namespace xsuperd::fleet
